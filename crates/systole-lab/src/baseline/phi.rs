//! The phi accrual detector of Hayashibara, Defago, Yared and Katayama (SRDS 2004).

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::intervals::Intervals;
use super::{Baseline, FEW_INTERVALS, Periodic, Silence, SinceArrival, shares};
use crate::time::micros;
use crate::{brief, tail};
use systole::Instant;

/// A probe every `interval`; Dead once the silence since the last arrival is less likely than
/// `10^-threshold` under a normal distribution of inter-arrival times.
///
/// This is a timeout of mean + y * deviation after the last arrival. Silence is measured from the
/// arrival, and the deviation follows the path, so no bound is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phi {
    /// The interval from send to send.
    pub interval: Duration,
    /// The suspicion level at which the peer is called Dead, in decades.
    pub threshold: f64,
    /// The number of inter-arrival times in the window; 1000 in the paper.
    pub window: usize,
}

/// The thresholds over which accrual detectors are swept.
pub(super) const THRESHOLDS: [f64; 8] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0];

impl Baseline for Phi {
    const NAME: &'static str = "phi";
    const KEEPS_BOUND: bool = false;
    type Detector = Periodic<SinceArrival<PhiRule>>;

    fn detector(&self, start: Instant) -> Self::Detector {
        let rule = SinceArrival::new(PhiRule::new(self));
        Periodic::new(micros(self.interval), start, rule)
    }

    fn sweep(bound: Duration) -> Vec<Self> {
        let of = |threshold| {
            move |interval| Self {
                interval,
                threshold,
                window: 1_000,
            }
        };
        THRESHOLDS
            .into_iter()
            .flat_map(|phi| shares(bound, &FEW_INTERVALS).map(of(phi)))
            .collect()
    }
}

impl fmt::Display for Phi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interval = brief(self.interval);
        write!(f, "every {interval}, threshold {}", self.threshold)
    }
}

/// The rule of [`Phi`]: fresh until phi of the silence reaches the threshold.
#[derive(Clone, Debug)]
pub struct PhiRule {
    deviations: f64,
    intervals: Intervals,
}

impl PhiRule {
    fn new(settings: &Phi) -> Self {
        Self {
            deviations: tail::deviations(settings.threshold),
            intervals: Intervals::seeded(settings.window, micros(settings.interval)),
        }
    }
}

impl Silence for PhiRule {
    fn timeout_us(&self) -> u64 {
        (self.intervals.mean() + self.deviations * self.intervals.deviation()) as u64
    }

    fn learn(&mut self, gap_us: u64, _: bool) {
        self.intervals.push(gap_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window with 1 % of single losses has a deviation of 0.0995 intervals. A threshold of 8
    /// therefore waits 1.57 intervals after the arrival, and every loss is a mistake, although a
    /// rate of 10^-8 was intended.
    #[test]
    fn losses_are_mistakes_at_a_threshold_of_eight() {
        let second = 1_000_000;
        let settings = Phi {
            interval: Duration::from_secs(1),
            threshold: 8.0,
            window: 1_000,
        };
        let mut rule = PhiRule::new(&settings);
        for i in 0..1_000 {
            rule.intervals
                .push(if i % 100 == 0 { 2 * second } else { second });
        }
        let timeout = rule.timeout_us() as f64 / second as f64;
        assert!(
            (timeout - (1.01 + 5.612 * 0.0995)).abs() < 2e-3,
            "{timeout}"
        );
        assert!(timeout < 2.0);
    }

    #[test]
    fn equals_phi_at_the_timeout() {
        let settings = Phi {
            interval: Duration::from_secs(1),
            threshold: 5.0,
            window: 1_000,
        };
        let rule = PhiRule::new(&settings);
        let y = (rule.timeout_us() as f64 - 1e6) / 250_000.0;
        assert!((tail::phi(y) - 5.0).abs() < 1e-4);
    }
}
