//! A heart on a tokio task: your async closure is the probe.

mod beat;
#[cfg(feature = "udp")]
mod fleet;
mod probes;

#[cfg(feature = "udp")]
pub use fleet::UdpFleet;

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use ::tokio::sync::{Notify, broadcast, watch};
use ::tokio::task::{self, JoinHandle};
use ::tokio::time::Instant as Moment;
use tokio_stream::Stream;
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Epoch, Fault, Shared, WINDOW};
use crate::pacing::{Fluctuation, Pacing};
use crate::{Config, Event, Instant, Monitor, MonitorSnapshot, Verdict};
use beat::Beat;
use probes::Probes;

/// Events that wait for a reader; the oldest give way, and the numbers show a gap.
const EVENTS: usize = 16;

/// Starts a task that calls `probe` whenever a probe is due.
///
/// The future is `Ok` when the peer answered and a [`Fault`] when not; an [`io::Error`](std::io::Error) will do. It needs no deadline: the machine
/// calls it overdue by itself, and asks again beside it. An overdue future is *not* dropped yet, since a late answer is the news
/// the timeout learns from; it is dropped a bound after its start, when its answer could no longer prove life, or when it is the
/// oldest of more than eight. Every future runs as a task of its own; a panic in it or in the closure is a failed probe
/// ([`Prober`](crate::Failure::Prober)).
///
/// A missing seed is drawn from the randomness of the operating system.
///
/// # Panics
/// Outside of a runtime with its timer enabled, like every `tokio::spawn`.
///
/// ```
/// use std::time::Duration;
/// use systole::{Config, Fault, Verdict};
/// use tokio_stream::StreamExt;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), systole::ConfigError> {
/// # #[derive(Clone)] struct Client;
/// # impl Client { async fn ping(self) -> Result<(), Fault> { tokio::time::sleep(Duration::from_millis(20)).await; Ok(()) } }
/// # let client = Client;
/// let config = Config::every(Duration::from_secs(1))?;
/// let mut heart = systole::tokio::spawn(config, move || client.clone().ping());
///
/// println!("{:?}", heart.next().await); // Unknown -> Alive
/// assert_eq!(heart.verdict(), Verdict::Alive);
/// heart.stop().await;
/// # Ok(()) }
/// ```
pub fn spawn<P, F, Fut, T, E>(config: Config<P>, probe: F) -> Heart<P>
where
    P: Pacing<State: Send> + Send + 'static,
    F: FnMut() -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: 'static,
    E: Into<Fault> + 'static,
{
    spawn_until(&CancellationToken::new(), config, probe)
}

/// The same, and cancelling `token` stops it too.
///
/// # Panics
/// Outside of a runtime with its timer enabled.
pub fn spawn_until<P, F, Fut, T, E>(
    token: &CancellationToken,
    config: Config<P>,
    probe: F,
) -> Heart<P>
where
    P: Pacing<State: Send> + Send + 'static,
    F: FnMut() -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: 'static,
    E: Into<Fault> + 'static,
{
    let epoch = Epoch::at(Moment::now().into_std());
    let shared = Arc::new(Shared::new(config, Instant::ZERO));
    let changed = Arc::new(Notify::new());
    let (events, listener) = broadcast::channel(EVENTS);
    let (verdicts, verdict) = watch::channel(Verdict::Unknown);
    let stop = token.child_token();
    let beat = Beat {
        epoch,
        shared: Arc::clone(&shared),
        changed: Arc::clone(&changed),
        stop: stop.clone(),
        events,
        verdicts,
        probes: Probes::new(),
        probe,
    };
    Heart {
        epoch,
        shared,
        changed,
        verdict,
        events: BroadcastStream::new(listener),
        task: task::spawn(beat.run()),
        stop: stop.drop_guard(),
    }
}

/// The handle of a probing task, and the stream of its [`Event`]s. Dropping it stops the task and drops the probes under way.
///
/// The stream starts with the first event, ends when the task does, and keeps the latest 16: where it is read too seldom, the
/// numbers show a gap. It is cancel safe.
pub struct Heart<P: Pacing = Fluctuation> {
    epoch: Epoch,
    shared: Arc<Shared<P>>,
    changed: Arc<Notify>,
    verdict: watch::Receiver<Verdict>,
    events: BroadcastStream<Event>,
    task: JoinHandle<()>,
    stop: DropGuard,
}

impl<P: Pacing> Heart<P> {
    /// Whether the peer is alive.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.shared.with(|monitor| monitor.verdict())
    }

    /// The verdict, to be awaited or handed on. Its sender goes when the task ends.
    ///
    /// ```
    /// # async fn until_dead(heart: systole::tokio::Heart) {
    /// use systole::Verdict;
    /// let dead = heart.watch().wait_for(|&verdict| verdict == Verdict::Dead).await.is_ok();
    /// # }
    /// ```
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Verdict> {
        self.verdict.clone()
    }

    /// All that is known now.
    #[must_use]
    pub fn snapshot(&self) -> MonitorSnapshot {
        let now = now(self.epoch);
        self.shared.with(|monitor| monitor.snapshot(now))
    }

    /// Tells the machine what the probes cannot: traffic, pushback, a restart, a suspend. The task looks again at once.
    ///
    /// ```
    /// # fn connected_again(heart: &systole::tokio::Heart) {
    /// heart.with(|monitor, now| monitor.probe_now(now));
    /// # }
    /// ```
    pub fn with<R>(&self, call: impl FnOnce(&mut Monitor<WINDOW, P>, Instant) -> R) -> R {
        let now = now(self.epoch);
        let result = self.shared.with(|monitor| call(monitor, now));
        self.changed.notify_one();
        result
    }

    /// Stops the task and waits until it and its probes are gone.
    ///
    /// # Cancel safety
    /// The task stops even if this future is dropped.
    pub async fn stop(self) {
        let Self { stop, task, .. } = self;
        drop(stop);
        let _ = task.await; // it neither panics nor is it aborted
    }
}

impl<P: Pacing> Stream for Heart<P> {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        loop {
            match ready!(Pin::new(&mut self.events).poll_next(context)) {
                Some(Ok(event)) => return Poll::Ready(Some(event)),
                Some(Err(_)) => {} // it lagged; the numbers show it
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<P: Pacing> fmt::Debug for Heart<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heart")
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}

fn now(epoch: Epoch) -> Instant {
    epoch.moment(Moment::now().into_std())
}
