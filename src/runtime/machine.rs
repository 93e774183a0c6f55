//! For an adapter of your own: one face for a [`Monitor`] and a [`Failover`], whatever the clock and the loop.
//!
//! [`systole::thread`](crate::thread), [`systole::task`](crate::task) and [`systole::embassy`](crate::embassy) are such loops, and the
//! command-line tool is one:
//!
//! ```
//! use systole::machine::{Machine, ProbeResult, Step};
//! use systole::{Instant, ProbeId};
//!
//! /// Hands in what became of probes, does what is to be done now, and says when to come back.
//! fn turn<M: Machine>(
//!     machine: &mut M,
//!     now: Instant,
//!     settled: impl IntoIterator<Item = ProbeResult<M::Target>>,
//!     mut send: impl FnMut(M::Target, ProbeId),
//!     mut tell: impl FnMut(M::Event),
//! ) -> Instant {
//!     settled.into_iter().for_each(|one| machine.handle_result(one));
//!     loop {
//!         match machine.step(now, None) {
//!             Step::Probe(target, id) => send(target, id),
//!             Step::Event(event) => tell(event),
//!             Step::Wait(until) => return until,
//!         }
//!     }
//! }
//! ```

use core::time::Duration;

use super::ProbeError;
use crate::pacing::Pacing;
use crate::{
    Event, Failover, FailoverEvent, FailoverOutput, Instant, Monitor, Output, ProbeId, RetryBudget,
    Verdict,
};

/// What a loop drives: a [`Monitor`] or a [`Failover`]. It is implemented for these two alone.
pub trait Machine: sealed::Sealed + Clone {
    /// Whom a probe goes to: nobody has to be named by a monitor, an endpoint's place in the list by a group.
    type Target: Copy + PartialEq + Send + 'static;
    /// What it has to tell.
    type Event: Clone + Send + 'static;
    /// What it concludes: the verdict, or the active endpoint.
    type Conclusion: Copy + PartialEq + Send + Sync + 'static;

    /// What to do at `now`, with retries held to `budget` where there is one. Call it until it answers [`Step::Wait`].
    fn step(&mut self, now: Instant, budget: Option<&RetryBudget>) -> Step<Self>;

    /// What it concludes now.
    fn conclusion(&self) -> Self::Conclusion;

    /// How long a probe that is sent now is waited for.
    fn terms(&self, target: Self::Target, now: Instant) -> Terms;

    /// Whether probe `id` of `target` has been waited for, up to the last step, for as long as its answer may take. The time in which
    /// the machine was not asked to step does not count, and a retry may be waited for longer than a plan says.
    fn is_overdue(&self, target: Self::Target, id: ProbeId) -> bool;

    /// Takes what became of a probe.
    fn handle_result(&mut self, settled: ProbeResult<Self::Target>);

    /// Probe `id` is not sent, as all the room there is for probes of `target` is taken by earlier
    /// ones that may still be answered in time.
    fn skip(&mut self, target: Self::Target, id: ProbeId, now: Instant);
}

/// How long a probe is waited for, from its send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How long its answer can prove life: a bound.
    pub reply_window: Duration,
    /// Of a dead peer, in microseconds: how long it is waited for where that holds the next probe up, as a rule and at most.
    pub(crate) dead_wait_us: Option<(u32, u32)>,
}

impl Terms {
    fn of<const N: usize, P: Pacing>(monitor: &Monitor<N, P>, now: Instant) -> Self {
        let is_dead = monitor.verdict() == Verdict::Dead;
        Self {
            reply_window: monitor.snapshot(now).path.plan.bound(),
            dead_wait_us: is_dead.then(|| monitor.dead_wait()),
        }
    }

    /// Whether its peer is dead, so that it may be overdue only after very many intervals.
    #[must_use]
    pub const fn is_dead(&self) -> bool {
        self.dead_wait_us.is_some()
    }
}

/// What a machine wants done.
#[derive(Debug)]
#[must_use]
pub enum Step<M: Machine> {
    /// Send this target a probe, now; then step again. Its id is handed in with what became of it.
    Probe(M::Target, ProbeId),
    /// Something happened; then step again.
    Event(M::Event),
    /// Nothing to do before this moment, unless something arrives. It lies in the future, or is the end of time.
    Wait(Instant),
}

/// What became of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeResult<T> {
    /// Whom it went to.
    pub target: T,
    /// Which one it was.
    pub id: ProbeId,
    /// Whether it was answered. [`ProbeError::Missed`] changes nothing: the machine sees for itself that it is overdue.
    pub result: Result<(), ProbeError>,
    /// When that was known.
    pub at: Instant,
    /// Time that is not the path's doing, such as resolving and connecting, and so no part of the round trip.
    pub held: Duration,
}

