//! What is known at a moment, for people and dashboards.

use core::time::Duration;

use crate::pacing::Pacing;
use crate::plan::Plan;
use crate::pulse::Pulse;
use crate::suspicion::SuspicionLevel;
use crate::time::duration;
use crate::verdict::Verdict;

/// What is known of a path, and what is planned. Plain data; taking it costs a few divisions and a root.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Whether the peer is alive.
    pub verdict: Verdict,
    /// How improbable the silence is.
    pub level: SuspicionLevel,
    /// The plan in force: interval, timeout, retries, bound.
    pub plan: Plan,
    /// Round-trip times in the window.
    pub samples: u16,
    /// Their mean.
    pub mean: Duration,
    /// Their population standard deviation.
    pub standard_deviation: Duration,
    /// Standard deviation by mean.
    pub fluctuation: f64,
    /// The smoothed round-trip time of [RFC6298].
    pub smoothed: Duration,
    /// The chance that a probe is lost.
    pub loss: f64,
}

impl Snapshot {
    pub(crate) fn of<const N: usize, P: Pacing>(pulse: &Pulse<N, P>, level: SuspicionLevel) -> Self {
        let path = pulse.statistics();
        Self {
            verdict: pulse.verdict(),
            level,
            plan: pulse.plan(),
            samples: path.moments().count(),
            mean: path.moments().mean(),
            standard_deviation: path.moments().standard_deviation(),
            fluctuation: path.moments().fluctuation(),
            smoothed: duration(u64::from(path.rtt.smoothed_us())),
            loss: path.loss().probability(),
        }
    }
}
