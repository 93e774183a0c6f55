//! Cassandra's exponential detector, also called ED-FD.

use alloc::vec::Vec;
use core::f64::consts::LN_10;
use core::fmt;
use core::time::Duration;

use super::intervals::Intervals;
use super::{Baseline, FEW_INTERVALS, Periodic, Silence, SinceArrival, shares};
use crate::brief;
use crate::time::micros;
use systole::Instant;

/// A probe every `interval`; Dead once the silence since the last arrival is less likely than
/// `10^-threshold` under an exponential distribution, which is after threshold * ln 10 mean
/// intervals.
///
/// Samples longer than twice the interval are dropped, so the mean stays below that and the longest
/// silence is known. Silence is measured from the arrival, however, so a reply in flight at the
/// crash adds its round trip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cassandra {
    /// The interval from send to send; by default the gossip interval of 1 s.
    pub interval: Duration,
    /// The suspicion level at which the peer is called Dead; 8 by default, which is 18.42 mean
    /// intervals.
    pub threshold: f64,
}

/// The number of inter-arrival times in the window.
const WINDOW: usize = 1_000;

impl Baseline for Cassandra {
    const NAME: &'static str = "exponential (Cassandra)";
    const KEEPS_BOUND: bool = false;
    type Detector = Periodic<SinceArrival<CassandraRule>>;

    fn detector(&self, start: Instant) -> Self::Detector {
        let rule = SinceArrival::new(CassandraRule::new(self));
        Periodic::new(micros(self.interval), start, rule)
    }

    /// The thresholds that allow, on a steady path, a silence of exactly the bound less an
    /// interval; and the default.
    fn sweep(bound: Duration) -> Vec<Self> {
        let fit = |interval: Duration| {
            let threshold =
                (bound.saturating_sub(interval).as_secs_f64() / interval.as_secs_f64()) / LN_10;
            Self {
                interval,
                threshold,
            }
        };
        let default = Self {
            interval: bound.div_f64(1.0 + 8.0 * LN_10),
            threshold: 8.0,
        };
        shares(bound, &FEW_INTERVALS)
            .map(fit)
            .chain([default])
            .collect()
    }
}

impl fmt::Display for Cassandra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interval = brief(self.interval);
        write!(f, "every {interval}, threshold {:.3}", self.threshold)
    }
}

/// The rule of [`Cassandra`]: fresh for threshold * ln 10 mean inter-arrival times.
#[derive(Clone, Debug)]
pub struct CassandraRule {
    means: f64,
    longest_us: u64,
    intervals: Intervals,
}

impl CassandraRule {
    fn new(settings: &Cassandra) -> Self {
        let longest_us = micros(settings.interval).saturating_mul(2);
        let mut intervals = Intervals::new(WINDOW);
        intervals.push(longest_us);
        Self {
            means: settings.threshold * LN_10,
            longest_us,
            intervals,
        }
    }
}

impl Silence for CassandraRule {
    fn timeout_us(&self) -> u64 {
        (self.means * self.intervals.mean()) as u64
    }

    fn learn(&mut self, gap_us: u64, _: bool) {
        if gap_us <= self.longest_us {
            self.intervals.push(gap_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_waits_eighteen_means_and_drops_long_gaps() {
        let mut rule = CassandraRule::new(&Cassandra {
            interval: Duration::from_secs(1),
            threshold: 8.0,
        });
        let first = rule.timeout_us();
        assert_eq!(first, 36_841_361, "the first sample is twice the interval");
        (0..1_500).for_each(|_| rule.learn(1_000_000, true));
        assert_eq!(rule.timeout_us(), 18_420_680);
        rule.learn(2_000_001, true);
        assert_eq!(rule.timeout_us(), 18_420_680);
    }
}
