//! The interface for custom adapters: one trait for [`Monitor`] and [`Failover`], independent of
//! the clock and of the kind of loop.
//!
//! [`systole::thread`](crate::thread), [`systole::task`](crate::task),
//! [`systole::embassy`](crate::embassy) and the command-line tool drive their machines through this
//! trait:
//!
//! ```
//! use systole::machine::{Machine, ProbeResult};
//! use systole::{Instant, Output, ProbeId};
//!
//! /// Passes in the results of probes, does what is due now, and returns when to call again.
//! fn turn<M: Machine>(
//!     machine: &mut M,
//!     now: Instant,
//!     settled: impl IntoIterator<Item = ProbeResult<M::Target>>,
//!     mut send: impl FnMut(M::Target, ProbeId),
//!     mut tell: impl FnMut(M::Event),
//! ) -> Instant {
//!     for one in settled {
//!         machine.handle_result(one);
//!     }
//!     loop {
//!         match machine.step(now, None) {
//!             Output::Send((target, id)) => send(target, id),
//!             Output::Event(event) => tell(event),
//!             Output::Wait(until) => return until,
//!             Output::Idle => return Instant::MAX,
//!         }
//!     }
//! }
//! ```

use core::time::Duration;

#[cfg(any(feature = "tokio", feature = "embassy"))]
pub use super::trial::Trial;
use super::{ProbeError, Reply};
use crate::pacing::Pacing;
use crate::peer::{Counters, ProbeOutcome, ReplyOutcome};
use crate::{Event, Failover, Instant, Monitor, Output, ProbeId, RetryBudget, Verdict, failover};

/// A state machine that a loop drives: a [`Monitor`] or a [`Failover`]. The trait is sealed, so no
/// other type implements it.
pub trait Machine: sealed::Sealed + Clone {
    /// The receiver of a probe: `()` for a monitor, which has one peer, and the index of the
    /// endpoint in its list for a group.
    type Target: Copy + PartialEq + Send + 'static;
    /// The type of the events.
    type Event: Clone + Send + 'static;
    /// The current conclusion: the verdict of a monitor, or the active endpoint of a group.
    type Conclusion: Copy + PartialEq + Send + Sync + 'static;

    /// Returns what to do at `now`, and takes retries from `budget` if there is one. Call it until
    /// it returns [`Output::Wait`] or [`Output::Idle`]. Pass the id of each probe back with its
    /// result.
    fn step(
        &mut self,
        now: Instant,
        budget: Option<&RetryBudget>,
    ) -> Output<(Self::Target, ProbeId), Self::Event>;

    /// Returns the current conclusion.
    fn conclusion(&self) -> Self::Conclusion;

    /// Returns how long to wait for the reply to a probe that is sent now.
    fn terms(&self, target: Self::Target) -> Terms;

    /// Returns the counters of `target` as of the last call, and zeros where there is no such
    /// target. Costs a copy, unlike a snapshot.
    fn counters(&self, target: Self::Target) -> Counters;

    /// Returns whether, at the last step, the machine had waited for probe `id` of `target` for as
    /// long as its reply may take. Time in which the machine was not stepped does not count, and
    /// the machine may wait for a retry longer than the plan states.
    fn is_overdue(&self, target: Self::Target, id: ProbeId) -> bool;

    /// Records the result of a probe, and returns what became of it.
    fn handle_result(&mut self, settled: ProbeResult<Self::Target>) -> Outcome;

    /// Records that probe `id` was not sent, because earlier probes whose replies may still come in
    /// time take every slot for probes of `target`. Returns what became of it.
    fn skip(&mut self, target: Self::Target, id: ProbeId, now: Instant) -> ProbeOutcome;
}

/// What became of the result of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was a reply.
    Reply(ReplyOutcome),
    /// The probe failed, or could not be sent.
    Probe(ProbeOutcome),
    /// Nothing changed: no reply came, and the machine detects by itself that the probe is overdue.
    Missed,
}

/// How long to wait for the reply to a probe, counted from its send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How long a reply can prove life, which is one detection bound.
    pub reply_window: Duration,
    /// For a dead peer, in microseconds: the usual and the longest time to wait for a reply where
    /// the next probe cannot start before this one ends.
    pub(crate) dead_wait_us: Option<(u32, u32)>,
}

impl Terms {
    /// Returns the terms for a probe of this monitor's peer.
    fn of<const N: usize, P: Pacing>(monitor: &Monitor<N, P>) -> Self {
        let is_dead = monitor.verdict() == Verdict::Dead;
        Self {
            reply_window: monitor.plan().bound(),
            dead_wait_us: is_dead.then(|| monitor.dead_wait()),
        }
    }

    /// Returns whether the peer is dead. A probe to a dead peer may become overdue only after very
    /// many intervals.
    #[must_use]
    pub const fn is_dead(&self) -> bool {
        self.dead_wait_us.is_some()
    }
}

