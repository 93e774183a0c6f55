//! The detector of Bertier, Marin and Sens (DSN 2002): Chen's expected arrival with Jacobson's
//! margin.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::expected_arrival::ExpectedArrival;
use super::{Baseline, FEW_INTERVALS, Freshness, Periodic, shares};
use crate::time::{MicrosExt as _, micros};
use crate::{Answer, brief};
use systole::Instant;

/// A probe every `interval`; Dead once the expected arrival has passed by a margin that follows the
/// errors of the expectation.
///
/// Gamma and the factor on the delay have the paper's values 0.1 and 1. The factor on the
/// variation, 4 in the paper, can be swept. The detector states no bound and keeps none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bertier {
    /// The interval from send to send.
    pub interval: Duration,
    /// The factor on the variation of the error, phi in the paper, where it is 4.
    pub variations: f64,
    /// The number of replies over which the expectation is the mean; 1000 in the paper.
    pub window: usize,
}

/// The weight of a new error.
const GAMMA: f64 = 0.1;

impl Baseline for Bertier {
    const NAME: &'static str = "Bertier";
    const KEEPS_BOUND: bool = false;
    type Detector = Periodic<BertierRule>;

    fn detector(&self, start: Instant) -> Self::Detector {
        Periodic::new(micros(self.interval), start, BertierRule::new(self))
    }

    fn sweep(bound: Duration) -> Vec<Self> {
        let of = |variations| {
            move |interval| Self {
                interval,
                variations,
                window: 1_000,
            }
        };
        let factors = [2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
        factors
            .into_iter()
            .flat_map(|factor| shares(bound, &FEW_INTERVALS).map(of(factor)))
            .collect()
    }
}

impl fmt::Display for Bertier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interval = brief(self.interval);
        write!(f, "every {interval}, {} variations", self.variations)
    }
}

/// The rule of [`Bertier`]: fresh until the expected arrival of the next reply plus the margin.
#[derive(Clone, Debug)]
pub struct BertierRule {
    interval_us: u64,
    variations: f64,
    expected: ExpectedArrival,
    newest: Option<u64>,
    delay: f64,
    variation: f64,
}

impl BertierRule {
    const fn new(settings: &Bertier) -> Self {
        let interval_us = micros(settings.interval);
        Self {
            interval_us,
            variations: settings.variations,
            expected: ExpectedArrival::new(interval_us, settings.window),
            newest: None,
            delay: 0.0,
            variation: 0.0,
        }
    }

    /// Learns from an arrival. The error is measured against the expectation *without* its margin;
    /// otherwise the margin would halve itself.
    fn learn(&mut self, arrival: f64, expected: f64) {
        let error = arrival - expected - self.delay;
        self.delay += GAMMA * error;
        self.variation += GAMMA * (error.abs() - self.variation);
    }

    fn margin(&self) -> f64 {
        self.delay + self.variations * self.variation
    }
}

impl Freshness for BertierRule {
    fn first(&self, start: Instant) -> Instant {
        start.plus(self.interval_us.saturating_mul(2))
    }

    fn after(&mut self, answer: &Answer, _: Instant) -> Option<Instant> {
        if self.newest.is_some_and(|newest| answer.id <= newest) {
            return None;
        }
        self.newest = Some(answer.id);
        if let Some(expected) = self.expected.of(answer.id) {
            self.learn(answer.at.as_micros() as f64, expected);
        }
        self.expected.record(answer);
        let next = self.expected.of(answer.id + 1)?;
        Some(Instant::from_micros((next + self.margin()) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> BertierRule {
        let second = Duration::from_secs(1);
        BertierRule::new(&Bertier {
            interval: second,
            variations: 4.0,
            window: 1_000,
        })
    }

    #[test]
    fn margin_follows_the_formulas() {
        let mut rule = rule();
        rule.learn(1_000.0, 0.0);
        assert_eq!(
            (rule.delay, rule.variation, rule.margin()),
            (100.0, 100.0, 500.0)
        );
        rule.learn(0.0, 0.0);
        assert_eq!(
            (rule.delay, rule.variation, rule.margin()),
            (90.0, 100.0, 490.0)
        );
    }

    /// With errors of a constant size the margin settles at the factor times that size, not at half
    /// of it.
    #[test]
    fn the_margin_does_not_feed_back_into_the_error() {
        let mut rule = rule();
        for i in 0..2_000 {
            rule.learn(if i % 2 == 0 { 100.0 } else { -100.0 }, 0.0);
        }
        assert!(
            (rule.margin() / 400.0 - 1.0).abs() < 0.1,
            "{}",
            rule.margin()
        );
    }
}
