//! What is known at a moment, for people and dashboards.

use core::time::Duration;

use crate::pacing::Pacing;
use crate::path::suspicion::SuspicionLevel;
use crate::peer::state::PeerState;
use crate::peer::verdict::{Change, Failure, Reason, Verdict};
use crate::plan::Plan;
use crate::plan::Promise;
use crate::time::{Instant, duration};

/// What is known of a path, and what is planned. Plain data; taking it costs a few divisions and a root.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
    #[cfg_attr(
        feature = "serde",
        serde(rename = "mean_us", with = "crate::time::serde")
    )]
    pub mean: Duration,
    /// Their population standard deviation.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "standard_deviation_us", with = "crate::time::serde")
    )]
    pub standard_deviation: Duration,
    /// Standard deviation by mean.
    pub fluctuation: f64,
    /// The smoothed round-trip time of RFC 6298.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "smoothed_us", with = "crate::time::serde")
    )]
    pub smoothed: Duration,
    /// The chance that a probe is lost.
    pub loss: f64,
    /// What the policy promises, if it does.
    pub promise: Option<Promise>,
}

/// What a monitor has counted since it was made. No counter ever falls; each saturates.
///
/// Every probe that was handed out is [outstanding](Self::outstanding) until it is counted once more, as `answered`, `lost`, `failed`, `unsent` or
/// `abandoned`. Every reply counts as `answered`, `late` or `ignored`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Counters {
    /// Probes handed out to be sent.
    pub probes: u32,
    /// Probes answered before they were counted as anything else.
    pub answered: u32,
    /// Probes that became overdue, whether or not a reply came later.
    pub lost: u32,
    /// Replies to probes that had been counted as something else: mostly to lost ones.
    pub late: u32,
    /// Of the answered and the late, replies to probes older than the bound: no proof of life.
    pub stale: u32,
    /// Replies that answer nothing: unknown ids, duplicates, old incarnations.
    pub ignored: u32,
    /// Probes that failed at once.
    pub failed: u32,
    /// Probes that could not be sent, where that was said before they were overdue.
    pub unsent: u32,
    /// Probes of which nothing will be known, and which are no evidence: those under way at a restart of the peer, and those that were forgotten
    /// after their silence had been excused, or after a later one was answered; and those for which
    /// [there was no room](crate::Monitor::handle_skipped).
    pub abandoned: u32,
    /// How often no probe could be sent for one bound.
    pub blind: u32,
    /// Retries taken out of a [`RetryBudget`](crate::RetryBudget); 0 where there is none.
    pub budgeted: u32,
    /// Verdicts `Suspect`.
    pub suspect: u32,
    /// Verdicts `Dead`.
    pub dead: u32,
    /// Verdicts `Dead` that were mistakes.
    pub refuted: u32,
    /// Verdicts `Dead` after which the peer came back.
    pub recovered: u32,
    /// Verdicts `Dead` of which nothing tells which of the two they were.
    pub undecided: u32,
    /// Lateness that was reported.
    pub pauses: u32,
    /// The longest time from the send of a last answered probe to the verdict `Dead`, in milliseconds, rounded up. Lateness of ours since
    /// that answer is part of it, and so it may exceed the bound.
    pub worst_detection_ms: u32,
    /// All lateness of ours, in microseconds.
    pub lateness_us: u64,
}

/// What a monitor knows at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct MonitorSnapshot {
    /// The path and the plan.
    pub path: Snapshot,
    /// What was counted.
    pub counters: Counters,
    /// When the verdict will be `Dead` if nothing is heard, on the caller's clock; nothing where it is, or nothing was sent.
    pub dead_at: Option<Instant>,
    /// When the next probe is due.
    pub next_probe_at: Instant,
    /// Probes sent after the last answered one, of those still remembered.
    pub unanswered: u8,
    /// The last probe that failed at once.
    pub last_failure: Option<Failure>,
    /// The number of the last event.
    pub events: u32,
}

impl Counters {
    /// Probes that have not ended yet: waited for, or remembered because a reply to them would still prove life. Exact until `probes` saturates.
    #[must_use]
    pub const fn outstanding(&self) -> u32 {
        let ended = self.answered.saturating_add(self.lost);
        let ended = ended.saturating_add(self.failed);
        let ended = ended.saturating_add(self.unsent);
        self.probes
            .saturating_sub(ended.saturating_add(self.abandoned))
    }

    pub(crate) const fn count(&mut self, change: Change) {
        one_more(match (change.to, change.reason) {
            (Verdict::Suspect, _) => &mut self.suspect,
            (Verdict::Dead, _) => &mut self.dead,
            (_, Reason::Refuted) => &mut self.refuted,
            (_, Reason::Recovered) => &mut self.recovered,
            (_, Reason::Undecided) => &mut self.undecided,
            _ => return,
        });
    }
}

/// Counts, and no further than there are numbers. Out of line, for small cores.
#[inline(never)]
pub(crate) const fn one_more(counter: &mut u32) {
    *counter = counter.saturating_add(1);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_counts_where_it_belongs() {
        let mut counters = Counters::default();
        for (to, reason) in [
            (Verdict::Suspect, Reason::Overdue),
            (Verdict::Dead, Reason::BoundElapsed),
            (Verdict::Alive, Reason::Refuted),
            (Verdict::Alive, Reason::Recovered),
            (Verdict::Alive, Reason::Undecided),
            (Verdict::Alive, Reason::Answered),
        ] {
            let from = Verdict::Unknown;
            counters.count(Change { from, to, reason });
        }
        let expected = Counters {
            suspect: 1,
            dead: 1,
            refuted: 1,
            recovered: 1,
            undecided: 1,
            ..Counters::default()
        };
        assert_eq!(counters, expected);
    }
}
