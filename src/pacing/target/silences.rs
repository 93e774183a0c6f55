//! The histogram of the silences that followed each steady probe.

use core::mem::take;

use super::exponent::{log2, rounded};
use crate::math::saturating;

/// The number of bins for lengths below the bound D. Bin `j` holds `[D/2^(j+1), D/2^j)`, and the
/// last one all shorter lengths.
pub(super) const BINS: usize = 13;
/// The whole bound in 16 fractional bits, the unit of all weights.
pub(super) const ONE: u32 = 1 << 16;

/// The weights of silences of each length. Every steady probe is weighted by its interval, so the
/// result does not depend on how often the path was probed. The last weight is for silences of the
/// whole bound and more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Silences {
    weights: [u32; BINS + 1],
    total: u32,
    probes: u32,
    /// Lost probes, in halves.
    lost: u32,
}

impl Silences {
    pub(super) const NEW: Self = Self {
        weights: [0; BINS + 1],
        total: 0,
        probes: 0,
        lost: 0,
    };

    /// Counts a silence of `length_us` after a probe that stands for `share` of the bound.
    pub(super) fn add(&mut self, length_us: u64, bound_us: u64, share: u16) {
        if let Some(weight) = self.weights.get_mut(bin(length_us, bound_us)) {
            *weight = weight.saturating_add(u32::from(share));
        }
        self.total = self.total.saturating_add(u32::from(share));
        self.probes = self.probes.saturating_add(1);
    }

    /// Records that the probe counted last got no reply itself.
    pub(super) const fn add_lost(&mut self) {
        self.lost = self.lost.saturating_add(2);
    }

    /// Returns the probability that a probe is lost, by Jeffreys' estimate.
    pub(super) fn loss(&self) -> f32 {
        debug_assert!(self.lost / 2 <= self.probes);
        (self.lost as f32 + 1.0) / (2.0 * self.probes as f32 + 2.0)
    }

    /// Returns the longest expected run of losses among the counted probes, if losses are
    /// independent.
    #[allow(clippy::cast_possible_truncation)] // a small number
    pub(super) fn independent(&self) -> u8 {
        let in_a_row = log2(self.probes as f32 + 1.0) / -log2(self.loss().min(0.5));
        rounded((in_a_row - 0.5).max(0.0)) as u8
    }

    /// Returns the counted time in bounds.
    pub(super) const fn span(&self) -> u32 {
        self.total >> 16
    }

    /// Halves all counts, so that old ones count less.
    pub(super) fn halve(&mut self) {
        self.scale(|weight| weight / 2);
        self.probes /= 2;
        self.lost /= 2;
    }

    /// Adds the counts of another path or peer, for the same bound.
    pub(super) fn merge(&mut self, other: &Self) {
        for (weight, more) in self.weights.iter_mut().zip(other.weights) {
            *weight = weight.saturating_add(more);
        }
        self.total = self.total.saturating_add(other.total);
        self.probes = self.probes.saturating_add(other.probes);
        self.lost = self.lost.saturating_add(other.lost);
    }

    /// Converts the counts to a bound of twice the length. What may have been shorter than that
    /// bound still counts as longer.
    pub(super) fn double_bound(&mut self) {
        let [bins @ .., shortest, _] = &mut self.weights;
        bins.rotate_right(1);
        let [longest, ..] = bins;
        *shortest = shortest.saturating_add(take(longest));
        self.scale(|weight| weight / 2);
    }

    /// Converts the counts to a bound of half the length.
    pub(super) fn halve_bound(&mut self) {
        let [bins @ .., _, whole] = &mut self.weights;
        let [longest, ..] = bins;
        *whole = whole.saturating_add(take(longest));
        bins.rotate_left(1);
        self.scale(|weight| weight.saturating_mul(2));
    }

    /// Changes all weights, and their sum with them.
    fn scale(&mut self, scaled: impl Fn(u32) -> u32) {
        self.total = 0;
        for weight in &mut self.weights {
            *weight = scaled(*weight);
            self.total = self.total.saturating_add(*weight);
        }
    }

    /// Creates the counts from stored values.
    #[cfg(feature = "serde")]
    pub(super) fn of(weights: [u32; BINS + 1], probes: u32, lost: u32) -> Self {
        let mut silences = Self {
            weights,
            total: 0,
            probes,
            lost,
        };
        silences.scale(|weight| weight);
        silences
    }

    /// Returns the lost probes, in halves.
    #[cfg(feature = "serde")]
    pub(super) const fn lost(&self) -> u32 {
        self.lost
    }

    /// Returns the number of counted probes, older ones counting less.
    pub(super) const fn probes(&self) -> u32 {
        self.probes
    }

    /// Returns the average weight of a probe; 1 before the first.
    pub(super) fn unit(&self) -> f32 {
        if self.probes == 0 || self.total == 0 {
            return 1.0;
        }
        self.total as f32 / (ONE as f32 * self.probes as f32)
    }

    /// Returns the number of silences of half the bound and more, in probes.
    pub(super) fn longest(&self) -> f32 {
        let [half, .., whole] = self.weights;
        half.saturating_add(whole) as f32 / (ONE as f32 * self.unit())
    }

    /// Returns the weights by bin, the last for silences of the whole bound and more.
    pub(super) const fn weights(&self) -> &[u32; BINS + 1] {
        &self.weights
    }
}

/// Returns the bin of a silence, without a division.
fn bin(length_us: u64, bound_us: u64) -> usize {
    if length_us >= bound_us {
        return BINS;
    }
    if length_us == 0 {
        return BINS - 1;
    }
    let halvings = saturating::leading_zeros(length_us) - saturating::leading_zeros(bound_us);
    let over = u32::from(halvings > 0 && length_us << halvings >= bound_us);
    (halvings.saturating_sub(over) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests;
