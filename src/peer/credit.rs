//! Credit: time in which the peer could not have been probed, which a verdict does not count as
//! silence.

use crate::math::saturating;
use crate::time::Instant;

/// How much longer than its bound a silence may last.
///
/// [`ObservedClock`](crate::peer::observed_clock::ObservedClock) credits lateness by standing still
/// while the caller is late. While probes cannot be sent, or were voided, replies to earlier ones
/// may still arrive, so observed time goes on and the bound is extended instead. The silence counts
/// from the last sign of life, so no more is credited than lies after that.
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

    /// Drops the credit where the peer was alive, at `alive_at`, after all of it.
    pub(crate) const fn heard(&mut self, alive_at: Instant) {
        if alive_at.as_micros() >= self.at.as_micros() {
            self.span_us = 0;
        }
    }

    /// Limits the credit to what lies after `alive_at`.
    pub(crate) const fn limit(&mut self, alive_at: Instant) {
        self.span_us = saturating::min(self.span_us, self.at.since(alive_at));
    }

    /// Credits all time from `alive_at`, when a dead peer was alive, to the end of the last
    /// credited span, so that the silence counts from that end.
    pub(crate) const fn count_from(&mut self, alive_at: Instant) {
        self.span_us = self.at.since(alive_at);
    }
}

#[cfg(test)]
mod tests;
