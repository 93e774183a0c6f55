//! The disturbance score: a decaying maximum of recent unusual round trips and silences, which
//! often precede a long silence.

use super::risk::grade;
use crate::math::fixed_point::{divided, scaled_q16};
use crate::time::{Instant, saturate};

/// The score, and the median to which it is compared.
///
/// On the recorded networks, a round trip of twice the median comes before 60 to 100 % of the long
/// silences, and before 3 to 5 % of the other probes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Disturbance {
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
/// No round trip or silence counts for more than this many medians. This was fitted; the result is
/// insensitive.
const MOST: u64 = 24;
/// The median moves by a sixteenth of itself per sample.
const MEDIAN_SHIFT: u32 = 4;

impl Disturbance {
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
    fn a_slow_reply_raises_the_grade_for_some_time() {
        let bound = 4_000_000;
        let mut disturbance = Disturbance::NEW;
        for _ in 0..100 {
            disturbance.sample(50_000);
        }
        disturbance.record(300_000, Instant::from_secs(10), bound);
        let grade = |ms| disturbance.grade(Instant::from_millis(ms), bound);
        assert_eq!(
            [10_000, 11_000, 11_900, 12_100, 90_000].map(grade),
            [3, 2, 1, 0, 0]
        );
    }

    #[test]
    fn the_median_follows_a_step_and_ignores_outliers() {
        let mut disturbance = Disturbance::NEW;
        for k in 0..1_000 {
            disturbance.sample(if k % 10 == 0 { 4_000_000 } else { 10_000 });
        }
        let median_us = disturbance.median_us();
        assert!((9_000..12_500).contains(&median_us), "{median_us}");
        for _ in 0..60 {
            disturbance.sample(100_000);
        }
        let median_us = disturbance.median_us();
        assert!((90_000..112_000).contains(&median_us), "{median_us}");
    }

    /// Returns the disturbance of a path with a median of 50 ms after a round trip of 400 ms.
    fn disturbed() -> Disturbance {
        let mut disturbance = Disturbance::NEW;
        disturbance.sample(50_000);
        disturbance.record(400_000, Instant::ZERO, 4_000_000);
        disturbance
    }

    #[test]
    fn the_score_halves_every_quarter_of_the_bound_and_is_linear_in_between() {
        for (after_us, score_us) in [
            (0, 400_000),
            (1 << 18, 350_000),
            (1 << 20, 200_000),
            (3 << 19, 150_000),
            (1 << 21, 100_000),
        ] {
            let now = Instant::from_micros(after_us);
            assert_eq!(disturbed().score_us(now, 1 << 22), score_us);
        }
    }

    #[test]
    fn an_event_below_the_current_score_changes_nothing() {
        let mut disturbance = disturbed();
        disturbance.record(300_000, Instant::from_millis(500), 4_000_000);
        assert_eq!(disturbance, disturbed());
    }

    #[test]
    fn a_sample_equal_to_the_median_does_not_move_it() {
        let mut disturbance = Disturbance::NEW;
        for _ in 0..3 {
            disturbance.sample(1_000);
        }
        assert_eq!(disturbance.median_us(), 1_000);
    }

    /// If 0.1 ms is usual, 2 ms are twenty medians, but no disturbance at a bound of 4 s.
    #[test]
    fn on_a_local_network_many_medians_may_still_be_usual() {
        let mut disturbance = Disturbance::NEW;
        disturbance.sample(100);
        disturbance.record(2_000, Instant::ZERO, 4_000_000);
        assert_eq!(disturbance.grade(Instant::ZERO, 4_000_000), 0);
        assert_eq!(disturbance.grade(Instant::ZERO, 40_000), 4);
    }

    #[test]
    fn a_round_trip_is_unusual_from_a_200th_of_the_bound_above_the_median() {
        let grade = |length_us| {
            let mut disturbance = Disturbance::NEW;
            disturbance.sample(100_000);
            disturbance.record(length_us, Instant::ZERO, 65_536_000);
            disturbance.grade(Instant::ZERO, 65_536_000)
        };
        assert_eq!([427_999, 428_000].map(grade), [0, 2]);
    }
}
