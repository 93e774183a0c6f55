//! The empirical accrual detector of Satzger, Pietzowski, Trumler and Ungerer (SAC 2007).

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::{Baseline, FEW_INTERVALS, Periodic, Silence, SinceArrival, shares};
use crate::brief;
use crate::time::micros;
use systole::Instant;

/// A probe every `interval`; Dead once this share of the observed inter-arrival times is no longer
/// than the scaled silence since the last arrival.
///
/// The distribution has no tail: suspicion reaches 1 just past the longest observed gap. The
/// detector keeps no bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Satzger {
    /// The interval from send to send.
    pub interval: Duration,
    /// The share of inter-arrival times, at most 1.
    pub threshold: f64,
    /// The factor, below 1, by which the silence is multiplied before the comparison.
    pub scale: f64,
}

/// The number of inter-arrival times in the window.
const WINDOW: usize = 1_000;

impl Baseline for Satzger {
    const NAME: &'static str = "Satzger";
    const KEEPS_BOUND: bool = false;
    type Detector = Periodic<SinceArrival<SatzgerRule>>;

    fn detector(&self, start: Instant) -> Self::Detector {
        let rule = SinceArrival::new(SatzgerRule::new(self));
        Periodic::new(micros(self.interval), start, rule)
    }

    /// The scale that allows, on a steady path, a silence of the bound less an interval; and the
    /// published 0.9.
    fn sweep(bound: Duration) -> Vec<Self> {
        let of = |threshold: f64| {
            move |interval: Duration| {
                let fit = interval.as_secs_f64() / bound.saturating_sub(interval).as_secs_f64();
                [fit.min(0.9), 0.9].map(|scale| Self {
                    interval,
                    threshold,
                    scale,
                })
            }
        };
        [0.5, 0.99, 1.0]
            .into_iter()
            .flat_map(|share| shares(bound, &FEW_INTERVALS).flat_map(of(share)))
            .collect()
    }
}

impl fmt::Display for Satzger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interval = brief(self.interval);
        write!(
            f,
            "every {interval}, threshold {}, scale {:.3}",
            self.threshold, self.scale
        )
    }
}

/// The rule of [`Satzger`]: fresh for a quantile of the observed inter-arrival times, divided by
/// the scale.
#[derive(Clone, Debug)]
pub struct SatzgerRule {
    threshold: f64,
    scale: f64,
    in_order: VecDeque<u64>,
    sorted: Vec<u64>,
}

impl SatzgerRule {
    fn new(settings: &Satzger) -> Self {
        let mut rule = Self {
            threshold: settings.threshold,
            scale: settings.scale,
            in_order: VecDeque::new(),
            sorted: Vec::new(),
        };
        rule.record(micros(settings.interval));
        rule
    }

    fn record(&mut self, gap_us: u64) {
        if self.in_order.len() >= WINDOW {
            let oldest = self.in_order.pop_front().unwrap_or_default();
            let _ = self
                .sorted
                .remove(self.sorted.partition_point(|&gap| gap < oldest));
        }
        self.in_order.push_back(gap_us);
        self.sorted
            .insert(self.sorted.partition_point(|&gap| gap < gap_us), gap_us);
    }
}

impl Silence for SatzgerRule {
    fn timeout_us(&self) -> u64 {
        let rank = libm::ceil(self.threshold * self.sorted.len() as f64) as usize;
        let rank = rank.clamp(1, self.sorted.len().max(1));
        let gap = self.sorted.get(rank - 1).copied().unwrap_or_default();
        (gap as f64 / self.scale) as u64
    }

    fn learn(&mut self, gap_us: u64, _: bool) {
        self.record(gap_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_a_quantile_of_the_gaps_and_forgets_the_oldest() {
        let settings = Satzger {
            interval: Duration::from_micros(900),
            threshold: 0.5,
            scale: 0.9,
        };
        let mut rule = SatzgerRule::new(&settings);
        assert_eq!(rule.timeout_us(), 1_000);
        for gap in [90, 180, 270] {
            rule.record(gap);
        }
        assert_eq!(rule.timeout_us(), 200, "2 of 4 gaps are at most 180");
        for _ in 0..WINDOW {
            rule.record(450);
        }
        assert_eq!((rule.timeout_us(), rule.sorted.len()), (500, WINDOW));
    }
}
