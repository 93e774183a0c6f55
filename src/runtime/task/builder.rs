//! The settings of a probing task.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;

use super::machine::Machine;
use super::stop_action::StopAction;
use super::{DEFAULT_WINDOW, Name, Series};
use crate::pacing::Pacing;
use crate::{
    Config, ConfigError, Failover, Instant, Monitor, RetryBudget,
    failover::{self, Endpoint},
};

/// A future that stops a task when it completes.
pub(super) type Signal = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The default number of probes of one peer that may be outstanding at once.
const AT_ONCE: usize = 8;

/// The settings of a probing task beyond its closure: a closure that runs at the stop, a future
/// that stops the task, the number of probes outstanding at once, a shared retry budget, and a
/// name.
///
/// ```
/// use std::time::Duration;
/// use systole::task::{Builder, StopOutcome};
/// use systole::{Config, ProbeError};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), systole::ConfigError> {
/// # async fn keep_alive() -> Result<(), ProbeError> { Ok(()) }
/// # async fn revoke() {}
/// let heart = Builder::new(Config::every(Duration::from_secs(5)).build()?)
///     .on_stop(Duration::from_secs(1), || revoke()) // the lease
///     .spawn(|| keep_alive());
/// assert_eq!(heart.stop().await, StopOutcome::Completed);
/// # Ok(()) }
/// ```
pub struct Builder<M: Machine> {
    pub(super) machine: M,
    pub(super) signal: Option<Signal>,
    pub(super) max_in_flight: usize,
    pub(super) budget: Option<Arc<RetryBudget>>,
    pub(super) name: Name,
    pub(super) series: Option<Series<M>>,
    pub(super) goodbye: Option<StopAction>,
}

impl<P: Pacing> Builder<Monitor<DEFAULT_WINDOW, P>> {
    /// Creates the settings of a task that probes one peer. If the configuration has no seed, one
    /// is drawn from the randomness of the operating system.
    #[must_use]
    pub fn new(config: Config<P>) -> Self {
        Self::of(Monitor::start(config.seeded(), Instant::ZERO))
    }

    /// Names the peer. Its `tracing` events are in a span `systole` with the field `peer`, and the
    /// metrics that `metrics` exports have the label `peer`.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Name::peer(name.into());
        self
    }

    /// Exports the metrics of the peer after each probe and each reply, until the task stops. They
    /// go to the recorder of the `metrics` facade that is installed when the task starts.
    /// [`telemetry::Peer`](crate::telemetry::Peer) lists the metrics and states what a record
    /// costs. The label `peer` is the [name](Self::name) of the peer. All peers without a name
    /// share one series, whose label is empty.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn metrics(mut self) -> Self {
        self.series = Some(Name::peer_series);
        self
    }
}

impl<const M: usize, P: Pacing> Builder<Failover<M, DEFAULT_WINDOW, P>> {
    /// Creates the settings of a task that keeps one of `endpoints` active. If the configuration
    /// has no seed, one is drawn from the randomness of the operating system.
    ///
    /// # Errors
    /// Returns the errors of [`Failover::new`].
    pub fn group(config: failover::Config<P>, endpoints: &[Endpoint]) -> Result<Self, ConfigError> {
        Failover::with_window(config.seeded(), endpoints, Instant::ZERO).map(Self::of)
    }

    /// Names the group, and its endpoints in order. Its `tracing` events are in a span `systole`
    /// with the fields `group` and `endpoints`, and identify an endpoint by its index. The metrics
    /// that `metrics` exports have the labels `group` and `peer`.
    #[must_use]
    pub fn name<S: Into<Arc<str>>>(
        mut self,
        name: impl Into<Arc<str>>,
        endpoints: impl IntoIterator<Item = S>,
    ) -> Self {
        let endpoints = endpoints.into_iter().map(Into::into).collect();
        self.name = Name::group(name.into(), endpoints);
        self
    }

    /// Exports the metrics of the group, and of those of its endpoints that have a
    /// [name](Self::name), at the same moments as those of a single peer.
    /// [`telemetry::Group`](crate::telemetry::Group) lists the metrics.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn metrics(mut self) -> Self {
        self.series = Some(Name::group_series);
        self
    }
}

impl<M: Machine> Builder<M> {
    fn of(machine: M) -> Self {
        Self {
            machine,
            signal: None,
            max_in_flight: AT_ONCE,
            budget: None,
            name: Name::none(),
            series: None,
            goodbye: None,
        }
    }

    /// Runs `say` once when the task stops, for whatever reason, after the outstanding probes were
    /// dropped. Use it to deregister, to revoke a lease or to announce that this process leaves.
    /// The future of `say` is dropped if it takes longer than `within`. A panic ends only that
    /// future. If the runtime shuts down first, `say` does not run.
    #[must_use]
    pub fn on_stop<Fut>(
        mut self,
        within: Duration,
        say: impl FnOnce() -> Fut + Send + 'static,
    ) -> Self
    where
        Fut: Future + Send + 'static,
    {
        self.goodbye = Some(StopAction::new(within, say));
        self
    }

    /// Stops the task also when `signal` completes, such as a cancellation token, a channel that
    /// closes, or a signal of the operating system. `signal` is polled in a task of its own, and
    /// dropped when the probing task stops. A later call replaces an earlier one.
    ///
    /// ```
    /// use std::time::Duration;
    /// use systole::{Config, ProbeError, task::Builder};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), systole::ConfigError> {
    /// # async fn ping() -> Result<(), ProbeError> { Ok(()) }
    /// let (shutdown, closed) = tokio::sync::oneshot::channel::<()>();
    /// let heart = Builder::new(Config::every(Duration::from_secs(5)).build()?)
    ///     .stop_when(async { drop(closed.await) })
    ///     .spawn(ping);
    /// drop(shutdown);
    /// heart.until_dead().await; // returns, because the task has stopped
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn stop_when(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.signal = Some(Box::pin(signal));
        self
    }

    /// Sets how many probes of one peer may be outstanding at once: 8 unless set; 0 counts as 1.
    ///
    /// If there is no room for a new probe, the oldest probe that is overdue is dropped. If none is
    /// overdue, the new probe is not sent and is [due again](Monitor::handle_skipped) an interval
    /// later. For a dead peer the latest probe is dropped instead, so that its return is noticed
    /// within an interval while the earlier probes stay outstanding.
    ///
    /// Set 1 for a connection that carries one request at a time. Late replies are then rarely
    /// received, and only timeouts show that a path has become slow. A probe to a dead peer is
    /// waited for one interval, and every eighth one for twice as long as the eighth one before it,
    /// up to the longest timeout. When a wait of the longest timeout gets no reply, the next longer
    /// wait follows after at least 32 of the longest timeouts.
    #[must_use]
    pub fn max_in_flight(mut self, probes: usize) -> Self {
        self.max_in_flight = probes.max(1);
        self
    }

    /// Takes retries from `budget`, which may be shared with other machines.
    #[must_use]
    pub fn retry_budget(mut self, budget: &Arc<RetryBudget>) -> Self {
        self.budget = Some(Arc::clone(budget));
        self
    }
}

impl<M: Machine + fmt::Debug> fmt::Debug for Builder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("machine", &self.machine)
            .finish_non_exhaustive()
    }
}
