//! What a listener knows at a moment, for people and dashboards.

use core::time::Duration;

use crate::math::normal_tail;
use crate::path::suspicion::SuspicionLevel;
use crate::peer::verdict::Verdict;
use crate::push::listener::Listener;
use crate::push::listener::counters::Counters;
use crate::time::{Instant, duration};

/// What a listener knows at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Whether the peer is alive.
    pub verdict: Verdict,
    /// How improbable the present silence is.
    pub level: SuspicionLevel,
    /// The suspicion level of the phi accrual detector; see [`Listener::phi`].
    pub phi: f64,
    /// The incarnation of the known life of the peer; `None` before the first heartbeat.
    pub incarnation: Option<u32>,
    /// The newest sequence number.
    pub sequence: u32,
    /// The interval that the peer advertises, within the configured limits.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub interval: Duration,
    /// The bound in force; see [the bound](Listener#the-bound).
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub bound: Duration,
    /// The number of arrivals in the window.
    pub samples: u16,
    /// How much later heartbeats arrived than if all had been as quick as the quickest, on average.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub mean_excess: Duration,
    /// The standard deviation of that excess.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub standard_deviation: Duration,
    /// The estimated probability that a heartbeat is lost, 0 to 1.
    pub loss: f64,
    /// The load that the newest heartbeat reports, 0 idle to 255 full. Treat it as advice, unless
    /// the listener is authenticated.
    pub load: Option<u8>,
    /// When the newest heartbeat arrived.
    pub heard_at: Option<Instant>,
    /// When the next heartbeat is expected to arrive.
    pub expected_at: Option<Instant>,
    /// When the verdict becomes `Dead` if nothing is heard, on the caller's clock. `None` where the
    /// peer is dead already or has left.
    pub dead_at: Option<Instant>,
    /// The counters.
    pub counters: Counters,
    /// The number of the last event.
    pub events: u32,
}

impl<const N: usize> Listener<N> {
    /// Returns all that is known at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> Snapshot {
        let (moments, heard) = (self.arrivals.moments(), self.flow.is_some());
        Snapshot {
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

    /// Returns how improbable the silence is at `now`: the sum over the missing heartbeats, up to
    /// the oldest eight.
    #[must_use]
    pub fn level(&self, now: Instant) -> SuspicionLevel {
        let (_, seen, _) = self.clock.peek(now, self.deadline());
        self.level_at(seen)
    }

    /// Returns the suspicion level of the phi accrual detector (Hayashibara and others, SRDS 2004)
    /// at `now`, for callers who want that scale.
    ///
    /// It is -log10 of the probability that a normally distributed arrival is later than `now`. No
    /// verdict depends on it, and 8 does not mean a probability of 10^-8, because the model leaves
    /// out lost heartbeats.
    ///
    /// It is computed in the logarithm throughout, so it is finite at any age and never falls in
    /// silence. It is 0.3 at the expected arrival and 0 before the first heartbeat.
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
        let excess = wide(late) - wide(early); // one of the two is 0
        normal_tail::phi(excess / wide(self.arrivals.deviation_us() + 1))
    }
}

#[allow(clippy::cast_precision_loss)] // a figure for people
const fn wide(us: u64) -> f64 {
    us as f64
}
