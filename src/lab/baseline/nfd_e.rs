//! Chen, Toueg and Aguilera's NFD-E (\[Chen02\], section 6.3).

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::expected_arrival::ExpectedArrival;
use super::{Baseline, Freshness, INTERVALS, Periodic, shares};
use crate::Instant;
use crate::lab::Answer;
use crate::time::micros;

/// A probe every `interval`; Dead `margin` after the next answer was expected from the newest answers.
///
/// It promises detection within interval + margin *of the expected delay*: on a path whose queues grow the
/// expectation grows with them, and the bound is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NfdE {
    /// Send to send: eta.
    pub interval: Duration,
    /// How long past the expected arrival: alpha.
    pub margin: Duration,
    /// Answers the expectation is the mean of; 32 in the paper.
    pub window: usize,
}

impl Baseline for NfdE {
    const NAME: &'static str = "NFD-E";
    const KEEPS_BOUND: bool = false;
    type Detector = Periodic<NfdERule>;

    fn detector(&self, start: Instant) -> Self::Detector {
        Periodic::new(micros(self.interval), start, NfdERule::new(self))
    }

    fn sweep(bound: Duration) -> Vec<Self> {
        let with = |interval| Self {
            interval,
            margin: bound.saturating_sub(interval),
            window: 32,
        };
        shares(bound, &INTERVALS).map(with).collect()
    }
}

impl fmt::Display for NfdE {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "interval {:?} margin {:?} window {}",
            self.interval, self.margin, self.window
        )
    }
}

/// [`NfdE`]: fresh until the expected arrival of the next answer plus the margin.
#[derive(Clone, Debug)]
pub struct NfdERule {
    margin_us: u64,
    first_us: u64,
    expected: ExpectedArrival,
    newest: Option<u64>,
}

impl NfdERule {
    const fn new(settings: &NfdE) -> Self {
        let interval_us = micros(settings.interval);
        let margin_us = micros(settings.margin);
        Self {
            margin_us,
            first_us: interval_us.saturating_add(margin_us),
            expected: ExpectedArrival::new(interval_us, settings.window),
            newest: None,
        }
    }
}

impl Freshness for NfdERule {
    fn first(&self, start: Instant) -> Instant {
        start.plus(self.first_us)
    }

    fn after(&mut self, answer: &Answer, _: Instant) -> Option<Instant> {
        if self.newest.is_some_and(|newest| answer.id <= newest) {
            return None;
        }
        self.newest = Some(answer.id);
        self.expected.record(answer);
        let expected = self.expected.of(answer.id + 1)?;
        Some(Instant::from_micros(expected as u64).plus(self.margin_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(id: u64, rtt_ms: u64) -> Answer {
        let sent = Instant::from_secs(id);
        Answer {
            id,
            sent,
            at: sent.plus(rtt_ms * 1_000),
        }
    }

    #[test]
    fn the_freshness_point_is_the_expected_arrival_plus_the_margin() {
        let second = Duration::from_secs(1);
        let mut rule = NfdERule::new(&NfdE {
            interval: second,
            margin: second / 2,
            window: 2,
        });
        let mut after = |a: Answer| rule.after(&a, Instant::ZERO).map(Instant::as_micros);
        assert_eq!(after(answer(0, 100)), Some(1_600_000));
        assert_eq!(after(answer(2, 300)), Some(3_700_000));
        assert_eq!(after(answer(1, 1_900)), None, "older than the newest");
        assert_eq!(after(answer(3, 500)), Some(4_900_000));
    }
}
