//! The probe timeout, learnt from the round-trip times as in RFC 6298.

use crate::time::saturate;

#[cfg(feature = "alloc")]
mod compact;

#[cfg(feature = "alloc")]
pub(crate) use compact::CompactRtt;

/// The largest back-off, as a power of two: beyond it every timeout is at its ceiling anyway.
const BACKOFF_MAX: u32 = 32;

/// The flag in `backoff` that is set once there is a sample.
const SAMPLED: u32 = 1 << 7;

/// The smoothed round-trip time and its variation, as TCP keeps them (RFC 6298 section 2; Jacobson
/// 1988, appendix A).
///
/// The smoothed value is stored times 8 and the variation times 4, so that both converge exactly on
/// a constant input. Rounded values would stay up to seven units off.
///
/// An overdue probe shows only that its round trip takes *at least* the timeout. So the timeout is
/// doubled and no sample is taken (Karn's rule). A reply ends the doubling. A late reply does too,
/// because its probe id identifies its probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RttEstimator {
    smoothed_x8_us: u64,
    /// Saturates at `u32::MAX`, as the timeout does.
    variation_x4_us: u32,
    /// Doublings since the last sample, with the flag [`SAMPLED`].
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
    /// Records a round-trip time and ends the doubling.
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

    /// Returns the sample to take for a round-trip time of which only the limits `least_us` and
    /// `most_us` are known: the one between them that changes the estimate least.
    ///
    /// The smoothed value would leave the mean as it is, and let the variation fade. So it is one
    /// variation `longer` or shorter, by turns. Before the first sample it is `most_us`: the timeout
    /// that follows is not too short.
    pub(crate) fn likely_us(&self, least_us: u32, most_us: u32, longer: bool) -> u32 {
        let (smoothed_us, variation_us) = (self.smoothed_us(), self.variation_x4_us >> 2);
        let likely_us = if self.is_unsampled() {
            u32::MAX
        } else if longer {
            smoothed_us.saturating_add(variation_us)
        } else {
            smoothed_us.saturating_sub(variation_us)
        };
        likely_us.min(most_us).max(least_us)
    }

    const fn is_unsampled(&self) -> bool {
        self.backoff & SAMPLED == 0
    }

    /// Records that a probe is overdue, which is a censored sample: doubles the timeout.
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
    /// Returns the smoothed round-trip time, 0 before the first sample.
    pub(crate) const fn smoothed_us(&self) -> u32 {
        (self.smoothed_x8_us >> 3) as u32
    }

    /// Returns smoothed + 4 variations, without the floor and the doublings, or `first` before the
    /// first sample.
    pub(crate) const fn learnt_us(&self, first: u32) -> u32 {
        if self.is_unsampled() {
            return first;
        }
        self.expected_us()
    }

    /// Returns smoothed + 4 variations.
    const fn expected_us(&self) -> u32 {
        self.smoothed_us().saturating_add(self.variation_x4_us)
    }

    /// Returns the timeout: `first` before the first sample, then smoothed + 4 variations; at least
    /// `min`, and doubled for each probe that became overdue since the last sample.
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

/// Doubles `timeout_us` this many times, saturating. Only overdue probes need it, so it is kept out
/// of the path of a reply.
#[cold]
const fn doubled(timeout_us: u32, times: u32) -> u32 {
    saturate((timeout_us as u64) << times)
}

#[cfg(test)]
mod tests;