/// The result of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeResult<T> {
    /// The target of the probe.
    pub target: T,
    /// The id of the probe.
    pub id: ProbeId,
    /// `Ok` if the peer replied. [`ProbeError::Missed`] changes nothing: the machine detects by
    /// itself that the probe is overdue.
    pub result: Result<Reply, ProbeError>,
    /// When the result became known.
    pub at: Instant,
    /// The time that the path did not cause, such as that for resolving a name and connecting. It
    /// is subtracted from the round-trip time.
    pub held: Duration,
}

impl<T> ProbeResult<T> {
    /// Creates the result of a probe whose whole time counts as round-trip time:
    /// [`held`](Self::held) is zero.
    #[must_use]
    pub const fn new(
        target: T,
        id: ProbeId,
        result: Result<Reply, ProbeError>,
        at: Instant,
    ) -> Self {
        Self {
            target,
            id,
            result,
            at,
            held: Duration::ZERO,
        }
    }

    /// Returns the same result with another target, for a loop that identifies its targets
    /// differently than the machine does.
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

    fn step(
        &mut self,
        now: Instant,
        budget: Option<&RetryBudget>,
    ) -> Output<((), ProbeId), Self::Event> {
        self.poll_with(now, budget).map(|id| ((), id))
    }

    fn conclusion(&self) -> Verdict {
        self.verdict()
    }

    fn terms(&self, (): ()) -> Terms {
        Terms::of(self)
    }

    fn counters(&self, (): ()) -> Counters {
        *Self::counters(self)
    }

    fn is_overdue(&self, (): (), id: ProbeId) -> bool {
        self.is_overdue(id)
    }

    fn handle_result(&mut self, settled: ProbeResult<()>) -> Outcome {
        let ProbeResult { id, at, held, .. } = settled;
        match settled.result {
            Ok(Reply::Ok) => Outcome::Reply(self.handle_reply_with(id, at, held)),
            Err(ProbeError::Failed(failure)) => {
                Outcome::Probe(self.handle_failure(id, failure, at))
            }
            Err(ProbeError::Unsent) => Outcome::Probe(self.handle_unsent(id, at)),
            Ok(Reply::Pushback { wait }) => {
                let outcome = self.handle_reply_with(id, at, held);
                self.handle_pushback_with(at, wait);
                Outcome::Reply(outcome)
            }
            Ok(Reply::FlowLost) => {
                self.handle_flow_lost(at);
                Outcome::Reply(self.handle_reply_with(id, at, held))
            }
            // The machine detects by itself that the probe is overdue.
            Err(ProbeError::Missed) => Outcome::Missed,
        }
    }

    fn skip(&mut self, (): (), id: ProbeId, now: Instant) -> ProbeOutcome {
        self.handle_skipped(id, now)
    }
}

impl<const M: usize, const N: usize, P: Pacing> Machine for Failover<M, N, P> {
    type Target = usize;
    type Event = Event<failover::EventKind>;
    type Conclusion = usize;

    fn step(
        &mut self,
        now: Instant,
        budget: Option<&RetryBudget>,
    ) -> Output<(usize, ProbeId), Self::Event> {
        self.poll_with(now, budget)
            .map(|probe| (probe.endpoint, probe.id))
    }

    fn conclusion(&self) -> usize {
        self.active()
    }

    fn terms(&self, endpoint: usize) -> Terms {
        self.monitor(endpoint)
            .map_or_else(Terms::default, Terms::of)
    }

    fn counters(&self, endpoint: usize) -> Counters {
        let monitor = self.monitor(endpoint);
        monitor.map_or_else(Counters::default, |monitor| *Monitor::counters(monitor))
    }

    fn is_overdue(&self, endpoint: usize, id: ProbeId) -> bool {
        self.monitor(endpoint)
            .is_none_or(|monitor| monitor.is_overdue(id))
    }

    fn handle_result(&mut self, settled: ProbeResult<usize>) -> Outcome {
        let ProbeResult {
            target,
            id,
            at,
            held,
            ..
        } = settled;
        match settled.result {
            Ok(Reply::Ok) => Outcome::Reply(self.handle_reply_with(target, id, at, held)),
            Err(ProbeError::Failed(failure)) => {
                Outcome::Probe(self.handle_failure(target, id, failure, at))
            }
            Err(ProbeError::Unsent) => Outcome::Probe(self.handle_unsent(target, id, at)),
            Ok(Reply::Pushback { wait }) => {
                let outcome = self.handle_reply_with(target, id, at, held);
                self.handle_pushback_with(target, at, wait);
                Outcome::Reply(outcome)
            }
            Ok(Reply::FlowLost) => {
                self.handle_flow_lost(target, at);
                Outcome::Reply(self.handle_reply_with(target, id, at, held))
            }
            Err(ProbeError::Missed) => Outcome::Missed,
        }
    }

    fn skip(&mut self, endpoint: usize, id: ProbeId, now: Instant) -> ProbeOutcome {
        self.handle_skipped(endpoint, id, now)
    }
}
