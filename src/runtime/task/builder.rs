//! How a task is set up.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::time::Duration;

use tokio_util::sync::CancellationToken;

use super::machine::Machine;
use super::stop_action::StopAction;
use super::{DEFAULT_WINDOW, Name, Series};
use crate::pacing::Pacing;
use crate::{
    Config, ConfigError, Endpoint, Failover, FailoverConfig, Instant, Monitor, RetryBudget,
};

/// Probes of one peer under way at once, unless set.
const AT_ONCE: usize = 8;

/// A probing task with more than a closure: what it says at the stop, what else stops it, how many probes run at once.
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
    pub(super) stop: CancellationToken,
    pub(super) max_in_flight: usize,
    pub(super) budget: Option<Arc<RetryBudget>>,
    pub(super) name: Name,
    pub(super) series: Option<Series<M>>,
    pub(super) goodbye: Option<StopAction>,
}

impl<P: Pacing> Builder<Monitor<DEFAULT_WINDOW, P>> {
    /// A task that probes one peer. A missing seed is drawn from the randomness of the operating system.
    #[must_use]
    pub fn new(config: Config<P>) -> Self {
        Self::of(Monitor::start(config.seeded(), Instant::ZERO))
    }

    /// Names the peer: its `tracing` events come in a span `systole` with the field `peer`, and its
    /// series have a label `peer`, where `metrics` exports them.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Name::peer(name.into());
        self
    }

    /// Exports the series of the peer to whatever recorder of the `metrics` facade is installed
    /// when the task starts: after each probe and each answer, until the task stops.
    /// [`telemetry::Peer`](crate::telemetry::Peer) says what they are, and what a record costs. The
    /// label `peer` is its [name](Self::name); all that have none share one series, whose label is
    /// empty.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn metrics(mut self) -> Self {
        self.series = Some(Name::peer_series);
        self
    }
}

impl<const M: usize, P: Pacing> Builder<Failover<M, DEFAULT_WINDOW, P>> {
    /// A task that keeps one of `endpoints` active. A missing seed is drawn from the randomness of the operating system.
    ///
    /// # Errors
    /// What [`Failover::new`] refuses.
    pub fn group(config: FailoverConfig<P>, endpoints: &[Endpoint]) -> Result<Self, ConfigError> {
        Failover::with_window(config.seeded(), endpoints, Instant::ZERO).map(Self::of)
    }

    /// Names the group, and its endpoints in their order: its `tracing` events come in a span
    /// `systole` with the fields `group` and `endpoints`, and tell an endpoint by its place; its
    /// series have the labels `group` and `peer`, where `metrics` exports them.
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

    /// Exports the series of the group and of those of its endpoints that have a
    /// [name](Self::name), as those of a peer are; [`telemetry::Group`](crate::telemetry::Group) says
    /// what they are.
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
            stop: CancellationToken::new(),
            max_in_flight: AT_ONCE,
            budget: None,
            name: Name::none(),
            series: None,
            goodbye: None,
        }
    }

    /// Runs `say` once when the task stops, for whatever reason, after the probes under way were dropped: to deregister, to revoke a
    /// lease, to say goodbye. It is dropped where it takes longer than `within`; a panic in it ends only itself. Where the runtime shuts down first, it does not run.
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

    /// Cancelling `token` stops the task too.
    #[must_use]
    pub fn stop_with(mut self, token: &CancellationToken) -> Self {
        self.stop = token.child_token();
        self
    }

    /// How many probes of one peer are under way at once: 8 unless set, 0 counts as 1. The oldest is dropped for a new one where the
    /// machine calls it overdue; where all may still be answered in time, the new one is not made, and is
    /// [due again](Monitor::handle_skipped) an interval later. Of a dead peer, the latest is dropped for it, so that one
    /// that is back is seen within an interval, while the others are waited for.
    ///
    /// With one, for a connection that carries one request at a time, late answers are seldom heard: a path that has become slow is
    /// learnt from timeouts alone. A dead peer is waited for one interval, and every eighth time twice as long as the last such time,
    /// up to the longest timeout. When that was in vain, the next such wait follows after at least 32 of the longest timeouts.
    #[must_use]
    pub fn max_in_flight(mut self, probes: usize) -> Self {
        self.max_in_flight = probes.max(1);
        self
    }

    /// Holds retries to `budget`, together with those of all that are given the same one.
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
