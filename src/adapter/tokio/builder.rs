//! How a task is set up.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::time::Duration;

use ::tokio::sync::{Notify, broadcast, watch};
use ::tokio::task;
use ::tokio::time::Instant as Moment;
use tokio_util::sync::CancellationToken;

use super::beat::Beat;
use super::goodbye::Goodbye;
use super::machine::Machine;
use super::probes::Probes;
use super::{Epoch, Events, Fault, Group, Handle, Heart, Shared, WINDOW};
use crate::pacing::Pacing;
use crate::{
    Config, ConfigError, Endpoint, Failover, FailoverConfig, Instant, Monitor, RetryBudget,
};

/// Events that wait for a reader; the oldest give way, and the numbers show a gap.
const EVENTS: usize = 16;
/// Probes of one peer under way at once, unless set.
const AT_ONCE: usize = 8;

/// A probing task with more than a closure: what it says at the stop, what else stops it, how many probes run at once.
///
/// ```
/// use std::time::Duration;
/// use systole::tokio::{Builder, Farewell};
/// use systole::{Config, Fault};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), systole::ConfigError> {
/// # async fn keep_alive() -> Result<(), Fault> { Ok(()) }
/// # async fn revoke() {}
/// let heart = Builder::new(Config::every(Duration::from_secs(5))?)
///     .on_stop(Duration::from_secs(1), || revoke()) // the lease
///     .spawn(|| keep_alive());
/// assert_eq!(heart.stop().await, Farewell::Said);
/// # Ok(()) }
/// ```
pub struct Builder<M: Machine> {
    machine: M,
    stop: CancellationToken,
    at_once: usize,
    budget: Option<Arc<RetryBudget>>,
    goodbye: Option<Goodbye>,
}

impl<P: Pacing> Builder<Monitor<WINDOW, P>> {
    /// A task that probes one peer. A missing seed is drawn from the randomness of the operating system.
    #[must_use]
    pub fn new(config: Config<P>) -> Self {
        Self::of(Monitor::start(config.seeded(), Instant::ZERO))
    }
}

impl<const M: usize, P: Pacing> Builder<Failover<M, WINDOW, P>> {
    /// A task that keeps one of `endpoints` active. A missing seed is drawn from the randomness of the operating system.
    ///
    /// # Errors
    /// What [`Failover::new`] refuses.
    pub fn group(config: FailoverConfig<P>, endpoints: &[Endpoint]) -> Result<Self, ConfigError> {
        Failover::new(config.seeded(), endpoints, Instant::ZERO).map(Self::of)
    }
}

impl<M: Machine> Builder<M> {
    fn of(machine: M) -> Self {
        Self {
            machine,
            stop: CancellationToken::new(),
            at_once: AT_ONCE,
            budget: None,
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
        self.goodbye = Some(Goodbye::new(within, say));
        self
    }

    /// Cancelling `token` stops the task too.
    #[must_use]
    pub fn stop_with(mut self, token: &CancellationToken) -> Self {
        self.stop = token.child_token();
        self
    }

    /// How many probes of one peer are under way at once: 8 unless set, 0 counts as 1. The oldest is dropped for a new one.
    ///
    /// With one, for a connection that carries one request at a time, late answers are seldom heard: a path that has become slow is
    /// learnt from timeouts alone.
    #[must_use]
    pub fn at_once(mut self, probes: usize) -> Self {
        self.at_once = probes.max(1);
        self
    }

    /// Holds retries to `budget`, together with those of all that are given the same one.
    #[must_use]
    pub fn retry_budget(mut self, budget: &Arc<RetryBudget>) -> Self {
        self.budget = Some(Arc::clone(budget));
        self
    }

    pub(super) fn start<F, Fut, A, E>(self, probe: F) -> Handle<M>
    where
        M: Send + 'static,
        F: FnMut(M::Target) -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, E>> + Send + 'static,
        A: 'static,
        E: Into<Fault> + 'static,
    {
        let epoch = Epoch::at(Moment::now().into_std());
        let changed = Arc::new(Notify::new());
        let (events, listener) = broadcast::channel(EVENTS);
        let (opinions, opinion) = watch::channel(self.machine.opinion());
        let shared = Arc::new(Shared::new(self.machine, self.budget));
        let beat = Beat {
            epoch,
            shared: Arc::clone(&shared),
            changed: Arc::clone(&changed),
            stop: self.stop.clone(),
            events,
            opinions,
            probes: Probes::new(self.at_once),
            probe,
            goodbye: self.goodbye,
        };
        Handle {
            epoch,
            shared,
            changed,
            opinion,
            events: Events::new(&listener),
            listener,
            task: task::spawn(beat.run()),
            stop: self.stop.drop_guard(),
        }
    }
}

impl<P> Builder<Monitor<WINDOW, P>>
where
    P: Pacing<State: Send> + Send + 'static,
{
    /// Starts the task: see [`spawn`](super::spawn).
    ///
    /// # Panics
    /// Outside of a runtime with its timer enabled, like every `tokio::spawn`.
    pub fn spawn<F, Fut, A, E>(self, mut probe: F) -> Heart<P>
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, E>> + Send + 'static,
        A: 'static,
        E: Into<Fault> + 'static,
    {
        self.start(move |()| probe())
    }
}

impl<const M: usize, P> Builder<Failover<M, WINDOW, P>>
where
    P: Pacing<State: Send> + Send + 'static,
{
    /// Starts the task, which calls `probe` with the endpoint to probe: its place in the list.
    ///
    /// # Panics
    /// Outside of a runtime with its timer enabled, like every `tokio::spawn`.
    pub fn spawn<F, Fut, A, E>(self, probe: F) -> Group<M, P>
    where
        F: FnMut(usize) -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, E>> + Send + 'static,
        A: 'static,
        E: Into<Fault> + 'static,
    {
        self.start(probe)
    }
}

impl<M: Machine + fmt::Debug> fmt::Debug for Builder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("machine", &self.machine)
            .finish_non_exhaustive()
    }
}
