//! How long the path stays silent: a histogram of what followed each steady probe.

use super::exponent::{log2, rounded};
use crate::math::saturating;

/// Lengths below the bound, by halves: bin `j` holds `[D/2^(j+1), D/2^j)`, the last one all that is shorter.
pub(super) const BINS: usize = 13;
/// One share of the bound, in 16 fractional bits: the unit of all weights.
pub(super) const ONE: u32 = 1 << 16;

/// The time that silences of each length took: every steady probe weighs as much as the interval it stood for, so that what
/// is learnt does not depend on how often was asked. The last bin holds silences of the whole bound and more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Silences {
    weights: [u32; BINS + 1],
    total: u32,
    probes: u32,
    /// Probes that were lost, in halves.
    lost: u32,
}

impl Silences {
    pub(super) const NEW: Self = Self {
        weights: [0; BINS + 1],
        total: 0,
        probes: 0,
        lost: 0,
    };

    /// A probe that stood for `share` of the bound was followed by a silence of `length_us`.
    pub(super) fn add(&mut self, length_us: u64, bound_us: u64, share: u16) {
        if let Some(weight) = self.weights.get_mut(bin(length_us, bound_us)) {
            *weight = weight.saturating_add(u32::from(share));
        }
        self.total = self.total.saturating_add(u32::from(share));
        self.probes = self.probes.saturating_add(1);
    }

    /// The last probe counted was not answered itself.
    pub(super) const fn add_lost(&mut self) {
        self.lost = self.lost.saturating_add(2);
    }

    /// The chance that a probe is lost, after Jeffreys.
    pub(super) fn loss(&self) -> f32 {
        (self.lost as f32 + 1.0) / (2.0 * self.probes as f32 + 2.0)
    }

    /// How many losses in a row are to be expected among the probes counted, if each is lost on its own.
    #[allow(clippy::cast_possible_truncation)] // a small number
    pub(super) fn independent(&self) -> u8 {
        let in_a_row = log2(self.probes as f32 + 1.0) / -log2(self.loss().min(0.5));
        rounded((in_a_row - 0.5).max(0.0)) as u8
    }

    /// How many bounds were looked at.
    pub(super) const fn span(&self) -> u32 {
        self.total >> 16
    }

    /// What was counted counts half from here on.
    pub(super) fn halve(&mut self) {
        self.total = 0;
        for weight in &mut self.weights {
            *weight /= 2;
            self.total = self.total.saturating_add(*weight);
        }
        self.probes /= 2;
        self.lost /= 2;
    }

    /// Probes counted, older ones less.
    pub(super) const fn probes(&self) -> u32 {
        self.probes
    }

    /// What one probe weighs on average; 1 before the first.
    pub(super) fn unit(&self) -> f32 {
        if self.probes == 0 || self.total == 0 {
            return 1.0;
        }
        self.total as f32 / (ONE as f32 * self.probes as f32)
    }

    /// Silences of half the bound and more, in probes.
    pub(super) fn longest(&self) -> f32 {
        let [half, .., whole] = self.weights;
        half.saturating_add(whole) as f32 / (ONE as f32 * self.unit())
    }

    /// The weights by bin, the last for the whole bound and more.
    pub(super) const fn weights(&self) -> &[u32; BINS + 1] {
        &self.weights
    }
}

/// The bin of a silence, without a division.
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
mod tests {
    #![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a reference in floating point
    use super::*;

    #[test]
    fn bins_are_halves_of_the_bound() {
        for bound in [1_000, 3_000_000, 1 << 40, (1 << 40) - 1] {
            for length in (0..bound).step_by((bound / 999) as usize) {
                let exact = if length == 0 {
                    BINS - 1
                } else {
                    (libm::floor(libm::log2(bound as f64 / length as f64)) as usize).min(BINS - 1)
                };
                let is_edge = bound >> exact == length && bound % (1 << exact) == 0;
                let exact = exact - usize::from(is_edge);
                assert_eq!(bin(length, bound), exact, "{length} of {bound}");
            }
        }
        assert_eq!(bin(1_000, 1_000), BINS);
        assert_eq!(bin(1, 1 << 40), BINS - 1);
    }

    #[test]
    fn a_probe_weighs_one_where_nothing_is_left() {
        let mut silences = Silences::NEW;
        assert!((silences.unit() - 1.0).abs() < f32::EPSILON);
        for length_us in [100, 900] {
            silences.add(length_us, 1_000, 1);
        }
        silences.halve();
        assert_eq!((silences.probes(), silences.total), (1, 0));
        assert!((silences.unit() - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn old_counts_fade() {
        let mut silences = Silences::NEW;
        for _ in 0..1_000 {
            silences.add(500, 1_000, 65_535);
            if silences.span() >= 100 {
                silences.halve();
            }
        }
        let probes = silences.probes();
        assert!((45..=100).contains(&probes), "{probes}");
        assert!((silences.unit() - 1.0).abs() < 0.02);
    }
}
