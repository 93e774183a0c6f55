//! The score of a sample: how unusual the sample and the recent past are.

/// An octave (a factor of two) in the unit of scores.
pub(super) const OCTAVE: u32 = 256;
/// Round trips up to 1.5 octaves (2.8 times) above the median add no excess and start no warning. A
/// longer one adds the octaves by which it exceeds this limit.
pub(super) const CALM_MAX: u32 = OCTAVE * 3 / 2;
/// The largest excess that one sample adds.
const EXCESS_MAX: u32 = 5 * OCTAVE;
/// The excess decays by this power of two per sample, so about the last 512 samples count.
pub(super) const FADE_BITS: u32 = 9;
/// The smallest step by which a sample moves the median, a 64th of an octave. The largest is an
/// octave.
pub(super) const STEP_MIN: u32 = OCTAVE / 64;
/// The largest logarithm of a number of 32 bits.
const LOG_MAX: u32 = 32 * OCTAVE - 1;

/// The median of the round trips, the recent excess, and the score of the newest sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Score {
    /// The recent excess, a decaying sum, in units of score times 2^9.
    excess: u32,
    /// The logarithm of the median round-trip time, in units of score.
    median: u16,
    newest: u16,
    /// Samples so far, saturating.
    samples: u8,
}

impl Score {
    pub(super) const fn new() -> Self {
        Self {
            excess: 0,
            median: 0,
            newest: 0,
            samples: 0,
        }
    }

    /// Returns the score of the newest sample.
    pub(super) const fn newest(&self) -> u16 {
        self.newest
    }

    /// Returns the logarithm of the median round-trip time; `None` before the first reply.
    pub(super) const fn median(&self) -> Option<u32> {
        if self.samples == 0 {
            None
        } else {
            Some(self.median as u32)
        }
    }

    /// Returns how far `log` is above the median, at least 0; 0 before the first reply.
    pub(super) const fn above(&self, log: u32) -> u32 {
        match self.median() {
            Some(median) => log.saturating_sub(median),
            None => 0,
        }
    }

    /// Returns the part of the score that the recent excess adds.
    pub(super) const fn background(&self) -> u32 {
        let excess = self.excess >> FADE_BITS;
        2 * (log2(OCTAVE + excess) - log2(OCTAVE))
    }

    /// Scores a sample that is `above` units above the median.
    #[allow(clippy::cast_possible_truncation)] // at most 32 octaves, and 2 log2(2,561)
    pub(super) const fn score(&mut self, above: u32) {
        debug_assert!(above <= LOG_MAX);
        self.newest = (above + self.background()) as u16;
    }

    /// Moves the median a step towards the sample. The steps get smaller with each sample, down to
    /// [`STEP_MIN`].
    #[allow(clippy::cast_possible_truncation)] // below 2^13 and a step
    pub(super) const fn learn(&mut self, log: u32) {
        debug_assert!(log <= LOG_MAX);
        if self.samples == 0 {
            self.median = log as u16;
        }
        self.samples = self.samples.saturating_add(1);
        let step = OCTAVE / self.samples as u32;
        let step = if step < STEP_MIN { STEP_MIN } else { step };
        let median = self.median as u32;
        self.median = if log > median {
            (median + step) as u16
        } else if log < median {
            median.saturating_sub(step) as u16
        } else {
            median as u16
        };
    }

    /// Adds the excess of a sample that is `above` units above the median.
    pub(super) const fn add_excess(&mut self, above: u32) {
        let more = at_most(above.saturating_sub(CALM_MAX), EXCESS_MAX);
        self.excess -= self.excess >> FADE_BITS;
        self.excess += more << FADE_BITS;
        // At this sum, the decay is as large as the largest addition.
        debug_assert!(self.excess <= (EXCESS_MAX << FADE_BITS) << FADE_BITS);
    }

    #[cfg(test)]
    pub(super) const fn set_excess(&mut self, octaves: u32) {
        self.excess = (octaves * OCTAVE) << FADE_BITS;
    }

    #[cfg(test)]
    pub(super) const fn excess(&self) -> u32 {
        self.excess >> FADE_BITS
    }
}

pub(super) const fn at_most(value: u32, limit: u32) -> u32 {
    if value < limit { value } else { limit }
}

/// Returns the logarithm to base 2 in 256ths, interpolated linearly between powers of two: at most
/// 0.09 too low (Mitchell 1962). 0 counts as 1.
#[allow(clippy::cast_possible_truncation)] // below 512
pub(super) const fn log2(x: u32) -> u32 {
    let x = if x == 0 { 1 } else { x };
    let whole = x.ilog2();
    let fraction = ((x as u64) << 8 >> whole) as u32 & (OCTAVE - 1);
    whole * OCTAVE + fraction
}

/// Returns the smallest number whose [`log2`] is at least `log`, saturating.
#[allow(clippy::cast_possible_truncation)] // 511 * 2^23 at most
pub(super) const fn exp2(log: u32) -> u32 {
    let (whole, fraction) = (log / OCTAVE, log % OCTAVE);
    if whole >= 32 {
        return u32::MAX;
    }
    ((((OCTAVE + fraction) as u64) << whole).div_ceil(OCTAVE as u64)) as u32
}

#[cfg(test)]
mod tests;
