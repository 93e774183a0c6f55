//! The handle of a probing task.

use alloc::sync::Arc;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use ::tokio::sync::{Notify, broadcast, watch};
use ::tokio::task::JoinHandle;
use tokio_stream::Stream;
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::DropGuard;

use super::machine::Machine;
use super::{DEFAULT_WINDOW, Epoch, Shared, StopOutcome, now};
use crate::pacing::Pacing;
use crate::{Config, Failover, Instant, Monitor, Verdict, failover::GroupState, monitor};

/// The handle of a probing task, and the stream of its events. Dropping it stops the task, which
/// drops the outstanding probes and then runs [`on_stop`](super::Builder::on_stop).
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # async fn start(config: systole::Config) {
/// systole::task::spawn(config, || async { Ok::<_, std::io::Error>(()) }); // stops at once
/// # }
/// ```
///
/// The stream starts with the first event, ends when the task stops, and keeps the latest 16
/// events. A reader that is too slow finds a gap in their numbers. The stream is cancel safe.
#[must_use = "dropping the handle stops the task"]
pub struct Handle<M: Machine> {
    pub(super) epoch: Epoch,
    pub(super) shared: Arc<Shared<M>>,
    pub(super) changed: Arc<Notify>,
    pub(super) conclusion: watch::Receiver<M::Conclusion>,
    pub(super) listener: broadcast::Receiver<M::Event>,
    pub(super) events: Events<M::Event>,
    pub(super) task: JoinHandle<StopOutcome>,
    pub(super) stop: DropGuard,
}

impl<M: Machine> Handle<M> {
    /// Returns a receiver of the conclusion: the verdict, or the active endpoint of a group. The
    /// receiver can be awaited and passed to other tasks, and it closes when the task ends.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<M::Conclusion> {
        self.conclusion.clone()
    }

    /// Returns a further stream of the events, which starts with the next one.
    #[must_use]
    pub fn events(&self) -> Events<M::Event> {
        Events::new(&self.listener)
    }

    /// Calls `call` with the machine, to pass it what probes cannot show: traffic, a restart, a
    /// suspend, a lost flow, a change of network. The task then polls the machine at once.
    ///
    /// While `call` runs, the other methods of this handle return the state from before the call.
    ///
    /// # Panics
    /// Panics if it is called from within `call`, which already holds the machine.
    ///
    /// ```
    /// # use systole::Monitor;
    /// # fn connected_again(heart: &systole::task::Heart) {
    /// heart.with(Monitor::probe_now);
    /// # }
    /// ```
    pub fn with<R>(&self, call: impl FnOnce(&mut M, Instant) -> R) -> R {
        let now = now(self.epoch);
        let result = self.shared.lend(|machine| call(machine, now));
        self.changed.notify_one();
        result
    }

    /// Stops the task, and waits until it and its probes have ended and
    /// [`on_stop`](super::Builder::on_stop) has run. Returns the outcome of that closure.
    ///
    /// # Cancel safety
    /// The task stops even if this future is dropped.
    pub async fn stop(self) -> StopOutcome {
        let Self { stop, task, .. } = self;
        drop(stop);
        // The runtime shut down.
        task.await.unwrap_or(StopOutcome::TimedOut)
    }
}

impl<P: Pacing> Handle<Monitor<DEFAULT_WINDOW, P>> {
    /// Returns the current verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.shared.read(Monitor::verdict)
    }

    /// Returns the current state: verdict, plan, measurements of the path and counters.
    #[must_use]
    pub fn snapshot(&self) -> monitor::Snapshot {
        let now = now(self.epoch);
        self.shared.read(|monitor| monitor.snapshot(now))
    }

    /// Replaces the settings. [`Monitor::reconfigure`] lists the state that is kept.
    pub fn reconfigure(&self, config: &Config<P>) {
        self.with(|monitor, now| monitor.reconfigure(config, now));
    }

    /// Waits until the verdict is `wanted`. Returns the verdict, which differs from `wanted` if the
    /// task ended first.
    ///
    /// Only the latest verdict is examined. A verdict that ended before this future was polled
    /// appears only among the events.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn until(&self, wanted: Verdict) -> Verdict {
        let mut conclusion = self.watch();
        let seen = conclusion.wait_for(|&verdict| verdict == wanted).await;
        seen.map_or_else(|_| self.verdict(), |verdict| *verdict)
    }

    /// Waits until the peer is dead; see [`until`](Self::until).
    ///
    /// ```
    /// # async fn serve() {}
    /// # async fn serve_while_alive(heart: systole::task::Heart) {
    /// tokio::select! {
    ///     () = serve() => {}
    ///     _ = heart.until_dead() => println!("the peer is gone"),
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn until_dead(&self) -> Verdict {
        self.until(Verdict::Dead).await
    }
}

impl<const M: usize, P: Pacing> Handle<Failover<M, DEFAULT_WINDOW, P>> {
    /// Returns the index of the endpoint to send requests to.
    #[must_use]
    pub fn active(&self) -> usize {
        self.shared.read(Failover::active)
    }

    /// Returns the state of the group: whether it can serve requests.
    #[must_use]
    pub fn state(&self) -> GroupState {
        self.shared.read(Failover::state)
    }
}

impl<M: Machine> Stream for Handle<M> {
    type Item = M::Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<M::Event>> {
        Pin::new(&mut self.events).poll_next(context)
    }
}

impl<M: Machine + fmt::Debug> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.read(|machine| {
            f.debug_struct("Handle")
                .field("machine", machine)
                .finish_non_exhaustive()
        })
    }
}

/// A stream of the events of a task. It ends when the task stops, and it is cancel safe.
#[derive(Debug)]
pub struct Events<E>(BroadcastStream<E>);

impl<E: Clone + Send + 'static> Events<E> {
    pub(super) fn new(listener: &broadcast::Receiver<E>) -> Self {
        Self(BroadcastStream::new(listener.resubscribe()))
    }
}

impl<E: Clone + Send + 'static> Stream for Events<E> {
    type Item = E;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<E>> {
        loop {
            match ready!(Pin::new(&mut self.0).poll_next(context)) {
                Some(Ok(event)) => return Poll::Ready(Some(event)),
                // The reader was too slow. The numbers show the gap.
                Some(Err(_)) => {}
                None => return Poll::Ready(None),
            }
        }
    }
}
