//! How long to wait for an answer, learnt from the round-trip times: RFC 6298, kept scaled.

use crate::time::saturate;

#[cfg(feature = "alloc")]
mod compact;

#[cfg(feature = "alloc")]
pub(crate) use compact::CompactRtt;

/// Largest back-off, as a power of two: past it every timeout is at its ceiling anyway.
const BACKOFF_MAX: u32 = 32;

/// Set once there is a sample.
const SAMPLED: u32 = 1 << 7;

/// Smoothed round-trip time and variation, as TCP keeps them (RFC 6298 section 2; Jacobson 1988, appendix A).
///
/// The smoothed value is held times 8 and the variation times 4, so that both converge exactly on a constant
/// input; rounded forms stick up to seven units off.
///
/// A probe that is overdue says that its round trip is *at least* what was waited, not what it was: the timeout is
/// doubled, and no sample is taken (Karn's rule). A reply ends the doubling, a late one included, since a probe's
/// id tells which send it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RttEstimator {
    smoothed_x8_us: u64,
    /// Saturates where the timeout does.
    variation_x4_us: u32,
    /// Doublings since the last sample; with [`SAMPLED`].
    backoff: u32,
}

impl RttEstimator {
    pub(crate) const fn new() -> Self {
        Self {
            smoothed_x8_us: 0,
            variation_x4_us: 0,
            backoff: 0,
        }
    }

    #[inline]
    pub(crate) fn sample(&mut self, rtt_us: u32) {
        if self.is_unsampled() {
            self.smoothed_x8_us = u64::from(rtt_us) << 3;
            self.variation_x4_us = rtt_us.saturating_mul(2);
        } else {
            let smoothed_us = self.smoothed_us();
            let deviation = rtt_us.abs_diff(smoothed_us);
            let rest = self.variation_x4_us - (self.variation_x4_us >> 2);
            self.variation_x4_us = rest.saturating_add(deviation);
            self.smoothed_x8_us += u64::from(rtt_us);
            self.smoothed_x8_us -= u64::from(smoothed_us);
        }
        self.backoff = SAMPLED;
        debug_assert!(self.smoothed_x8_us >> 35 == 0); // a mean of 32-bit samples
    }

    const fn is_unsampled(&self) -> bool {
        self.backoff & SAMPLED == 0
    }

    /// A probe is overdue: a censored sample.
    pub(crate) const fn censored(&mut self) {
        if self.doublings() < BACKOFF_MAX {
            self.backoff += 1;
        }
        debug_assert!(self.doublings() <= BACKOFF_MAX);
    }

    const fn doublings(&self) -> u32 {
        self.backoff & !SAMPLED
    }

    #[allow(clippy::cast_possible_truncation)] // a mean of 32-bit samples
    pub(crate) const fn smoothed_us(&self) -> u32 {
        (self.smoothed_x8_us >> 3) as u32
    }

    /// Smoothed + 4 variations, without a floor and without the doublings; `first` until there is a sample.
    pub(crate) const fn learnt_us(&self, first: u32) -> u32 {
        if self.is_unsampled() {
            return first;
        }
        self.expected_us()
    }

    /// Of what was sampled.
    const fn expected_us(&self) -> u32 {
        self.smoothed_us().saturating_add(self.variation_x4_us)
    }

    /// The timeout: `first` until there is a sample, then smoothed + 4 variations; at least `min`, and doubled for each probe
    /// overdue since.
    #[inline]
    pub(crate) const fn timeout_us(&self, first: u32, min: u32) -> u32 {
        if self.backoff == SAMPLED {
            return floored(self.expected_us(), min);
        }
        doubled(floored(self.learnt_us(first), min), self.doublings())
    }
}

const fn floored(timeout_us: u32, min: u32) -> u32 {
    if timeout_us < min { min } else { timeout_us }
}

/// Rare, and off the way of an answer.
#[cold]
const fn doubled(timeout_us: u32, times: u32) -> u32 {
    saturate((timeout_us as u64) << times)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeout(estimator: &RttEstimator) -> u32 {
        estimator.timeout_us(2_000_000, 1)
    }

    /// The vector of RFC 6298 in Jacobson's integer form, microseconds.
    #[test]
    fn follows_rfc_6298() {
        let mut estimator = RttEstimator::new();
        let rtts = [100_000, 120_000, 80_000, 200_000, 100_000, 100_000];
        let expected = [300_000, 272_500, 249_687, 325_039, 282_534, 248_936];
        for (rtt_us, expected) in rtts.into_iter().zip(expected) {
            estimator.sample(rtt_us);
            assert_eq!(timeout(&estimator), expected);
        }
    }

    #[test]
    fn converges_exactly_on_a_constant() {
        for (first, then) in [(1, 1_007), (5_000_000, 1_007), (1_007, 7)] {
            let mut estimator = RttEstimator::new();
            estimator.sample(first);
            for _ in 0..400 {
                estimator.sample(then);
            }
            assert_eq!(estimator.smoothed_us(), then);
            assert!(timeout(&estimator) <= then + 3);
        }
    }

    #[test]
    fn doubles_for_every_overdue_probe_until_an_answer() {
        let mut estimator = RttEstimator::new();
        assert_eq!(timeout(&estimator), 2_000_000);
        estimator.sample(1_000);
        let steady = timeout(&estimator);
        estimator.censored();
        estimator.censored();
        assert_eq!(timeout(&estimator), 4 * steady);
        estimator.sample(1_000);
        assert!(timeout(&estimator) <= steady);
    }

    /// 32 doublings are the most: one more would take the least timeout out of its 64 bits.
    #[test]
    fn doublings_end_at_32() {
        let mut estimator = RttEstimator::new();
        (0..40).for_each(|_| estimator.censored());
        assert_eq!(estimator.doublings(), 32);
        assert_eq!(estimator.timeout_us(1, 1), u32::MAX);
        estimator.sample(3);
        estimator.sample(3);
        assert_eq!(estimator.timeout_us(1, 8), 8); // 3 + 5
        assert_eq!(estimator.timeout_us(1, 9), 9);
        assert_eq!(estimator.timeout_us(1, 7), 8);
    }

    #[test]
    fn the_floor_is_doubled_too_and_saturates() {
        let mut estimator = RttEstimator::new();
        estimator.sample(10);
        estimator.censored();
        assert_eq!(estimator.timeout_us(1, 500), 1_000);
        for _ in 0..100 {
            estimator.censored();
        }
        assert_eq!(estimator.timeout_us(1, 500), u32::MAX);
    }

    /// A lasting step of any size is covered by the first sample after it: 1/8 of it in the smoothed value and, four-fold, 1/4 in the variation.
    #[test]
    fn one_sample_covers_a_step() {
        for step in [2, 100, 20_000] {
            let mut estimator = RttEstimator::new();
            for _ in 0..50 {
                estimator.sample(1_000);
            }
            for _ in 0..50 {
                estimator.sample(1_000 * step);
                assert!(timeout(&estimator) >= 1_000 * step);
            }
        }
    }
}
