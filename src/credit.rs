//! Time in which the peer could not have been asked, taken off the silence that a verdict counts.

use crate::time::Instant;

/// How much longer than its bound a silence may last.
///
/// Lateness is credited by [`Watch`](crate::watch::Watch), which stands still while nobody looks. While probes cannot be
/// sent, or were voided, answers to earlier ones are still listened for, so observed time goes on and the bound is extended
/// instead. A sign of life at or after `at` makes all of the credit void: the silence counts from there.
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
        self.span_us = self.span_us.saturating_add(span_us);
        self.at = self.at.max(at);
    }

    /// The peer was alive at `alive_at`.
    pub(crate) const fn heard(&mut self, alive_at: Instant) {
        if alive_at.as_micros() >= self.at.as_micros() {
            self.span_us = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credit_lasts_until_the_peer_was_alive_after_it() {
        let at = Instant::from_secs;
        let mut credit = Credit::NONE;
        credit.add(3, at(5));
        credit.add(4, at(9));
        credit.heard(at(8));
        assert_eq!(credit.span_us(), 7);
        credit.heard(at(9));
        assert_eq!(credit.span_us(), 0);
    }
}
