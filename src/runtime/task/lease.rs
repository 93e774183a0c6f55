//! The adapter of a lease for tokio.

mod held;
mod keeper;

use alloc::sync::Arc;
use core::future::{Future, pending};
use core::time::Duration;

use ::tokio::sync::{Notify, broadcast, oneshot, watch};
use ::tokio::task::{self, JoinHandle};
use ::tokio::time::Instant as Moment;

use super::super::lease::{Shared, Tenure, Tenured};
use super::{Events, StopOutcome};
use crate::lease::{self, Answer, Config, EventKind, Request, Snapshot};
use crate::{Event, Instant};
use keeper::Keeper;

pub use held::Held;

/// The number of events that are kept for the reader. Further events replace the oldest, which
/// shows as a gap in their numbers.
const EVENTS: usize = 16;

/// A task that keeps a lease, and what tells until when the holder may act.
///
/// [`spawn`](Self::spawn) starts the task, which calls a closure for each request to the server.
/// [`run`](Self::run) runs work while the lease is held. Dropping the handle stops the task, which
/// releases the lease within a second, in the background.
///
/// ```
/// use std::time::Duration;
/// use systole::lease::{Action, Answer, Config, Request};
/// use systole::task::Lease;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), systole::ConfigError> {
/// # async fn ask(request: Request) -> std::io::Result<Answer> {
/// #     Ok(match request.action { Action::Release => Answer::Released, _ => Answer::Granted { ttl: request.ttl, epoch: 7 } })
/// # }
/// # async fn serve(epoch: u64) {}
/// let config = Config::renewed(Duration::from_secs(10))
///     .stop_within(Duration::from_millis(500))
///     .build()?;
/// let lease = Lease::spawn(config, ask); // `ask` sends the request, and returns the answer
///
/// let served = lease.run(|epoch| serve(epoch)).await; // `None` where the lease ended first
/// assert!(served.is_some());
/// lease.stop(Duration::from_secs(1)).await;
/// # Ok(()) }
/// ```
///
/// # What is guaranteed
///
/// [`is_held`](Self::is_held) is never true after the lease may have expired, however late a task is
/// polled ([law 10](crate::lease::Lease#the-guarantee)). On Linux, time in which the computer was
/// suspended counts (`CLOCK_BOOTTIME`); on other systems it does not where the clock of `std` stops
/// then, and the guarantee does not cover a suspend.
///
/// [`run`](Self::run) polls its future only while the lease is held, and drops it at the fence.
/// That holds for cooperative code that the runtime schedules: a poll that has begun is not
/// interrupted, and what it started elsewhere, such as a blocking task, goes on. Pass the epoch to
/// what the lease protects.
#[derive(Debug)]
#[must_use = "dropping the handle releases the lease"]
pub struct Lease {
    shared: Arc<Shared>,
    changed: Arc<Notify>,
    tenure: watch::Receiver<Option<Tenure>>,
    listener: broadcast::Receiver<Event<EventKind>>,
    stop: oneshot::Sender<Duration>,
    task: JoinHandle<StopOutcome>,
}

impl Lease {
    /// Starts a task that asks for the lease at once, and calls `ask` for each request.
    ///
    /// The future of `ask` sends the request to the server and returns its answer. An error means
    /// that nothing is known: the request is repeated soon. The future needs no deadline. Retries
    /// run beside it, and the oldest of eight is dropped for a new one. A panic counts as an error.
    ///
    /// If the configuration has no seed, one is drawn from the randomness of the operating system.
    ///
    /// # Panics
    /// Panics if it is called outside of a tokio runtime whose timer is enabled, like
    /// `tokio::spawn`.
    pub fn spawn<F, Fut, E>(config: Config, ask: F) -> Self
    where
        F: FnMut(Request) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Answer, E>> + Send + 'static,
        E: 'static,
    {
        let shared = Arc::new(Shared::new(config, || Moment::now().into_std()));
        let changed = Arc::new(Notify::new());
        let (events, listener) = broadcast::channel(EVENTS);
        let (told, tenure) = watch::channel(None);
        let (stop, stopped) = oneshot::channel();
        let keeper = Keeper::new(&shared, &changed, events, told, ask);
        Self {
            shared,
            changed,
            tenure,
            listener,
            stop,
            task: task::spawn(keeper.run(stopped)),
        }
    }

    /// Returns whether the holder may act now.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.shared.with(|state, now| state.lease.is_held(now))
    }

    /// Returns the state: until when the lease is held, its epoch, the plan and the counters.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.with(|state, now| state.lease.snapshot(now))
    }

    /// Returns a stream of the events, which starts with the next one and keeps the latest 16.
    #[must_use]
    pub fn events(&self) -> Events<Event<EventKind>> {
        Events::new(&self.listener)
    }

    /// Calls `call` with the machine, to pass it what requests cannot show: that the server ended
    /// the lease, or another configuration. The task then polls the machine at once. `call` must
    /// not use this handle.
    pub fn with<R>(&self, call: impl FnOnce(&mut lease::Lease, Instant) -> R) -> R {
        let result = self.shared.with(|state, now| call(&mut state.lease, now));
        self.changed.notify_one();
        result
    }

    /// Waits until the lease is held. It never completes where the runtime has shut down.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn held(&self) -> Held {
        let mut told = self.tenure.clone();
        loop {
            if let Some(tenure) = self.shared.tenure() {
                return Held::new(&self.shared, told, tenure);
            }
            if told.changed().await.is_err() {
                pending::<()>().await;
            }
        }
    }

    /// Waits until the lease is held, then runs the future that `work` returns for its epoch, until
    /// that future or the holding ends. Returns its output, or `None` where the holding ended first
    /// and the future was dropped.
    ///
    /// # Cancel safety
    /// The work is dropped with this future.
    pub async fn run<Fut: Future>(&self, work: impl FnOnce(u64) -> Fut) -> Option<Fut::Output> {
        let held = self.held().await;
        held.run(work(held.epoch())).await
    }

    /// Waits until the holder should begin to stop, [the time that it
    /// needs](crate::lease::Builder::stop_within) before the fence, or until the holding has ended.
    /// It completes at once where the lease is not held. See [`Held::lost`].
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn lost(&self) {
        if let Some(tenure) = self.shared.tenure() {
            let held = Held::new(&self.shared, self.tenure.clone(), tenure);
            held.lost().await;
        }
    }

    /// Gives the lease up, and waits until the server has it back, for at most `within`. It is not
    /// held from this call on. Returns [`StopOutcome::TimedOut`] where the server did not answer:
    /// then the lease expires by itself.
    ///
    /// # Cancel safety
    /// The task releases the lease even if this future is dropped.
    pub async fn stop(self, within: Duration) -> StopOutcome {
        let Self {
            stop, task, shared, ..
        } = self;
        shared.with(|state, now| state.lease.release(now));
        let _ = stop.send(within); // the runtime may have shut down
        task.await.unwrap_or(StopOutcome::TimedOut)
    }
}
