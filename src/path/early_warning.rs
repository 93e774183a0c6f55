//! Early warning: reports that a path is getting worse before it falls silent.

mod health;
mod level;
mod score;

use core::time::Duration;

use crate::time::rtt_micros;
pub use health::Health;
use level::Level;
use score::{CALM_MAX, OCTAVE, Score, exp2, log2};

/// An overdue probe counts as a round trip of four times the median.
const OVERDUE: u32 = 2 * OCTAVE;
/// The number of calm replies in a row that ends a warning.
const CALM: u8 = 8;
/// The number of samples after which a warning ends, because what it reports has become usual.
const LASTING: u8 = 255;
/// The smallest number of slow replies in a warning that counts as having announced a silence.
const FORERUNNERS: u8 = 4;
/// The number of overdue probes in a row that count as a silence.
const SILENCE: u8 = 3;

/// Reports when a path is worse than usual, from the measurements of a monitor: round-trip times,
/// and the ages of probes without a reply.
///
/// It is independent of the other machines: feed it beside a [`Monitor`](crate::Monitor), a
/// [`Heartbeat`](crate::Heartbeat) or anything else that measures round trips. No verdict depends
/// on it. It takes 32 bytes and needs neither a clock nor floating point. A sample costs a few
/// dozen instructions.
///
/// ```
/// use core::time::Duration;
/// use systole::path::{EarlyWarning, Health};
///
/// let mut warning = EarlyWarning::new();
/// for _ in 0..100 {
///     assert_eq!(warning.answered(Duration::from_millis(40)), Health::Good);
/// }
/// for _ in 0..3 {
///     // a queue builds up
///     assert_eq!(warning.answered(Duration::from_millis(1_500)), Health::Good);
/// }
/// // A probe without a reply for this long leads to a warning, even before its reply arrives.
/// let patience = warning.patience();
/// assert!(patience < Duration::from_millis(1_500));
/// assert_eq!(warning.waiting(patience), Health::Degraded);
///
/// for _ in 0..8 {
///     warning.answered(Duration::from_millis(40));
/// }
/// assert_eq!(warning.health(), Health::Good);
/// ```
///
/// # The score
///
/// > score = max(0, y) + 2 log2(1 + excess)
///
/// Here y is how many octaves the newest round trip, or the age of a probe without a reply, is
/// above the median of the round trips before it. The *recent excess* is a sum over past round
/// trips of the octaves by which each was longer than 2.8 times the median, at most 5 each,
/// decaying over about 512 samples. An overdue probe counts as a round trip of 4 times the median.
///
/// Outages come in clusters, so a long round trip counts for more if there were others recently.
/// The score is the logarithm of a rate: a factor for the newest sample times a factor for the
/// recent past. It is a one-sided cumulative sum like that of Page (1954), but it decays instead of
/// being reset.
///
/// # The warning
///
/// A sample of more than 2.8 times the median whose score is above both the threshold and the
/// *usual level* begins a warning or prolongs it. Eight other replies in a row end the warning.
///
/// The usual level is found by stochastic approximation (Robbins and Monro 1951). When a warning
/// ends, the level rises by an octave, or by a quarter of the distance to the highest score of the
/// warning if that is more, but to at most an octave above that score. With each sample without a
/// warning it falls by 1/2048 octave. So it converges to a level at which about one sample in 2,048
/// begins a warning, for every distribution of the scores.
///
/// During a warning, each sample that prolongs it raises the level that the next must exceed by
/// 3/64 of an octave. So a clearly worse path is reported while that lasts, for at most 255
/// samples. A path that is only slightly worse does not prolong the warning.
///
/// A level does not suffice if slow replies come in long bursts. So each sample with a warning also
/// costs the credit that 256 samples without a warning earn, and at most the credit for 160 such
/// samples can be saved up. When the credit is used up, a warning begins only for a score an octave
/// above everything reported recently, and may overdraw the credit by 64 samples.
///
/// A warning with at least four slow replies, followed by three overdue probes in a row, is
/// confirmed. It neither raises the level nor costs credit. So if warning signs precede the
/// silences of a path, every silence is announced, however often they come.
///
/// # False warnings
///
/// Of n samples on any path, at most n/256 + 224 are degraded, not counting warnings that a silence
/// confirmed. So a stationary path is degraded for less than 1 % of the time over 50,000 samples
/// after the first 1,000. This holds at every threshold and for every distribution, loss rate and
/// length of bursts. At the default threshold, with independent samples, the share is 0.4 to 0.8 %
/// after the first 1,000 replies. Over only 5,000 samples, bursts of 100 and more may take 4 %.
///
/// # Detection rate
///
/// The guide's page on [early warning](crate::guide::early_warning) compares it with thresholds and
/// bands on recorded networks. Callers who know the path can compare [`score`](Self::score) with a
/// threshold of their own.
///
/// It cannot announce an outage that comes without warning signs. Nor can it announce the first
/// disturbance of a path, unless that lasts for several samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyWarning {
    score: Score,
    level: Level,
    /// The highest score of the current warning.
    peak: u16,
    /// Samples in the current warning, saturating.
    length: u8,
    /// Slow replies in the current warning, saturating.
    slow: u8,
    /// Calm replies in a row, saturating.
    calm: u8,
    /// Overdue probes in a row, saturating.
    silent: u8,
    /// Whether a silence confirmed the current warning.
    confirmed: bool,
    health: Health,
}

