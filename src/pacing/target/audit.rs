//! The audit: it compares the mistakes with the promise.

use core::time::Duration;

use super::exponent::exp;
use crate::time::{Instant, micros};

/// The significance level. A promise is broken if, at the promised rate, this many mistakes or more
/// are less probable than this.
const SIGNIFICANT: f32 = 0.01;
/// A single mistake never breaks a promise. Otherwise, with a promise of one mistake a day, a
/// mistake in the first fourteen minutes would break it.
const LEAST_MISTAKES: u16 = 2;
/// The audit restarts after this many of the promised times between mistakes, so that a long time
/// without mistakes does not hide new ones.
const PERIODS: f32 = 8.0;
/// A correction is undone after this many of the promised times without a mistake (probability 5
/// %).
const QUIET: f32 = 3.0;
/// The largest number of doublings of the price of a mistake. With more, intervals hardly get
/// shorter.
const STRICTEST: u8 = 4;

/// Counts mistakes against the promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Audit {
    since: Instant,
    /// The number of times that the price of a mistake is doubled.
    strictness: u8,
    begun: bool,
    broken: bool,
    mistakes: u16,
}

impl Audit {
    pub(super) const NEW: Self = Self {
        since: Instant::ZERO,
        strictness: 0,
        begun: false,
        broken: false,
        mistakes: 0,
    };

    pub(super) const fn mistakes(&self) -> u16 {
        self.mistakes
    }

    pub(super) const fn strictness(&self) -> u8 {
        self.strictness
    }

    /// Sets the strictness that broken promises led to before.
    pub(super) const fn recall(&mut self, strictness: u8) {
        self.strictness = if strictness < STRICTEST {
            strictness
        } else {
            STRICTEST
        };
    }

    /// Returns how long mistakes have been counted until `now`.
    pub(super) const fn span(&self, now: Instant) -> Duration {
        if self.begun {
            now.saturating_duration_since(self.since)
        } else {
            Duration::ZERO
        }
    }

    /// Returns whether the last mistake broke the promise.
    pub(super) const fn is_broken(&self) -> bool {
        self.broken
    }

    /// Starts the audit with the first probe, or with the first mistake: a lease can lapse before
    /// its first renewal.
    pub(super) const fn begin(&mut self, now: Instant) {
        if !self.begun {
            self.restart(now);
        }
    }

    const fn restart(&mut self, now: Instant) {
        self.begun = true;
        self.since = now;
        self.mistakes = 0;
    }

    /// Records a mistake, if one per `promised_us` is promised.
    pub(super) fn mistake(&mut self, now: Instant, promised_us: f32) {
        self.begin(now);
        self.mistakes = self.mistakes.saturating_add(1);
        let chance = at_least(self.mistakes, self.expected(now, promised_us));
        self.broken = self.mistakes >= LEAST_MISTAKES && chance < SIGNIFICANT;
        if self.broken {
            self.strictness = (self.strictness + 1).min(STRICTEST);
            self.restart(now);
        }
    }

    /// Clears the broken promise once it was reported.
    pub(super) const fn settle(&mut self) {
        self.broken = false;
    }

    /// Undoes a correction or restarts the audit when enough time has passed.
    pub(super) fn review(&mut self, now: Instant, promised_us: f32) {
        let expected = self.expected(now, promised_us);
        let quiet = expected >= QUIET && self.mistakes == 0 && self.strictness > 0;
        if quiet {
            self.strictness -= 1;
        }
        if quiet || expected >= PERIODS {
            self.restart(now);
        }
    }

    /// Returns the number of mistakes that the promise allows in the audited time.
    fn expected(&self, now: Instant, promised_us: f32) -> f32 {
        debug_assert!(promised_us > 0.0);
        micros(self.span(now)) as f32 / promised_us
    }
}

/// Returns the probability of at least `count` events if `expected` are expected: the upper tail of
/// the Poisson distribution.
fn at_least(count: u16, expected: f32) -> f32 {
    let mut term = exp(-expected);
    let mut fewer = 0.0;
    for k in 1..=count {
        fewer += term;
        term *= expected / f32::from(k);
    }
    debug_assert!(fewer >= 0.0);
    (1.0 - fewer).max(0.0)
}

#[cfg(test)]
mod tests;
