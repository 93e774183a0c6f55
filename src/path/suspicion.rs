//! The suspicion level: how improbable it is that a live peer stays silent for this long.

use core::fmt;

use crate::math::fixed_point::{divided, improbability_milli};
use crate::math::saturating;
use crate::path::loss::LossRate;
use crate::path::window::Moments;
use crate::time::saturate;

/// How improbable it is that a live peer stays silent for this long, in decades (powers of ten).
/// Level 3 means that one in 1,000 silences of a live peer lasts at least as long.
///
/// The level is the sum of -log10(P(lost) + P(answered) P(RTT > age)) over the unanswered probes,
/// in thousandths. It never falls while nothing arrives, and it is always finite. It does not
/// change for the time by which this process polled late.
///
/// P(RTT > age) is Cantelli's bound from the mean and variance of the window, which holds for every
/// distribution. It is never below 1/(n + 1), the probability that the next of n + 1 samples is the
/// longest. P(lost) is Jeffreys' estimate. The formula treats losses as independent, so the level
/// rises too fast on paths that lose in bursts. The level is for display and diagnosis: no verdict
/// depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SuspicionLevel(u32);

impl SuspicionLevel {
    /// No evidence.
    pub const ZERO: Self = Self(0);
    /// The smallest level above zero, which every verdict `Dead` has at least.
    pub(crate) const LEAST: Self = Self(1);

    /// Returns the level in thousandths of a decade.
    #[must_use]
    pub const fn as_milli(self) -> u32 {
        self.0
    }

    /// Returns the sum of both levels, saturating.
    pub(crate) const fn plus(self, evidence: Self) -> Self {
        Self(self.0.saturating_add(evidence.0))
    }

    /// Returns this level, but at least [`LEAST`](Self::LEAST): the level of a verdict against a
    /// peer is always above zero.
    pub(crate) const fn at_least_some(self) -> Self {
        Self(if self.0 > 0 { self.0 } else { 1 })
    }

    /// Returns this level minus `evidence`, saturating.
    pub(crate) const fn less(self, evidence: Self) -> Self {
        Self(self.0.saturating_sub(evidence.0))
    }
}

impl fmt::Display for SuspicionLevel {
    /// Writes decades with one decimal, rounded down: `3.2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 1_000, self.0 % 1_000 / 100)
    }
}

/// The path's measurements from before the episode, to which the silence is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Model {
    mean_us: u32,
    deviation_us: u32,
    loss_q32: u32,
    samples: u16,
}

impl Model {
    /// The model of a path that was never measured.
    pub(crate) const UNKNOWN: Self = Self::new(&Moments::new(), &LossRate::new());

    pub(crate) const fn new(moments: &Moments, loss: &LossRate) -> Self {
        Self {
            mean_us: moments.mean_us(),
            deviation_us: moments.deviation_us(),
            loss_q32: loss.probability_q32(),
            samples: moments.count(),
        }
    }

    /// Returns what a probe without a reply after `age_us` adds to the level. It never falls as the
    /// age grows.
    pub(crate) fn evidence(&self, age_us: u64) -> SuspicionLevel {
        SuspicionLevel(improbability_milli(
            self.either(self.tail_q32(saturate(age_us))),
        ))
    }

    /// Returns P(RTT > age) in 2^32: [Cantelli's
    /// bound](https://en.wikipedia.org/wiki/Cantelli%27s_inequality) V / (V + (age - mean)^2), at
    /// least 1/(n + 1).
    #[allow(clippy::cast_possible_truncation)] // no greater than the dividend
    fn tail_q32(&self, age_us: u32) -> u32 {
        let unseen = divided(u32::MAX.into(), u64::from(self.samples) + 1) as u32;
        let Some(excess) = age_us.checked_sub(self.mean_us) else {
            return u32::MAX;
        };
        cantelli_q32(self.deviation_us, excess).max(unseen)
    }

    /// Returns P(lost) + P(answered) * `tail` in 2^32; it is at most P(lost) + P(answered).
    #[allow(clippy::cast_possible_truncation)] // the high half
    fn either(&self, tail_q32: u32) -> u32 {
        let late = (u64::from(u32::MAX - self.loss_q32) * u64::from(tail_q32)) >> 32;
        self.loss_q32 + late as u32
    }
}

/// Returns V / (V + excess^2) in 2^32, with V = (deviation + 1)^2. The added 1 covers the rounding
/// of the samples to whole microseconds.
///
/// Both numbers are shifted so that the greater keeps its first 15 bits, and 32 bits hold all
/// squares. The result never rises with `excess_us`, since both are rounded down in the same way.
const fn cantelli_q32(deviation_us: u32, excess_us: u32) -> u32 {
    let deviation = deviation_us.saturating_add(1);
    let zeros = saturating::leading_zeros((deviation | excess_us) as u64);
    let shift = (u64::BITS - 15).saturating_sub(zeros);
    let variance = square(deviation >> shift);
    saturate(divided(
        (variance as u64) << 32,
        (variance + square(excess_us >> shift)) as u64,
    ))
}

const fn square(value: u32) -> u32 {
    value * value
}

#[cfg(test)]
mod tests;
