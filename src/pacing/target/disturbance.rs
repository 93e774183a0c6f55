//! The disturbance score: a decaying maximum of recent unusual round trips and silences, which
//! often precede a long silence.

use super::risk::grade;
use crate::math::fixed_point::{divided, scaled_q16};
use crate::time::{Instant, saturate};

/// The score, and the median to which it is compared.
///
/// On the recorded networks, a round trip of twice the median comes before 60 to 100 % of the long
/// silences, and before 3 to 5 % of the other probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed(4))] // four bytes less in every state
pub(super) struct Disturbance {
    at: Instant,
    score_us: u32,
    median_us: u32,
    /// The mean of the latest medians: without the steps, which do not end on a steady path.
    level_us: u32,
}

/// The score halves every quarter of the bound. This was fitted; the result is insensitive between
/// an eighth and a half.
const HALF_SHIFT: u32 = 2;
/// A round trip that is less than 1/200 of the bound longer than the median is usual, whatever the
/// ratio. This matters on local networks.
const LEAST_Q16: u32 = 328;
/// No round trip or silence counts for more than this many medians. This was fitted; the result is
/// insensitive.
const MOST: u64 = 24;
/// The median moves by a sixteenth of itself per sample.
const MEDIAN_SHIFT: u32 = 4;
/// The weight of a median in the mean of the latest, as a power of two. On a steady path the median
/// takes steps of a sixteenth, and the mean stays within 4 %.
const LEVEL_SHIFT: u32 = 4;

impl Disturbance {
    pub(super) const NEW: Self = Self {
        at: Instant::ZERO,
        score_us: 0,
        median_us: 0,
        level_us: 0,
    };

    /// Returns the running median of the round-trip times; 0 before the first.
    pub(super) const fn median_us(&self) -> u32 {
        self.median_us
    }

    /// Returns the mean of the latest running medians. It lags behind a step in the round-trip time,
    /// and does not waver where there is none: what is told to the user follows from it.
    pub(super) const fn level_us(&self) -> u32 {
        self.level_us
    }

    /// The state on a path whose usual round-trip time is known.
    pub(super) const fn recalled(median_us: u32) -> Self {
        Self {
            median_us,
            level_us: median_us,
            ..Self::NEW
        }
    }

    /// Records a round trip or silence of `length_us` that ended at `now`.
    pub(super) fn record(&mut self, length_us: u64, now: Instant, bound_us: u64) {
        let most = MOST * u64::from(self.median_us);
        let score = saturate(length_us.min(most));
        if score > self.score_us(now, bound_us) {
            self.score_us = score;
            self.at = now;
        }
    }

    /// Moves the median by one step towards a round-trip time. An outlier moves it no further than
    /// any other sample.
    pub(super) fn sample(&mut self, rtt_us: u32) {
        let step = (self.median_us >> MEDIAN_SHIFT).max(1);
        self.median_us = match self.median_us {
            0 => rtt_us.max(1),
            median if rtt_us > median => median.saturating_add(step),
            median if rtt_us < median => median.saturating_sub(step).max(1),
            median => median,
        };
        self.level_us = match self.level_us {
            0 => self.median_us,
            level => level - (level >> LEVEL_SHIFT) + (self.median_us >> LEVEL_SHIFT),
        };
        debug_assert!({ self.median_us } > 0);
    }

    /// Returns the score at `now`: it halves every quarter of the bound and falls linearly in
    /// between.
    fn score_us(&self, now: Instant, bound_us: u64) -> u32 {
        let half_us = (bound_us >> HALF_SHIFT).max(1);
        let age = now.since(self.at);
        if age >= 32 * half_us {
            return 0;
        }
        let mut score = self.score_us;
        let mut rest = age;
        while rest >= half_us {
            score /= 2;
            rest -= half_us;
        }
        let faded = divided(u64::from(score / 2) * (rest >> 8), (half_us >> 8).max(1));
        debug_assert!(score <= self.score_us);
        score.saturating_sub(saturate(faded))
    }

    /// Returns the grade: how unusual the latest round trips and silences were.
    pub(super) fn grade(&self, now: Instant, bound_us: u64) -> u8 {
        let score = u64::from(self.score_us(now, bound_us));
        let median = u64::from(self.median_us);
        if median == 0 || score < median + scaled_q16(bound_us, LEAST_Q16) {
            return 0;
        }
        grade(score, median)
    }
}

#[cfg(test)]
mod tests;
