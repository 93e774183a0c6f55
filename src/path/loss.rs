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
mod tests {
    use super::*;

    #[test]
    fn follows_jeffreys() {
        let mut loss = LossRate::new();
        assert!((loss.probability() - 0.5).abs() < 1e-9);
        for _ in 0..9 {
            loss.answered();
        }
        assert!((loss.probability() - 0.05).abs() < 1e-9);
        loss.lost();
        assert!((loss.probability() - 1.5 / 11.0).abs() < 1e-9);
        loss.found();
        assert!((loss.probability() - 0.5 / 11.0).abs() < 1e-9);
    }

    /// Both counts are halved as the 4,096th probe is counted.
    #[test]
    fn fades_by_half() {
        let mut loss = LossRate::new();
        (0..4_095).for_each(|_| loss.lost());
        assert_eq!((loss.sent, loss.lost), (4_095, 4_095));
        loss.lost();
        assert_eq!((loss.sent, loss.lost), (2_048, 2_048));
        loss.answered();
        assert_eq!((loss.sent, loss.lost), (2_049, 2_048));
    }

    #[test]
    fn without_losses_the_record_is_found_as_a_reply() {
        let mut loss = LossRate::new();
        loss.found();
        assert_eq!((loss.sent, loss.lost), (1, 0));
    }

    #[test]
    fn forgets_slowly() {
        let mut loss = LossRate::new();
        for _ in 0..2_000 {
            loss.lost();
        }
        for _ in 0..40_000 {
            loss.answered();
        }
        assert!(loss.probability() < 0.002);
    }
}