impl<T> ProbeResult<T> {
    /// A probe that was not held.
    #[must_use]
    pub const fn new(target: T, id: ProbeId, result: Result<(), ProbeError>, at: Instant) -> Self {
        Self {
            target,
            id,
            result,
            at,
            held: Duration::ZERO,
        }
    }

    /// The same of a probe to `target`, for a loop that knows its targets by other names than the machine does.
    #[must_use]
    pub fn to<U>(self, target: U) -> ProbeResult<U> {
        let Self {
            id,
            result,
            at,
            held,
            ..
        } = self;
        ProbeResult {
            target,
            id,
            result,
            at,
            held,
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl<const N: usize, P: crate::pacing::Pacing> Sealed for crate::Monitor<N, P> {}
    impl<const M: usize, const N: usize, P: crate::pacing::Pacing> Sealed for crate::Failover<M, N, P> {}
}

impl<const N: usize, P: Pacing> Machine for Monitor<N, P> {
    type Target = ();
    type Event = Event;
    type Conclusion = Verdict;

    fn step(&mut self, now: Instant, budget: Option<&RetryBudget>) -> Step<Self> {
        match self.poll_with(now, budget) {
            Output::Probe(id) => Step::Probe((), id),
            Output::Event(event) => Step::Event(event),
            Output::Wait(until) => Step::Wait(until),
            Output::Idle => Step::Wait(Instant::MAX),
        }
    }

    fn conclusion(&self) -> Verdict {
        self.verdict()
    }

    fn terms(&self, (): (), now: Instant) -> Terms {
        Terms::of(self, now)
    }

    fn is_overdue(&self, (): (), id: ProbeId) -> bool {
        self.is_overdue(id)
    }

    fn handle_result(&mut self, settled: ProbeResult<()>) {
        let ProbeResult { id, at, held, .. } = settled;
        match settled.result {
            Ok(()) => self.handle_reply_with(id, at, held),
            Err(ProbeError::Failed(failure)) => self.handle_failure(id, failure, at),
            Err(ProbeError::Unsent) => self.handle_unsent(id, at),
            Err(ProbeError::Pushback { wait }) => {
                self.handle_reply_with(id, at, held);
                self.handle_pushback_with(at, wait);
            }
            Err(ProbeError::FlowLost) => {
                self.handle_flow_lost(at);
                self.handle_reply_with(id, at, held);
            }
            Err(ProbeError::Missed) => {} // the machine sees for itself
        }
    }

    fn skip(&mut self, (): (), id: ProbeId, now: Instant) {
        self.handle_skipped(id, now);
    }
}

impl<const M: usize, const N: usize, P: Pacing> Machine for Failover<M, N, P> {
    type Target = usize;
    type Event = FailoverEvent;
    type Conclusion = usize;

    fn step(&mut self, now: Instant, budget: Option<&RetryBudget>) -> Step<Self> {
        match self.poll_with(now, budget) {
            FailoverOutput::Probe { endpoint, id } => Step::Probe(endpoint, id),
            FailoverOutput::Event(event) => Step::Event(event),
            FailoverOutput::Wait(until) => Step::Wait(until),
            FailoverOutput::Idle => Step::Wait(Instant::MAX),
        }
    }

    fn conclusion(&self) -> usize {
        self.active()
    }

    fn terms(&self, endpoint: usize, now: Instant) -> Terms {
        let monitor = self.monitor(endpoint);
        monitor.map_or_else(Terms::default, |monitor| Terms::of(monitor, now))
    }

    fn is_overdue(&self, endpoint: usize, id: ProbeId) -> bool {
        self.monitor(endpoint)
            .is_none_or(|monitor| monitor.is_overdue(id))
    }

    fn handle_result(&mut self, settled: ProbeResult<usize>) {
        let ProbeResult {
            target,
            id,
            at,
            held,
            ..
        } = settled;
        match settled.result {
            Ok(()) => self.handle_reply_with(target, id, at, held),
            Err(ProbeError::Failed(failure)) => self.handle_failure(target, id, failure, at),
            Err(ProbeError::Unsent) => self.handle_unsent(target, id, at),
            Err(ProbeError::Pushback { wait }) => {
                self.handle_reply_with(target, id, at, held);
                self.handle_pushback_with(target, at, wait);
            }
            Err(ProbeError::FlowLost) => {
                self.handle_flow_lost(target, at);
                self.handle_reply_with(target, id, at, held);
            }
            Err(ProbeError::Missed) => {}
        }
    }

    fn skip(&mut self, endpoint: usize, id: ProbeId, now: Instant) {
        self.handle_skipped(endpoint, id, now);
    }
}
