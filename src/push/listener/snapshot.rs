//! What a listener knows at a moment, for people and dashboards.

use core::time::Duration;

use crate::math::normal_tail;
use crate::path::suspicion::SuspicionLevel;
use crate::peer::verdict::Verdict;
use crate::push::listener::Listener;
use crate::time::{Instant, duration};

/// What a listener has counted since it was made. Every counter saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ListenerCounters {
    /// Beats that continued the known life of the peer.
    pub beats: u32,
    /// Sequence numbers that were left out; a reordered beat takes one back.
    pub lost: u32,
    /// Beats that came after a later one.
    pub reordered: u32,
    /// Beats that were heard before, or are too old to tell.
    pub repeated: u32,
    /// Beats older than the bound: no proof of life.
    pub stale: u32,
    /// Beats that were not believed: of another incarnation, a jump of the sequence, not authentic.
    pub ignored: u32,
    /// New incarnations, and jumps of the sequence, that were believed.
    pub restarts: u32,
    /// Verdicts `Dead` that were mistakes.
    pub refuted: u32,
    /// Verdicts `Dead` after which the peer came back.
    pub recovered: u32,
    /// Verdicts `Dead` of which nothing tells which of the two they were.
    pub undecided: u32,
    /// Lateness that was reported.
    pub pauses: u32,
    /// All lateness of ours, and what [`Listener::resumed`] credited, in microseconds.
    pub lateness_us: u64,
}

/// What a listener knows at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ListenerSnapshot {
    /// Whether the peer is alive.
    pub verdict: Verdict,
    /// How improbable the silence is.
    pub level: SuspicionLevel,
    /// The suspicion of the phi accrual detector; see [`Listener::phi`].
    pub phi: f64,
    /// The known life of the peer; nothing before the first beat.
    pub incarnation: Option<u32>,
    /// The newest sequence number.
    pub sequence: u32,
    /// The interval that the peer says, within the limits.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "interval_us", with = "crate::time::serde")
    )]
    pub interval: Duration,
    /// The bound in force; see [the bound](Listener#the-bound).
    #[cfg_attr(
        feature = "serde",
        serde(rename = "bound_us", with = "crate::time::serde")
    )]
    pub bound: Duration,
    /// Arrivals in the window.
    pub samples: u16,
    /// How much later they came than the quickest would have, on average.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "mean_excess_us", with = "crate::time::serde")
    )]
    pub mean_excess: Duration,
    /// The standard deviation of their lateness.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "standard_deviation_us", with = "crate::time::serde")
    )]
    pub standard_deviation: Duration,
    /// The chance that a beat is lost.
    pub loss: f64,
    /// The load that the newest beat says, 0 to 255. Advice, unless the listener is authenticated.
    pub load: Option<u8>,
    /// When the newest beat arrived.
    pub heard_at: Option<Instant>,
    /// When the next one is expected to arrive.
    pub expected_at: Option<Instant>,
    /// When the verdict will be `Dead` if nothing is heard, on the caller's clock; nothing where it is, or the peer left.
    pub dead_at: Option<Instant>,
    /// What was counted.
    pub counters: ListenerCounters,
    /// The number of the last event.
    pub events: u32,
}

impl<const N: usize> Listener<N> {
    /// All that is known at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> ListenerSnapshot {
        let (moments, heard) = (self.arrivals.moments(), self.flow.is_some());
        ListenerSnapshot {
            verdict: self.verdict,
            level: self.level(now),
            phi: self.phi(now),
            incarnation: self.flow.map(|flow| flow.incarnation),
            sequence: self.flow.map_or(0, |flow| flow.sequence),
            interval: duration(self.arrivals.interval_us()),
            bound: duration(self.outlook.bound_us),
            samples: moments.count(),
            mean_excess: moments.mean(),
            standard_deviation: moments.standard_deviation(),
            loss: self.loss.probability(),
            load: self.load,
            heard_at: heard.then_some(self.heard),
            expected_at: heard.then(|| self.arrivals.expected()),
            dead_at: self.dead_at().map(|at| self.clock.at(at)),
            counters: self.counters,
            events: self.pending.number(),
        }
    }

    /// How improbable the silence is at `now`: the sum over the beats that are missing, of the oldest eight.
    #[must_use]
    pub fn level(&self, now: Instant) -> SuspicionLevel {
        let (_, seen, _) = self.clock.peek(now, self.deadline());
        self.level_at(seen)
    }

    /// The suspicion of the phi accrual detector (Hayashibara and others, SRDS 2004) at `now`, for whom wants that scale: -log10 of the chance
    /// that a normally distributed arrival is later than this. No verdict depends on it, and 8 does not mean 10^-8: a lost beat is not in the model.
    ///
    /// In the logarithm throughout, so it is finite at any age, and never falls in silence; 0.3 at the expected arrival, 0 before the first beat.
    #[must_use]
    pub fn phi(&self, now: Instant) -> f64 {
        if self.flow.is_none() {
            return 0.0;
        }
        let (_, seen, _) = self.clock.peek(now, self.deadline());
        let (late, early) = (
            seen.since(self.outlook.expected),
            self.outlook.expected.since(seen),
        );
        let excess = wide(late) - wide(early); // one of them is 0
        normal_tail::phi(excess / wide(self.arrivals.deviation_us() + 1))
    }
}

#[allow(clippy::cast_precision_loss)] // a figure for people
const fn wide(us: u64) -> f64 {
    us as f64
}
