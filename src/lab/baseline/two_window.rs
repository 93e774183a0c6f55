//! The two-window detector of Tomsic, Sens, Garcia, Arantes and Sopena (IPDPS 2015).

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::expected_arrival::ExpectedArrival;
use super::{Baseline, Freshness, INTERVALS, Periodic, shares};
use crate::Instant;
use crate::lab::Answer;
use crate::time::micros;

/// As [`NfdE`](super::NfdE), with the later of two expectations: of the last answer, and of the last thousand.
///
/// It follows a delay that grows at once and forgets it slowly. The bound is relative to the expected delay, as
/// NFD-E's, and not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoWindow {
    /// Send to send.
    pub interval: Duration,
    /// How long past the later expected arrival.
    pub margin: Duration,
    /// Answers in the short window; 1 in the paper.
    pub short: usize,
    /// Answers in the long window; 1000 in the paper.
    pub long: usize,
}

impl Baseline for TwoWindow {
    const NAME: &'static str = "2W-FD";
    const KEEPS_BOUND: bool = false;
    type Detector = Periodic<TwoWindowRule>;

    fn detector(&self, start: Instant) -> Self::Detector {
        Periodic::new(micros(self.interval), start, TwoWindowRule::new(self))
    }

    fn sweep(bound: Duration) -> Vec<Self> {
        let with = |interval| Self {
            interval,
            margin: bound.saturating_sub(interval),
            short: 1,
            long: 1_000,
        };
        shares(bound, &INTERVALS).map(with).collect()
    }
}

impl fmt::Display for TwoWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            interval,
            margin,
            short,
            long,
        } = self;
        write!(
            f,
            "interval {interval:?} margin {margin:?} windows {short}, {long}"
        )
    }
}

/// [`TwoWindow`]: fresh until the later of two expected arrivals plus the margin.
#[derive(Clone, Debug)]
pub struct TwoWindowRule {
    margin_us: u64,
    first_us: u64,
    expected: [ExpectedArrival; 2],
    newest: Option<u64>,
}

impl TwoWindowRule {
    fn new(settings: &TwoWindow) -> Self {
        let interval_us = micros(settings.interval);
        let margin_us = micros(settings.margin);
        Self {
            margin_us,
            first_us: interval_us.saturating_add(margin_us),
            expected: [settings.short, settings.long].map(|n| ExpectedArrival::new(interval_us, n)),
            newest: None,
        }
    }
}

impl Freshness for TwoWindowRule {
    fn first(&self, start: Instant) -> Instant {
        start.plus(self.first_us)
    }

    fn after(&mut self, answer: &Answer, _: Instant) -> Option<Instant> {
        if self.newest.is_some_and(|newest| answer.id <= newest) {
            return None;
        }
        self.newest = Some(answer.id);
        self.expected
            .iter_mut()
            .for_each(|window| window.record(answer));
        let later = self
            .expected
            .iter()
            .filter_map(|window| window.of(answer.id + 1))
            .fold(0.0, f64::max);
        Some(Instant::from_micros(later as u64).plus(self.margin_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_with_one_late_answer_and_falls_with_the_long_mean() {
        let second = Duration::from_secs(1);
        let settings = TwoWindow {
            interval: second,
            margin: second,
            short: 1,
            long: 4,
        };
        let mut rule = TwoWindowRule::new(&settings);
        let mut after = |id: u64, rtt_ms: u64| {
            let sent = Instant::from_secs(id);
            let fresh = rule.after(
                &Answer {
                    id,
                    sent,
                    at: sent.plus(rtt_ms * 1_000),
                },
                Instant::ZERO,
            );
            // What is left of the freshness point past the next send and the margin: the expected delay.
            fresh.map(|until| until.as_micros() / 1_000 - (id + 2) * 1_000)
        };
        assert_eq!(after(0, 100), Some(100));
        assert_eq!(after(1, 500), Some(500), "the short window leads");
        assert_eq!(after(2, 100), Some(233), "the long window remembers");
        assert_eq!(after(3, 100), Some(200));
    }
}
