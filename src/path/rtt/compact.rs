//! The compact form of an RTT estimator, four bytes smaller. The fleet stores it for peers that
//! need no full state.

use super::RttEstimator;

#[derive(Clone, Debug)]
pub(crate) struct CompactRtt {
    smoothed_us: u32,
    variation_x4_us: u32,
    smoothed_eighths: u8,
    backoff: u8,
}

impl RttEstimator {
    #[allow(clippy::cast_possible_truncation)] // three bits; a flag and a number up to 32
    /// Returns the compact form.
    pub(crate) const fn rest(&self) -> CompactRtt {
        CompactRtt {
            smoothed_us: self.smoothed_us(),
            variation_x4_us: self.variation_x4_us,
            smoothed_eighths: self.smoothed_x8_us as u8 & 7,
            backoff: self.backoff as u8,
        }
    }
}

impl CompactRtt {
    /// Restores the estimator.
    pub(crate) fn wake(&self) -> RttEstimator {
        RttEstimator {
            smoothed_x8_us: u64::from(self.smoothed_us) << 3 | u64::from(self.smoothed_eighths),
            variation_x4_us: self.variation_x4_us,
            backoff: u32::from(self.backoff),
        }
    }
}
