//! "Trouble": unusual round trips and silences a moment ago, which announce a long silence.

use super::risk::grade;
use crate::math::fixed_point::{divided, scaled_q16};
use crate::time::{Instant, saturate};

/// A decaying maximum of the latest round trips and silences, and the median by which they are
/// rated.
///
/// On the recorded networks, a round trip of twice the median comes before 60 to 100 % of the long
/// silences, and before 3 to 5 % of the other probes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    at: Instant,
    score_us: u32,
    median_us: u32,
}

/// The score halves every quarter of the bound. This was fitted; the result is insensitive between
/// an eighth and a half.
const HALF_SHIFT: u32 = 2;
/// A round trip that is less than 1/200 of the bound longer than the median is usual, whatever the
/// ratio. This matters on local networks.
const LEAST_Q16: u32 = 328;
/// No event counts for more than this many medians. This was fitted; the result is insensitive.
const MOST: u64 = 24;
/// The median moves by a sixteenth of itself per sample. With smaller steps, larger scores would be
/// noise.
const MEDIAN_SHIFT: u32 = 4;

impl Trouble {
    pub(super) const NEW: Self = Self {
        at: Instant::ZERO,
        score_us: 0,
        median_us: 0,
    };

    /// Returns the running median of the round-trip times; 0 before the first.
    pub(super) const fn median_us(&self) -> u32 {
        self.median_us
    }

    /// Records a round trip or silence of `length_us` that ended at `now`.
    pub(super) fn hear(&mut self, length_us: u64, now: Instant, bound_us: u64) {
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
        debug_assert!(self.median_us > 0);
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
mod tests {
    use super::*;

    #[test]
    fn a_slow_answer_troubles_for_a_while() {
        let bound = 4_000_000;
        let mut trouble = Trouble::NEW;
        for _ in 0..100 {
            trouble.sample(50_000);
        }
        trouble.hear(300_000, Instant::from_secs(10), bound);
        let grade = |ms| trouble.grade(Instant::from_millis(ms), bound);
        assert_eq!(
            [10_000, 11_000, 11_900, 12_100, 90_000].map(grade),
            [3, 2, 1, 0, 0]
        );
    }

    #[test]
    fn the_median_follows_a_step_and_ignores_outliers() {
        let mut trouble = Trouble::NEW;
        for k in 0..1_000 {
            trouble.sample(if k % 10 == 0 { 4_000_000 } else { 10_000 });
        }
        let median_us = trouble.median_us();
        assert!((9_000..12_500).contains(&median_us), "{median_us}");
        for _ in 0..60 {
            trouble.sample(100_000);
        }
        let median_us = trouble.median_us();
        assert!((90_000..112_000).contains(&median_us), "{median_us}");
    }

    /// Returns the trouble of a path with a median of 50 ms after a round trip of 400 ms.
    fn troubled() -> Trouble {
        let mut trouble = Trouble::NEW;
        trouble.sample(50_000);
        trouble.hear(400_000, Instant::ZERO, 4_000_000);
        trouble
    }

    #[test]
    fn trouble_fades_by_half_every_quarter_of_the_bound_and_straight_in_between() {
        for (after_us, score_us) in [
            (0, 400_000),
            (1 << 18, 350_000),
            (1 << 20, 200_000),
            (3 << 19, 150_000),
            (1 << 21, 100_000),
        ] {
            let now = Instant::from_micros(after_us);
            assert_eq!(troubled().score_us(now, 1 << 22), score_us);
        }
    }

    #[test]
    fn what_is_no_worse_than_what_is_left_changes_nothing() {
        let mut trouble = troubled();
        trouble.hear(300_000, Instant::from_millis(500), 4_000_000);
        assert_eq!(trouble, troubled());
    }

    #[test]
    fn a_sample_like_the_median_leaves_it() {
        let mut trouble = Trouble::NEW;
        for _ in 0..3 {
            trouble.sample(1_000);
        }
        assert_eq!(trouble.median_us(), 1_000);
    }

    /// 2 ms where 0.1 ms is usual are twenty medians, but no trouble at a bound of 4 s.
    #[test]
    fn on_a_local_network_what_is_short_is_ordinary() {
        let mut trouble = Trouble::NEW;
        trouble.sample(100);
        trouble.hear(2_000, Instant::ZERO, 4_000_000);
        assert_eq!(trouble.grade(Instant::ZERO, 4_000_000), 0);
        assert_eq!(trouble.grade(Instant::ZERO, 40_000), 4);
    }

    #[test]
    fn a_200th_of_the_bound_over_the_median_is_out_of_the_ordinary() {
        let grade = |length_us| {
            let mut trouble = Trouble::NEW;
            trouble.sample(100_000);
            trouble.hear(length_us, Instant::ZERO, 65_536_000);
            trouble.grade(Instant::ZERO, 65_536_000)
        };
        assert_eq!([427_999, 428_000].map(grade), [0, 2]);
    }
}
