//! What an adapter drives, seen from its loop: one monitor, or a group of them.

#[cfg(any(feature = "tokio", feature = "embassy"))]
use core::time::Duration;

use super::Fault;
use crate::pacing::Pacing;
use crate::{
    Event, Failover, FailoverEvent, FailoverOutput, Instant, Monitor, Output, ProbeId, RetryBudget,
    Verdict,
};

/// A sans-IO machine that an adapter drives: a [`Monitor`] or a [`Failover`].
pub trait Machine {
    /// Whom a probe goes to.
    type Target: Copy + PartialEq + Send + 'static;
    /// What it has to tell.
    type Event: Clone + Send + 'static;
    /// What it concludes: the verdict, or the active endpoint.
    type Opinion: Copy + PartialEq + Send + Sync + 'static;

    #[doc(hidden)]
    fn step(&mut self, now: Instant, budget: Option<&RetryBudget>) -> Step<Self>;

    #[cfg(feature = "std")]
    #[doc(hidden)]
    fn opinion(&self) -> Self::Opinion;

    /// How long the answer to a probe that is sent now can prove life.
    #[cfg(any(feature = "tokio", feature = "embassy"))]
    #[doc(hidden)]
    fn patience(&self, target: Self::Target, now: Instant) -> Duration;

    /// Takes what became of probe `id` at `at`.
    #[doc(hidden)]
    fn hand_in(
        &mut self,
        target: Self::Target,
        id: ProbeId,
        result: Result<(), Fault>,
        at: Instant,
    );
}

/// What a machine wants done.
#[derive(Debug)]
pub enum Step<M: Machine + ?Sized> {
    Probe(M::Target, ProbeId),
    Event(M::Event),
    Wait(Instant),
}

impl<const N: usize, P: Pacing> Machine for Monitor<N, P> {
    type Target = ();
    type Event = Event;
    type Opinion = Verdict;

    fn step(&mut self, now: Instant, budget: Option<&RetryBudget>) -> Step<Self> {
        match self.poll_with(now, budget) {
            Output::Probe(id) => Step::Probe((), id),
            Output::Event(event) => Step::Event(event),
            Output::Wait(until) => Step::Wait(until),
            Output::Idle => Step::Wait(Instant::MAX),
        }
    }

    #[cfg(feature = "std")]
    fn opinion(&self) -> Verdict {
        self.verdict()
    }

    #[cfg(any(feature = "tokio", feature = "embassy"))]
    fn patience(&self, (): (), now: Instant) -> Duration {
        self.snapshot(now).heart.plan.bound()
    }

    fn hand_in(&mut self, (): (), id: ProbeId, result: Result<(), Fault>, at: Instant) {
        match result {
            Ok(()) => self.handle_reply(id, at),
            Err(Fault::Failed(failure)) => self.handle_failure(id, failure, at),
            Err(Fault::Unsent) => self.handle_unsent(id, at),
            Err(Fault::Pushback) => {
                self.handle_reply(id, at);
                self.handle_pushback(at);
            }
            Err(Fault::Missed) => {} // the machine sees for itself
        }
    }
}

impl<const M: usize, const N: usize, P: Pacing> Machine for Failover<M, N, P> {
    type Target = usize;
    type Event = FailoverEvent;
    type Opinion = usize;

    fn step(&mut self, now: Instant, budget: Option<&RetryBudget>) -> Step<Self> {
        match self.poll_with(now, budget) {
            FailoverOutput::Probe { endpoint, id } => Step::Probe(endpoint, id),
            FailoverOutput::Event(event) => Step::Event(event),
            FailoverOutput::Wait(until) => Step::Wait(until),
            FailoverOutput::Idle => Step::Wait(Instant::MAX),
        }
    }

    #[cfg(feature = "std")]
    fn opinion(&self) -> usize {
        self.active()
    }

    #[cfg(any(feature = "tokio", feature = "embassy"))]
    fn patience(&self, endpoint: usize, now: Instant) -> Duration {
        self.status(endpoint, now)
            .map_or(Duration::ZERO, |status| status.monitor.heart.plan.bound())
    }

    fn hand_in(&mut self, endpoint: usize, id: ProbeId, result: Result<(), Fault>, at: Instant) {
        match result {
            Ok(()) => self.handle_reply(endpoint, id, at),
            Err(Fault::Failed(failure)) => self.handle_failure(endpoint, id, failure, at),
            Err(Fault::Unsent) => self.handle_unsent(endpoint, id, at),
            Err(Fault::Pushback) => {
                self.handle_reply(endpoint, id, at);
                self.handle_pushback(endpoint, at);
            }
            Err(Fault::Missed) => {}
        }
    }
}
