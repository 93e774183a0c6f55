//! How much more probable a long silence is after unusual round trips and silences (a disturbance).

use core::f32::consts::{LN_2, LN_10};

use super::exponent::{exp, log2};

use super::silences::ONE;

/// The number of grades of disturbance: calm, and from 1.5, 2.5, 5 and 10 medians on.
pub(super) const GRADES: usize = 5;

/// The score at which each grade but the first begins, in half medians.
const EDGES: [u64; GRADES - 1] = [3, 5, 10, 20];

/// The assumed time at each grade, in bounds, before anything is known. The proportions are about
/// those of the recorded networks.
const USUAL: [f32; GRADES] = [8.0, 0.6, 0.2, 0.1, 0.1];

/// The hypotheses about the risk at each grade, relative to calm. At full strength the ratios are
/// 3, 10, 25 and 50, about those of the recorded drives at 3 s. Each hypothesis is a power of
/// these, from 0 to 1.25 in steps of a quarter; with 0 all grades have the same risk.
const HYPOTHESES: [[f32; GRADES]; 6] = [
    [1.0, 1.0, 1.0, 1.0, 1.0],
    [1.0, 1.316, 1.778, 2.236, 2.659],
    [1.0, 1.732, 3.162, 5.0, 7.071],
    [1.0, 2.28, 5.623, 11.18, 18.8],
    [1.0, 3.0, 10.0, 25.0, 50.0],
    [1.0, 3.948, 17.78, 55.9, 132.96],
];

/// The natural logarithms of the ratios at full strength.
const LOGS: [f32; GRADES] = [0.0, 1.098_612, LN_10, 3.218_876, 3.912_023];

/// The prior evidence against each hypothesis, in units of a natural logarithm: 8 times the square
/// of the distance of its power from 1.
const AGAINST: [f32; 6] = [8.0, 4.5, 2.0, 0.5, 0.0, 0.5];

/// Returns the grade of a score.
pub(super) fn grade(score_us: u64, median_us: u64) -> u8 {
    EDGES
        .iter()
        .map(|edge| u8::from(2 * score_us >= edge * median_us))
        .sum()
}

/// The time spent at each grade, and the number of long silences that followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Risk {
    lasted: [u32; GRADES],
    long: [u8; GRADES],
}

impl Risk {
    pub(super) const NEW: Self = Self {
        lasted: [0; GRADES],
        long: [0; GRADES],
    };

    /// Counts a probe that was sent at this grade and stands for `share` of the bound, and whether
    /// a `long` silence followed.
    pub(super) fn add(&mut self, grade: u8, share: u16, long: bool) {
        debug_assert!(usize::from(grade) < GRADES);
        let mut grades = self.lasted.iter_mut().zip(&mut self.long);
        let full = grades.nth(grade.into()).is_some_and(|(lasted, count)| {
            *lasted = lasted.saturating_add(share.into());
            *count += u8::from(long);
            *count == u8::MAX
        });
        if full {
            self.halve();
        }
    }

    /// Halves all counts, so that old ones count less.
    pub(super) fn halve(&mut self) {
        self.lasted.iter_mut().for_each(|lasted| *lasted /= 2);
        self.long.iter_mut().for_each(|count| *count /= 2);
    }

    /// Adds the counts of another path or peer, for the same bound.
    pub(super) fn merge(&mut self, other: &Self) {
        for (lasted, more) in self.lasted.iter_mut().zip(other.lasted) {
            *lasted = lasted.saturating_add(more);
        }
        let full = self.long.iter().zip(other.long);
        if full
            .clone()
            .any(|(count, more)| count.checked_add(more).is_none())
        {
            self.halve();
        }
        for (count, more) in self.long.iter_mut().zip(other.long) {
            *count = count.saturating_add(more);
        }
    }

    /// Converts the counts to a bound of twice the length.
    pub(super) fn double_bound(&mut self) {
        self.lasted.iter_mut().for_each(|lasted| *lasted /= 2);
    }

    /// Converts the counts to a bound of half the length.
    pub(super) fn halve_bound(&mut self) {
        let twice = |lasted: &mut u32| *lasted = lasted.saturating_mul(2);
        self.lasted.iter_mut().for_each(twice);
    }

    /// Creates the counts from stored values.
    #[cfg(feature = "serde")]
    pub(super) const fn of(lasted: [u32; GRADES], long: [u8; GRADES]) -> Self {
        Self { lasted, long }
    }

    /// Returns the time at each grade, and the long silences that followed.
    #[cfg(feature = "serde")]
    pub(super) const fn counts(&self) -> ([u32; GRADES], [u8; GRADES]) {
        (self.lasted, self.long)
    }

    /// Returns the part of the time that is spent at each grade.
    pub(super) fn parts(&self) -> [f32; GRADES] {
        let mut parts = USUAL;
        for (part, lasted) in parts.iter_mut().zip(self.lasted) {
            *part += lasted as f32 / ONE as f32;
        }
        let whole: f32 = parts.iter().sum();
        parts.map(|part| part / whole)
    }

    /// Returns the risk of a long silence at each grade, relative to the average. It is the mean
    /// over the hypotheses, weighted by how well each explains the counts and by its prior.
    pub(super) fn relative(&self) -> [f32; GRADES] {
        let parts = self.parts();
        let means = HYPOTHESES.map(|risks| {
            risks
                .iter()
                .zip(parts)
                .map(|(risk, part)| risk * part)
                .sum()
        });
        let mut relative = [0.0; GRADES];
        for ((risks, mean), weight) in HYPOTHESES.iter().zip(means).zip(self.weights(means)) {
            debug_assert!(mean > 0.0);
            for (sum, risk) in relative.iter_mut().zip(risks) {
                *sum += weight * risk / mean;
            }
        }
        relative
    }

    /// Returns the weight of each hypothesis: the likelihood of the grades at which long silences
    /// began, times the prior. The weights add up to 1.
    fn weights(&self, means: [f32; 6]) -> [f32; 6] {
        let counts = self.long.map(f32::from);
        let count: f32 = counts.iter().sum();
        let full: f32 = counts
            .iter()
            .zip(LOGS)
            .map(|(count, log)| count * log)
            .sum();
        let mut power = 0.0;
        let mut logs = AGAINST;
        for (log, mean) in logs.iter_mut().zip(means) {
            *log = power * full - count * LN_2 * log2(mean) - *log;
            power += 0.25;
        }
        let best = logs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weights = logs.map(|log| exp(log - best));
        let whole: f32 = weights.iter().sum();
        debug_assert!(whole >= 1.0, "the best has the weight 1");
        weights.map(|weight| weight / whole)
    }
}

#[cfg(test)]
mod tests;
