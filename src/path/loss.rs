//! The share of probes that get no reply.

use crate::math::fixed_point::{divided, fraction};

/// The total at which the counts are halved, so that the rate follows the path: about the last
/// 4,000 probes count.
const MEMORY: u16 = 4_096;

/// The share of probes that were lost, by Jeffreys' estimate (lost + 1/2) / (sent + 1).
///
/// The estimate is never 0, because a path without a loss so far may still lose probes: it is 1/2
/// before the first probe and 1/2,002 after 1,000 replies. Whenever 4,096 probes are counted, both
/// counts are halved, so that the weight of old probes decreases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossRate {
    sent: u16,
    /// The number of lost probes among `sent`.
    lost: u16,
}

impl LossRate {
    pub(crate) const fn new() -> Self {
        Self { sent: 0, lost: 0 }
    }

    /// Records a probe that got a reply.
    #[cfg_attr(target_has_atomic = "32", inline)]
    #[cfg_attr(not(target_has_atomic = "32"), inline(never))]
    pub(crate) const fn answered(&mut self) {
        if self.sent < MEMORY - 1 {
            self.sent += 1;
        } else {
            self.fade();
        }
        debug_assert!(self.lost <= self.sent && self.sent < MEMORY);
    }

    /// Records a probe that got no reply.
    pub(crate) const fn lost(&mut self) {
        self.lost += 1;
        self.answered();
    }

    /// Records a reply to a probe that was counted as lost.
    pub(crate) const fn found(&mut self) {
        match self.lost.checked_sub(1) {
            Some(fewer) => self.lost = fewer,
            None => self.answered(),
        }
    }

    #[cold]
    const fn fade(&mut self) {
        self.sent = MEMORY / 2;
        self.lost /= 2;
    }

    /// Returns the probability that a probe is lost, 0 to 1.
    #[must_use]
    pub const fn probability(&self) -> f64 {
        fraction(self.probability_q32(), 32)
    }

    /// Returns the probability that a probe is lost, in 2^32: (2 lost + 1) / (2 (sent + 1)), never
    /// 0.
    // The quotient is below 2^32, since 2 * lost + 1 < 2 * (sent + 1).
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) const fn probability_q32(&self) -> u32 {
        divided((2 * self.lost as u64 + 1) << 31, self.sent as u64 + 1) as u32
    }
}

#[cfg(test)]
mod tests;