impl Default for EarlyWarning {
    fn default() -> Self {
        Self::new()
    }
}

impl EarlyWarning {
    /// The default threshold, in thousandths of an octave.
    pub const THRESHOLD: u16 = 12_000;

    /// Creates an early warning for a path of which nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            score: Score::new(),
            level: Level::new(Self::THRESHOLD),
            peak: 0,
            length: 0,
            slow: 0,
            calm: 0,
            silent: 0,
            confirmed: false,
            health: Health::Good,
        }
    }

    /// Sets the score above which the path is degraded, in thousandths of an octave;
    /// [`THRESHOLD`](Self::THRESHOLD) unless set. A lower threshold gives more warnings, including
    /// false ones, until the usual level is above it. Every value is accepted.
    #[must_use]
    pub const fn warn_above(mut self, milli_octaves: u16) -> Self {
        self.level.set_threshold(milli_octaves);
        self
    }

    /// Records the round-trip time of a reply, late or not, and returns the health.
    pub const fn answered(&mut self, rtt: Duration) -> Health {
        let log = log2(rtt_micros(rtt));
        let above = self.score.above(log);
        self.score.learn(log);
        let warned = self.evaluate(above);
        self.silent = 0;
        if warned {
            self.slow = self.slow.saturating_add(1);
        } else {
            self.calm_down();
        }
        self.take(above, warned)
    }

    /// Records that a probe is overdue and returns the health. If a reply to it arrives after all,
    /// record that too.
    pub const fn overdue(&mut self) -> Health {
        let warned = self.evaluate(OVERDUE);
        self.silent = self.silent.saturating_add(1);
        if self.is_degraded() && self.slow >= FORERUNNERS && self.silent >= SILENCE {
            self.confirm();
        }
        self.take(OVERDUE, warned)
    }

    /// Evaluates a probe that has had no reply for `age` and returns the health. This records no
    /// sample.
    pub const fn waiting(&mut self, age: Duration) -> Health {
        self.evaluate(self.score.above(log2(rtt_micros(age))));
        self.health
    }

    /// Returns the age from which [`waiting`](Self::waiting) warns about a probe without a reply.
    /// Before the first reply, it returns 71 minutes.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        let left = self.to_exceed().saturating_sub(self.score.background());
        let least = if left > CALM_MAX { left } else { CALM_MAX };
        let us = match self.score.median() {
            Some(median) => exp2((median + 1).saturating_add(least)),
            None => u32::MAX,
        };
        Duration::from_micros(us as u64)
    }

    /// Returns the health after the last call.
    #[must_use]
    pub const fn health(&self) -> Health {
        self.health
    }

    /// Returns the score of the last call, in thousandths of an octave.
    #[must_use]
    pub const fn score(&self) -> u32 {
        self.score.newest() as u32 * 1_000 / OCTAVE
    }

    const fn is_degraded(&self) -> bool {
        matches!(self.health, Health::Degraded)
    }

    /// Returns the score above which a sample begins a warning or prolongs it.
    const fn to_exceed(&self) -> u32 {
        self.level.to_exceed(self.is_degraded())
    }

    /// Scores a sample and returns whether it begins or prolongs a warning.
    const fn evaluate(&mut self, above: u32) -> bool {
        self.score.score(above);
        let score = self.score.newest();
        if above <= CALM_MAX || score as u32 <= self.to_exceed() {
            return false;
        }
        if !self.is_degraded() {
            (self.peak, self.length, self.slow) = (0, 0, 0);
            self.confirmed = false;
        }
        if score > self.peak {
            self.peak = score;
        }
        (self.calm, self.health) = (0, Health::Degraded);
        true
    }

    /// Adds the excess of a sample and updates the credit.
    const fn take(&mut self, above: u32, warned: bool) -> Health {
        self.score.add_excess(above);
        if self.is_degraded() {
            self.use_up(warned);
        } else {
            self.level.fall();
        }
        self.health
    }

    /// Counts a calm reply, and ends the warning if it is the last one needed.
    const fn calm_down(&mut self) {
        self.calm = self.calm.saturating_add(1);
        if self.calm >= CALM && self.is_degraded() {
            self.end();
        }
    }

    /// Accounts for a sample during a warning.
    const fn use_up(&mut self, warned: bool) {
        debug_assert!(self.length < LASTING);
        self.length = self.length.saturating_add(1);
        if warned {
            self.level.prolong(); // at most 255 times
        }
        if !self.confirmed {
            self.level.pay();
        }
        if self.length == LASTING || self.level.is_used_up(warned) {
            self.end();
        }
    }

    /// Records that a silence confirmed the current warning, and refunds its cost.
    const fn confirm(&mut self) {
        if !self.confirmed {
            self.confirmed = true;
            self.level.refund(self.length);
        }
    }

    /// Ends the warning, and raises the levels unless it was confirmed.
    const fn end(&mut self) {
        self.health = Health::Good;
        if self.confirmed {
            self.level.keep();
        } else {
            self.level.rise(self.peak);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::level::{LEVEL_BITS, PROLONGED, SAVED_LEAST};
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn after(samples: u32, warning: EarlyWarning) -> EarlyWarning {
        (0..samples).fold(warning, |mut warning, _| {
            assert_eq!(warning.answered(ms(40)), Health::Good);
            warning
        })
    }

    fn warm() -> EarlyWarning {
        after(1_000, EarlyWarning::new().warn_above(4_000))
    }

    /// Without earlier excess, an overdue probe scores two octaves, and adds half an octave of
    /// excess.
    #[test]
    fn an_overdue_probe_counts_as_four_times_the_median() {
        let mut warning = EarlyWarning::new();
        warning.overdue();
        assert_eq!(warning.score(), 2_000);
        assert_eq!(warning.score.excess(), 128);
    }

    #[test]
    fn it_is_small() {
        assert!(size_of::<EarlyWarning>() <= 32);
    }

    /// A round trip of twenty times the median warns at once; a round trip of six times the median
    /// warns only after recent excess.
    #[test]
    fn recent_excess_lowers_the_round_trip_that_warns() {
        let mut warning = warm();
        assert_eq!(warning.answered(ms(240)), Health::Good);
        assert_eq!(warm().answered(ms(800)), Health::Degraded);
        for _ in 0..3 {
            warning.answered(ms(40));
            assert_eq!(warning.answered(ms(40)), Health::Good);
        }
        assert_eq!(warning.answered(ms(240)), Health::Degraded);
    }

    /// Recent excess alone never leads to a warning, whatever the score.
    #[test]
    fn a_reply_of_less_than_2_8_medians_starts_no_warning() {
        let mut warning = warm();
        warning.score.set_excess(500);
        assert_eq!(warning.answered(ms(110)), Health::Good);
        assert!(warning.score() > 17_000);
        assert_eq!(warning.answered(ms(130)), Health::Degraded);
    }

    #[test]
    fn a_warning_ends_after_eight_calm_replies_in_a_row() {
        let mut warning = warm();
        warning.answered(ms(2_000));
        for _ in 0..7 {
            assert_eq!(warning.answered(ms(40)), Health::Degraded);
        }
        assert_eq!(warning.waiting(ms(800)), Health::Degraded);
        for _ in 0..7 {
            assert_eq!(warning.answered(ms(100)), Health::Degraded);
        }
        assert_eq!(warning.answered(ms(40)), Health::Good);
    }

    /// Only replies end a warning; waiting and overdue probes do not.
    #[test]
    fn a_warning_does_not_end_without_replies() {
        let mut warning = warm();
        warning.answered(ms(2_000));
        for _ in 0..20 {
            assert_eq!(warning.waiting(ms(1)), Health::Degraded);
            assert_eq!(warning.overdue(), Health::Degraded);
        }
    }

    // ---- the usual level ----

    /// Returns the levels, in octaves, after a warning whose highest score was `peak` octaves above
    /// a threshold of 4, from a usual level of `usual`.
    fn raised(usual: u16, peak: u16, right: bool) -> (u16, u16) {
        let mut warning = warm();
        let octaves = |octaves: u16| octaves * 256;
        warning.level.usual = octaves(usual) << LEVEL_BITS;
        warning.peak = octaves(4 + peak);
        (warning.health, warning.confirmed) = (Health::Degraded, right);
        warning.end();
        assert_eq!(warning.health, Health::Good);
        (
            warning.level.usual >> LEVEL_BITS,
            warning.level.worst >> LEVEL_BITS,
        )
    }

    #[test]
    fn the_usual_level_rises_at_the_end_of_a_warning() {
        let octave = 256;
        assert_eq!(raised(0, 2, false), (5 * octave, 7 * octave));
        // The level rises by a quarter of the way to the highest score.
        assert_eq!(raised(3, 8, false), (6 * octave, 13 * octave));
        assert_eq!(raised(6, 3, false), (7 * octave, 8 * octave));
        // It rises to at most an octave above the highest score.
        assert_eq!(raised(8, 3, false), (8 * octave, 8 * octave));
        assert_eq!(raised(7, 3, true), (7 * octave, 0));
        assert_eq!(raised(31, 40, false).1, u16::MAX >> LEVEL_BITS);
    }

    /// Slow replies of equal length do not prolong a warning for ever; growing ones do.
    #[test]
    fn a_warning_is_prolonged_only_by_rising_scores() {
        let mut warning = warm();
        warning.level.usual = (6 * 256) << LEVEL_BITS;
        warning.waiting(ms(4_000));
        let level = warning.to_exceed();
        assert_eq!(level, 6 * 256);
        warning.answered(ms(4_000));
        assert_eq!(
            warning.to_exceed(),
            level + u32::from(PROLONGED >> LEVEL_BITS)
        );
        warning.answered(ms(40));
        assert_eq!(
            warning.to_exceed(),
            level + u32::from(PROLONGED >> LEVEL_BITS)
        );
    }

    /// The level falls by one step per sample, an octave in 2,048, and not during a warning.
    #[test]
    fn the_usual_level_falls_slowly() {
        let mut warning = warm();
        (warning.level.usual, warning.level.worst) = (100, 100);
        warning.answered(ms(40));
        warning.overdue();
        assert_eq!((warning.level.usual, warning.level.worst), (98, 98));
        warning.answered(ms(2_000));
        warning.overdue();
        assert_eq!((warning.level.usual, warning.level.worst), (98, 98));
    }

    /// A sample with a warning costs what 256 without one earn. Once the credit is used up, only
    /// something worse is reported.
    #[test]
    fn a_path_is_degraded_for_one_sample_in_256_and_160_more_at_most() {
        let mut warning = warm();
        let mut told = [0; 2];
        for part in &mut told {
            for sample in 0..50_000 {
                let long = sample % 500 < 100 + sample % 77;
                warning.answered(ms(if long { 1_000 } else { 40 }));
                *part += u32::from(warning.health() == Health::Degraded);
            }
        }
        assert!(told[0] <= 160 + 64 + 50_000 / 256, "{told:?}");
        assert!(told[1] <= 64 + 64 + 50_000 / 256, "{told:?}");
    }

    /// Such a score is reported however little credit is left, up to the overdraft limit.
    #[test]
    fn a_score_above_all_recent_ones_is_reported_on_overdraft() {
        let mut warning = warm();
        let octaves = |octaves: u16| (octaves * 256) << LEVEL_BITS;
        (warning.level.saved, warning.level.worst) = (0, octaves(7));
        warning.answered(ms(2_000));
        assert_eq!(warning.health(), Health::Good);
        warning.score.set_excess(0);
        warning.level.worst = octaves(5);
        for _ in 0..64 {
            assert_eq!(warning.health(), Health::Good);
            warning.answered(ms(60_000));
            if warning.level.saved > SAVED_LEAST {
                assert_eq!(warning.health(), Health::Degraded);
                warning.level.keep();
                warning.health = Health::Good;
            }
        }
        warning.answered(ms(60_000));
        assert_eq!(warning.health(), Health::Good);
    }

    /// A queue grows and then overflows, every ten minutes for a week.
    #[test]
    fn a_silence_with_warning_signs_is_announced_however_often_it_comes() {
        let mut warning = EarlyWarning::new();
        for round in 0..if cfg!(miri) { 3 } else { 1_000 } {
            for _ in 0..580 {
                warning.answered(ms(40));
            }
            assert_eq!(warning.health(), Health::Good);
            for second in 1..=20 {
                warning.answered(ms(40 + 50 * second));
            }
            assert_eq!(warning.health(), Health::Degraded, "round {round}");
            for _ in 0..8 {
                warning.overdue();
            }
        }
    }

    #[test]
    fn a_lasting_step_becomes_usual() {
        let mut warning = warm();
        for _ in 0..5_000 {
            warning.answered(ms(2_000));
        }
        assert_eq!(warning.answered(ms(2_000)), Health::Good);
        assert!(warning.patience() > ms(4_000));
    }

    #[test]
    fn overdue_probes_alone_lead_to_a_warning() {
        let mut warning = warm().warn_above(3_000);
        let warned = (1..200).find(|_| warning.overdue() == Health::Degraded);
        assert_eq!(warned, Some(3));
    }

    /// Waiting for exactly the patience leads to a warning, and waiting for less does not, after
    /// any samples.
    #[test]
    fn the_patience_is_the_age_from_which_waiting_warns() {
        for threshold in [500, 4_000, 9_000, 12_000] {
            let mut warning = EarlyWarning::new().warn_above(threshold);
            assert!(warning.patience() > Duration::from_secs(4_000));
            let mut draw = 1_u32;
            for _ in 0..if cfg!(miri) { 200 } else { 20_000 } {
                draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let rtt = Duration::from_micros(u64::from(draw >> (draw % 31)));
                match draw >> 28 {
                    0 => warning.overdue(),
                    _ => warning.answered(rtt),
                };
                let patience = warning.patience();
                let warns = |age: Duration| {
                    let above = warning.score.above(log2(rtt_micros(age)));
                    warning.clone().evaluate(above)
                };
                assert!(warns(patience) || patience.as_micros() >= 1 << 31);
                let early = patience * 9 / 10;
                assert!(!warns(early) || early < ms(1));
            }
        }
    }

    #[test]
    fn no_input_overflows() {
        let mut warning = EarlyWarning::new().warn_above(u16::MAX);
        let mut other = EarlyWarning::new().warn_above(0);
        for round in 0..if cfg!(miri) { 3_000 } else { 300_000_u32 } {
            let rtt = if round % 3 == 0 {
                Duration::ZERO
            } else {
                Duration::MAX
            };
            for warning in [&mut warning, &mut other] {
                warning.answered(rtt);
                warning.waiting(Duration::MAX);
                warning.overdue();
                assert!(warning.patience() > Duration::ZERO);
            }
        }
    }
}
