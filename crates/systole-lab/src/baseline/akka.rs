//! The phi accrual detector as implemented in Akka, Pekko and Hazelcast.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::intervals::Intervals;
use super::phi::THRESHOLDS;
use super::{Baseline, FEW_INTERVALS, Periodic, Silence, SinceArrival, shares};
use crate::time::micros;
use crate::{brief, tail};
use systole::Instant;

/// [`Phi`](super::Phi) with a logistic tail, a lower limit of the deviation, and a pause that is
/// always allowed.
///
/// It does not learn from the gap that ends a Dead verdict. It keeps no bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Akka {
    /// The interval from send to send; 1 s by default.
    pub interval: Duration,
    /// The suspicion level at which the peer is called Dead; 8 by default, which corresponds to
    /// 7.06 with an exact normal tail.
    pub threshold: f64,
    /// The time that is added to the mean; 3 s by default.
    pub acceptable_pause: Duration,
    /// The smallest deviation; 100 ms by default.
    pub min_deviation: Duration,
    /// The number of inter-arrival times in the window; 1000 by default.
    pub window: usize,
}

impl Akka {
    /// The defaults of the cluster module.
    pub const CLUSTER: Self = Self {
        interval: Duration::from_secs(1),
        threshold: 8.0,
        acceptable_pause: Duration::from_secs(3),
        min_deviation: Duration::from_millis(100),
        window: 1_000,
    };
}

impl Baseline for Akka {
    const NAME: &'static str = "phi (Akka)";
    const KEEPS_BOUND: bool = false;
    type Detector = Periodic<SinceArrival<AkkaRule>>;

    fn detector(&self, start: Instant) -> Self::Detector {
        let rule = SinceArrival::new(AkkaRule::new(self));
        Periodic::new(micros(self.interval), start, rule)
    }

    /// The pause is what the bound leaves after two intervals and the deviations of a steady path.
    fn sweep(bound: Duration) -> Vec<Self> {
        let of = |threshold: f64| {
            move |interval: Duration| {
                let calm = Self::CLUSTER
                    .min_deviation
                    .mul_f64(tail::deviations_akka(threshold));
                let acceptable_pause = bound.saturating_sub(2 * interval + calm);
                Self {
                    interval,
                    threshold,
                    acceptable_pause,
                    ..Self::CLUSTER
                }
            }
        };
        THRESHOLDS
            .into_iter()
            .flat_map(|phi| shares(bound, &FEW_INTERVALS).map(of(phi)))
            .collect()
    }
}

impl fmt::Display for Akka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [interval, pause] = [self.interval, self.acceptable_pause].map(brief);
        write!(
            f,
            "every {interval}, threshold {}, pause {pause}",
            self.threshold
        )
    }
}

/// The rule of [`Akka`]: fresh until phi of the silence reaches the threshold.
#[derive(Clone, Debug)]
pub struct AkkaRule {
    deviations: f64,
    pause_us: f64,
    min_deviation_us: f64,
    intervals: Intervals,
}

impl AkkaRule {
    fn new(settings: &Akka) -> Self {
        Self {
            deviations: tail::deviations_akka(settings.threshold),
            pause_us: micros(settings.acceptable_pause) as f64,
            min_deviation_us: micros(settings.min_deviation) as f64,
            intervals: Intervals::seeded(settings.window, micros(settings.interval)),
        }
    }
}

impl Silence for AkkaRule {
    fn timeout_us(&self) -> u64 {
        let deviation = self.intervals.deviation().max(self.min_deviation_us);
        (self.intervals.mean() + self.pause_us + self.deviations * deviation) as u64
    }

    fn learn(&mut self, gap_us: u64, fresh: bool) {
        if fresh {
            self.intervals.push(gap_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 + 3 + 5.226 * 0.1 = 4.52 s since the last heartbeat on a steady path.
    #[test]
    fn cluster_defaults_wait_four_and_a_half_seconds() {
        let mut rule = AkkaRule::new(&Akka::CLUSTER);
        (0..1_200).for_each(|_| rule.learn(1_000_000, true));
        let timeout = rule.timeout_us() as f64 / 1e6;
        assert!((timeout - 4.5226).abs() < 1e-3, "{timeout}");
    }

    #[test]
    fn the_gap_that_ends_a_dead_verdict_is_not_learnt() {
        let mut rule = AkkaRule::new(&Akka::CLUSTER);
        let before = rule.timeout_us();
        rule.learn(60_000_000, false);
        assert_eq!(rule.timeout_us(), before);
        rule.learn(4_000_000, true);
        assert!(rule.timeout_us() > before);
    }
}
