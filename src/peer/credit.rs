//! Time in which the peer could not have been asked, taken off the silence that a verdict counts.

use crate::math::saturating;
use crate::time::Instant;

/// How much longer than its bound a silence may last.
///
/// Lateness is credited by [`ObservedClock`](crate::peer::observed_clock::ObservedClock), which stands still while nobody looks. While probes cannot be
/// sent, or were voided, answers to earlier ones are still listened for, so observed time goes on and the bound is extended
/// instead. The silence counts from the last sign of life, so no more of it is credited than lies after that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credit {
    span_us: u64,
    /// The end of the last credited span.
    at: Instant,
}

impl Credit {
    pub(crate) const NONE: Self = Self {
        span_us: 0,
        at: Instant::ZERO,
    };

    pub(crate) const fn span_us(&self) -> u64 {
        self.span_us
    }

    /// Credits `span_us` that end at `at`.
    pub(crate) const fn add(&mut self, span_us: u64, at: Instant) {
        self.span_us = saturating::plus(self.span_us, span_us);
        self.at = self.at.max(at);
    }

    /// The peer was alive at `alive_at`.
    pub(crate) const fn heard(&mut self, alive_at: Instant) {
        if alive_at.as_micros() >= self.at.as_micros() {
            self.span_us = 0;
        }
    }

    /// No more is credited than what lies after `alive_at`.
    pub(crate) const fn limit(&mut self, alive_at: Instant) {
        self.span_us = saturating::min(self.span_us, self.at.since(alive_at));
    }

    /// A dead peer was alive at `alive_at`: the silence counts from what was credited since.
    pub(crate) const fn count_from(&mut self, alive_at: Instant) {
        self.span_us = self.at.since(alive_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_credited_than_lies_after_the_last_sign_of_life() {
        let at = Instant::from_micros;
        let mut credit = Credit::NONE;
        credit.add(3, at(5));
        credit.add(4, at(9));
        for (alive_at, left) in [(1, 7), (2, 7), (3, 6), (8, 1)] {
            credit.limit(at(alive_at));
            assert_eq!(credit.span_us(), left, "{alive_at}");
        }
        credit.heard(at(9));
        assert_eq!(credit.span_us(), 0);
    }
}
