//! Snapshots: what is known at a moment, for people and dashboards.

use core::time::Duration;

use crate::pacing::Pacing;
use crate::path::suspicion::SuspicionLevel;
use crate::peer::state::PeerState;
use crate::peer::verdict::Verdict;
use crate::plan::Plan;
use crate::plan::Promise;
use crate::time::duration;

/// What is known of a path, and what is planned.
///
/// Plain data. Taking a snapshot costs a few divisions and a square root.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Snapshot {
    /// Whether the peer is alive.
    pub verdict: Verdict,
    /// How improbable the present silence is.
    pub level: SuspicionLevel,
    /// The plan in force: interval, timeout, retries, bound.
    pub plan: Plan,
    /// The number of RTT samples in the window.
    pub samples: u16,
    /// The mean of the RTT samples.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub mean: Duration,
    /// The population standard deviation of the RTT samples.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub standard_deviation: Duration,
    /// The standard deviation divided by the mean.
    pub fluctuation: f64,
    /// The smoothed round-trip time of RFC 6298.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub smoothed: Duration,
    /// The estimated probability that a probe is lost, 0 to 1.
    pub loss: f64,
    /// What the policy promises; `None` where it makes no promise.
    pub promise: Option<Promise>,
}

impl Snapshot {
    pub(crate) fn of<const N: usize, P: Pacing>(
        peer: &PeerState<N, P>,
        level: SuspicionLevel,
    ) -> Self {
        let path = peer.statistics();
        Self {
            verdict: peer.verdict(),
            level,
            plan: peer.plan_or_first(),
            samples: path.moments().count(),
            mean: path.moments().mean(),
            standard_deviation: path.moments().standard_deviation(),
            fluctuation: path.moments().fluctuation(),
            smoothed: duration(u64::from(path.rtt.smoothed_us())),
            loss: path.loss().probability(),
            promise: peer.promise(),
        }
    }
}
