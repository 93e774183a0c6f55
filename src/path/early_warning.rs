//! Early warning: a path that gets worse is noticed before it falls silent.

use core::time::Duration;

use crate::time::rtt_micros;

/// How a path does, beside whether its peer is alive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Health {
    /// As usual.
    #[default]
    Good,
    /// Silence is more likely than usual.
    Degraded,
}

/// An octave, a doubling, in the unit of scores.
const OCTAVE: u32 = 256;
/// An overdue probe counts as a round trip of four times the median.
const OVERDUE: u32 = 2 * OCTAVE;
/// Round trips up to 2.8 times the median are no trouble, and no warning; a longer one is as much trouble as it is octaves longer, five at most.
const CALM_MAX: u32 = OCTAVE * 3 / 2;
const TROUBLE_MAX: u32 = 5 * OCTAVE;
/// Trouble fades by this power of two a sample: over the last 512 or so.
const FADE_BITS: u32 = 9;
/// The median moves by at most an octave, and at least a 64th of one, a sample.
const STEP_MIN: u32 = OCTAVE / 64;
/// Levels are kept in eighths of the unit of scores. They fall by one such step a sample without a warning.
const LEVEL_BITS: u32 = 3;
/// A warning raises the usual level by an octave at least, to an octave above its highest score at most.
const RISE: u32 = LEVEL_OCTAVE;
/// Each sample that prolongs a warning raises the level of the next by 3/64 of an octave.
const PROLONGED: u16 = 96;
const LEVEL_OCTAVE: u32 = OCTAVE << LEVEL_BITS;
/// A sample with a warning costs what 256 without one earn; 160 such samples can be saved up, and 8 are needed to begin a warning, unless it is
/// of something worse than before: then it may be told on credit, for 64 samples.
const SAMPLE: i32 = 256;
const SAVED_MAX: i32 = 160 * SAMPLE;
const SAVED_MIN: i32 = 8 * SAMPLE;
const SAVED_LEAST: i32 = -64 * SAMPLE;
/// Calm answers in a row that end a warning.
const CALM: u8 = 8;
/// Samples after which what a warning tells is the usual.
const LASTING: u8 = 255;
/// So many slow answers, and then so many overdue probes in a row, are a silence that was announced.
const FORERUNNERS: u8 = 4;
const SILENCE: u8 = 3;

/// Tells when a path is worse than usual, from what a monitor sees of it: round-trip times, and how long probes are unanswered.
///
/// It is a machine of its own: feed it beside a [`Monitor`](crate::Monitor), a [`Heartbeat`](crate::Heartbeat) or anything that
/// measures round trips. No verdict depends on it. It takes 32 bytes, no clock and no floating point; a sample costs a few dozen
/// instructions.
///
/// ```
/// use core::time::Duration;
/// use systole::{EarlyWarning, Health};
///
/// let mut warning = EarlyWarning::new();
/// for _ in 0..100 {
///     assert_eq!(warning.answered(Duration::from_millis(40)), Health::Good);
/// }
/// for _ in 0..3 {
///     assert_eq!(warning.answered(Duration::from_millis(1_500)), Health::Good); // a queue builds up
/// }
/// let patience = warning.patience(); // a probe unanswered for longer is a warning, without waiting for its answer
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
/// > score = max(0, y) + 2 log2(1 + trouble)
///
/// where y is how many octaves the newest round trip, or the age of an unanswered probe, is above the median of those before it, and trouble is the
/// sum, fading over some 512 samples, of the octaves by which round trips were more than 2.8 times the median, at most 5 each. So a long round trip
/// counts for more where there was trouble lately, because outages come in clusters. It is the logarithm of a rate, that of the newest sample's
/// kind times that of the time: a one-sided sum of evidence with a floor, as Page's (1954), which leaks in place of being reset.
///
/// # The warning
///
/// A sample of more than 2.8 times the median, whose score is above the threshold and above the *usual level*, begins a warning or prolongs it. Eight
/// other answers in a row end it. The usual level of the score is found by stochastic approximation (Robbins and Monro 1951): a warning that ends raises
/// it by an octave, or by a quarter of the way to the highest score of the warning where that is more, but to no more than an octave above that
/// score. It falls by 1/2048 octave at each sample without a warning. So it settles where about one sample in 2,048 begins a warning, whatever the
/// distribution of the scores. While a warning lasts, the level that prolongs it rises by 3/64 of an octave with each such sample, so that what is new is told
/// for as long as it lasts, at most for 255 samples, and what is hardly unusual is not prolonged.
///
/// Where trouble comes in long bursts a level does not suffice. So each sample with a warning uses up what 256 samples without one earn, and no more
/// than 160 samples can be saved up. When nothing is left, only what is worse by an octave than all that was told lately begins a warning, on a credit
/// of 64 samples.
///
/// A warning by four slow answers or more, after which three probes in a row are overdue, was right. It neither raises the level nor uses up
/// anything. So a path whose silences announce themselves is told of each, however often they come.
///
/// # How often it is wrong
///
/// On any path, no more than one sample in 256 is called degraded, and 224 beside; warnings that a silence confirmed are not counted. So a stationary path is
/// degraded for less than 1 % of the time over 50,000 samples after the first 1,000, at every threshold, whatever its distribution, its losses and the length of its
/// bursts. At the default threshold and where samples are independent it is 0.4 to 0.8 % from the first 1,000 answers on; over 5,000 samples, bursts of 100 and more may take 4 %.
///
/// # How good it is
///
/// On the halves of seven recorded networks, at equal false warnings (a mean over 2, 4, 8, 15 and 30 an hour), for silences over 3 and 10 s, horizons of 10 to
/// 60 s, steady and planned probing, the score announces:
///
/// | outages announced | first halves | second halves |
/// |---|---|---|
/// | this | 52 % | 70 % |
/// | a fixed threshold or ratio of round trips, the better of the two in hindsight | 46 % | 52 % |
/// | the same, of the ages of unanswered probes too | 49 % | 55 % |
/// | an EWMA band, the best of eight in hindsight | 20 % | 25 % |
///
/// There are 36 silences over 3 s and 11 over 10 s in all, so one more or less is some percent.
///
/// The usual level has its price where trouble clusters, as on drives through radio cells: of its own accord it warns falsely 4.2 times an hour in the first
/// halves and announces 28 % of the outages, and 1.1 times and 25 % in the second. A threshold that is chosen in hindsight for as many false warnings
/// announces 39 and 27 %. On nine recordings by which nothing was chosen it is 1.7 false warnings an hour and 71 % against 17 %. Who knows the path, and has a
/// threshold of their own, compares [`score`](Self::score) with it.
///
/// `tests/early_warning.rs` repeats the comparison for the recordings in a folder; [`lab::warning`](crate#features) judges others.
///
/// It cannot see an outage without a forerunner, and the first trouble of a path that had none, unless it lasts for some samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyWarning {
    /// In units of score, times 2^9.
    trouble: u32,
    /// What may be used up by warnings, in 256ths of a sample.
    saved: i32,
    /// The logarithm of the median round-trip time.
    median: u16,
    threshold: u16,
    /// The score of the newest sample.
    score: u16,
    /// The usual level, and the level above all that was told lately; in eighths of the unit of scores.
    usual: u16,
    worst: u16,
    /// The highest score of the warning under way, and by how much it has raised the level.
    peak: u16,
    raised: u16,
    samples: u8,
    /// Samples of the warning under way, and slow answers among them.
    length: u8,
    slow: u8,
    /// Calm answers in a row, and overdue probes.
    calm: u8,
    silent: u8,
    /// A silence followed the warning under way.
    right: bool,
    health: Health,
}

impl Default for EarlyWarning {
    fn default() -> Self {
        Self::new()
    }
}

impl EarlyWarning {
    /// The threshold unless another is set, in thousandths of an octave.
    pub const THRESHOLD: u16 = 12_000;

    /// Creates one for a path of which nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            trouble: 0,
            saved: SAVED_MAX,
            median: 0,
            threshold: units(Self::THRESHOLD),
            score: 0,
            usual: 0,
            worst: 0,
            peak: 0,
            raised: 0,
            samples: 0,
            length: 0,
            slow: 0,
            calm: 0,
            silent: 0,
            right: false,
            health: Health::Good,
        }
    }

    /// Sets the score above which the path is degraded, in thousandths of an octave: lower for more warnings, false ones too, until the usual level is
    /// above it. Every value works.
    #[must_use]
    pub const fn warn_above(mut self, milli_octaves: u16) -> Self {
        self.threshold = units(milli_octaves);
        self
    }

    /// Records that a probe was answered, late or not.
    pub const fn answered(&mut self, rtt: Duration) -> Health {
        let log = log2(rtt_micros(rtt));
        let above = self.above(log);
        self.learn(log);
        let warned = self.judge(above);
        self.silent = 0;
        if warned {
            self.slow = self.slow.saturating_add(1);
        } else {
            self.calm_down();
        }
        self.take(above, warned)
    }

    /// Records that a probe is overdue. If it is answered after all, record that too.
    pub const fn overdue(&mut self) -> Health {
        let warned = self.judge(OVERDUE);
        self.silent = self.silent.saturating_add(1);
        if self.is_degraded() && self.slow >= FORERUNNERS && self.silent >= SILENCE {
            self.confirm();
        }
        self.take(OVERDUE, warned)
    }

    /// Judges a probe that has been unanswered for `age`, which is no sample yet.
    pub const fn waiting(&mut self, age: Duration) -> Health {
        self.judge(self.above(log2(rtt_micros(age))));
        self.health
    }

    /// Returns how long a probe may be unanswered before [`waiting`](Self::waiting) warns; 71 minutes before the first answer.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        let left = self.level().saturating_sub(self.background());
        let least = if left > CALM_MAX { left } else { CALM_MAX };
        let us = if self.samples == 0 {
            u32::MAX
        } else {
            exp2((self.median as u32 + 1).saturating_add(least))
        };
        Duration::from_micros(us as u64)
    }

    /// Returns the health as of the last call.
    #[must_use]
    pub const fn health(&self) -> Health {
        self.health
    }

    /// Returns the score of the last call, in thousandths of an octave.
    #[must_use]
    pub const fn score(&self) -> u32 {
        self.score as u32 * 1_000 / OCTAVE
    }

    // ---- the score ----

    /// Octaves above the median, at least 0; 0 before the first answer.
    const fn above(&self, log: u32) -> u32 {
        if self.samples == 0 {
            0
        } else {
            log.saturating_sub(self.median as u32)
        }
    }

    /// The part of the score that recent trouble has.
    const fn background(&self) -> u32 {
        let trouble = self.trouble >> FADE_BITS;
        2 * (log2(OCTAVE + trouble) - log2(OCTAVE))
    }

    /// Moves the median by a step towards the sample, by smaller and smaller ones.
    #[allow(clippy::cast_possible_truncation)] // below 2^13 and a step
    const fn learn(&mut self, log: u32) {
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

    /// Adds the trouble of a sample, and accounts for it.
    const fn take(&mut self, above: u32, warned: bool) -> Health {
        let more = at_most(above.saturating_sub(CALM_MAX), TROUBLE_MAX);
        self.trouble -= self.trouble >> FADE_BITS;
        self.trouble += more << FADE_BITS; // at most five octaves, times 2^18
        if self.is_degraded() {
            self.use_up(warned);
        } else {
            self.save();
        }
        self.health
    }

    // ---- the warning ----

    const fn is_degraded(&self) -> bool {
        matches!(self.health, Health::Degraded)
    }

    /// The score above which a sample begins a warning or prolongs it.
    const fn level(&self) -> u32 {
        let needed = if self.is_degraded() {
            SAMPLE
        } else {
            SAVED_MIN
        };
        let level = self.usual() >> LEVEL_BITS;
        let worst = (self.worst >> LEVEL_BITS) as u32;
        if self.saved <= SAVED_LEAST {
            u32::MAX
        } else if self.saved < needed && worst > level {
            worst
        } else {
            level
        }
    }

    /// The usual level, in eighths of the unit: the threshold at least, and more the longer a warning lasts.
    const fn usual(&self) -> u32 {
        let threshold = (self.threshold as u32) << LEVEL_BITS;
        let usual = self.usual as u32;
        let usual = if usual > threshold { usual } else { threshold };
        if self.is_degraded() {
            usual + self.raised as u32
        } else {
            usual
        }
    }

    /// Scores a sample, and tells whether it is a warning.
    #[allow(clippy::cast_possible_truncation)] // at most 32 octaves, and 2 log2(2,561)
    const fn judge(&mut self, above: u32) -> bool {
        self.score = (above + self.background()) as u16;
        if above <= CALM_MAX || self.score as u32 <= self.level() {
            return false;
        }
        if !self.is_degraded() {
            (self.peak, self.raised, self.length, self.slow) = (0, 0, 0, 0);
            self.right = false;
        }
        if self.score > self.peak {
            self.peak = self.score;
        }
        (self.calm, self.health) = (0, Health::Degraded);
        true
    }

    /// Ends a warning where this answer is the last of enough calm ones.
    const fn calm_down(&mut self) {
        self.calm = self.calm.saturating_add(1);
        if self.calm >= CALM && self.is_degraded() {
            self.end();
        }
    }

    /// A sample under a warning.
    const fn use_up(&mut self, warned: bool) {
        self.length = self.length.saturating_add(1);
        if warned {
            self.raised += PROLONGED; // no more than 255 times
        }
        if !self.right {
            self.saved -= SAMPLE;
        }
        let short = self.saved <= if warned { SAVED_LEAST } else { 0 };
        if self.length == LASTING || short {
            self.end();
        }
    }

    /// The warning under way was right: it costs nothing.
    const fn confirm(&mut self) {
        if !self.right {
            self.right = true;
            self.saved += self.length as i32 * SAMPLE; // which it has used up
        }
    }

    /// A sample without a warning.
    const fn save(&mut self) {
        if self.saved < SAVED_MAX {
            self.saved += 1;
        }
        self.usual = self.usual.saturating_sub(1);
        self.worst = self.worst.saturating_sub(1);
    }

    /// Ends a warning, and raises the levels unless it was right.
    #[allow(clippy::cast_possible_truncation)] // they are limited
    const fn end(&mut self) {
        let usual = self.usual();
        self.health = Health::Good;
        if self.right {
            return;
        }
        let peak = (self.peak as u32) << LEVEL_BITS;
        let top = at_most(peak + LEVEL_OCTAVE, u16::MAX as u32);
        let quarter = peak.saturating_sub(usual) / 4;
        let raised = at_most(usual + if quarter > RISE { quarter } else { RISE }, top) as u16;
        if raised > self.usual {
            self.usual = raised;
        }
        if top as u16 > self.worst {
            self.worst = top as u16;
        }
    }
}

const fn at_most(value: u32, limit: u32) -> u32 {
    if value < limit { value } else { limit }
}

/// Thousandths of an octave in units of score.
#[allow(clippy::cast_possible_truncation)] // it shrinks
const fn units(milli_octaves: u16) -> u16 {
    (milli_octaves as u32 * OCTAVE / 1_000) as u16
}

/// The logarithm to base 2 in 256ths, straight lines between powers of two: at most 0.09 too low (Mitchell 1962). 0 for 0.
#[allow(clippy::cast_possible_truncation)] // below 512
const fn log2(x: u32) -> u32 {
    let x = if x == 0 { 1 } else { x };
    let whole = x.ilog2();
    let fraction = ((x as u64) << 8 >> whole) as u32 & (OCTAVE - 1);
    whole * OCTAVE + fraction
}

/// The least number whose [`log2`] is this; saturates.
#[allow(clippy::cast_possible_truncation)] // 511 * 2^23 at most
const fn exp2(log: u32) -> u32 {
    let (whole, fraction) = (log / OCTAVE, log % OCTAVE);
    if whole >= 32 {
        return u32::MAX;
    }
    ((((OCTAVE + fraction) as u64) << whole).div_ceil(OCTAVE as u64)) as u32
}

#[cfg(test)]
mod tests {
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

    /// By an octave over the number of samples, and by a 64th of one in the end.
    #[test]
    fn the_median_moves_by_smaller_and_smaller_steps() {
        let mut warning = EarlyWarning::new();
        warning.answered(ms(1));
        let mut last = warning.median;
        let steps = [(); 4].map(|()| {
            warning.answered(ms(4_000));
            warning.median - core::mem::replace(&mut last, warning.median)
        });
        assert_eq!(steps, [128, 85, 64, 51]);
        let mut warning = warm();
        assert_eq!(u32::from(warning.median), log2(40_000));
        warning.answered(ms(4_000));
        assert_eq!(u32::from(warning.median), log2(40_000) + STEP_MIN);
        warning.answered(ms(1));
        assert_eq!(u32::from(warning.median), log2(40_000));
    }

    #[test]
    fn trouble_of_an_octave_adds_two_octaves_to_the_score() {
        let mut warning = EarlyWarning::new();
        assert_eq!(warning.background(), 0);
        warning.trouble = OCTAVE << FADE_BITS;
        assert_eq!(warning.background(), 2 * OCTAVE);
    }

    /// Without trouble before it, an overdue probe is two octaves, and half an octave of it is trouble.
    #[test]
    fn a_probe_that_is_overdue_counts_as_four_times_the_median() {
        let mut warning = EarlyWarning::new();
        warning.overdue();
        assert_eq!(warning.score(), 2_000);
        assert_eq!(warning.trouble >> FADE_BITS, 128);
    }

    #[test]
    fn one_sample_is_five_octaves_of_trouble_at_most() {
        let trouble = |above: u32| {
            let mut warning = EarlyWarning::new();
            warning.take(above, false);
            warning.trouble >> FADE_BITS
        };
        assert_eq!([0, 384, 385].map(trouble), [0, 0, 1]); // 2.8 times the median is no trouble
        let (six_and_a_half, more) = (1_664, [1_665, 2_560, 8_191]);
        assert_eq!(
            (trouble(six_and_a_half), more.map(trouble)),
            (1_280, [1_280; 3])
        );
    }

    #[test]
    fn it_is_small() {
        assert!(size_of::<EarlyWarning>() <= 32);
    }

    #[test]
    fn logarithms_are_right_to_a_tenth_of_an_octave_and_rise() {
        let mut last = 0;
        for x in (1..if cfg!(miri) { 700 } else { 70_000 })
            .chain((17..32).map(|bits| (1 << bits) + 12_345))
        {
            let (log, exact) = (log2(x), f64::from(x).log2() * 256.0);
            assert!(
                f64::from(log) <= exact + 1e-6 && f64::from(log) > exact - 24.0,
                "{x}"
            );
            assert!(log >= last);
            last = log;
            assert!(exp2(log) <= x && log2(exp2(log)) >= log, "{x}");
        }
        assert_eq!((log2(0), exp2(u32::MAX)), (0, u32::MAX));
    }

    /// One of twenty times the median warns where there was no trouble; one of six times does, where there was.
    #[test]
    fn trouble_makes_it_wary() {
        let mut warning = warm();
        assert_eq!(warning.answered(ms(240)), Health::Good);
        assert_eq!(warm().answered(ms(800)), Health::Degraded);
        for _ in 0..3 {
            warning.answered(ms(40));
            assert_eq!(warning.answered(ms(40)), Health::Good);
        }
        assert_eq!(warning.answered(ms(240)), Health::Degraded);
    }

    /// Whatever the score is, so that what was bad lately is no warning by itself.
    #[test]
    fn an_answer_of_less_than_three_times_the_median_is_no_warning() {
        let mut warning = warm();
        warning.trouble = (500 * OCTAVE) << FADE_BITS;
        assert_eq!(warning.answered(ms(110)), Health::Good);
        assert!(warning.score() > 17_000);
        assert_eq!(warning.answered(ms(130)), Health::Degraded);
    }

    #[test]
    fn a_warning_ends_after_eight_calm_answers_in_a_row() {
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

    /// Answers alone end a warning: waiting for one does not, and an overdue probe does not.
    #[test]
    fn a_warning_does_not_end_for_want_of_answers() {
        let mut warning = warm();
        warning.answered(ms(2_000));
        for _ in 0..20 {
            assert_eq!(warning.waiting(ms(1)), Health::Degraded);
            assert_eq!(warning.overdue(), Health::Degraded);
        }
    }

    // ---- what is usual ----

    /// The levels, in octaves, after a warning whose highest score was so many octaves above a threshold of 4, from a usual level of so many.
    fn raised(usual: u16, peak: u16, right: bool) -> (u16, u16) {
        let mut warning = warm();
        let octaves = |octaves: u16| octaves * 256;
        (warning.usual, warning.peak) = (octaves(usual) << LEVEL_BITS, octaves(4 + peak));
        (warning.health, warning.right) = (Health::Degraded, right);
        warning.end();
        assert_eq!(warning.health, Health::Good);
        (warning.usual >> LEVEL_BITS, warning.worst >> LEVEL_BITS)
    }

    #[test]
    fn the_usual_level_rises_at_the_end_of_a_warning() {
        let octave = 256;
        assert_eq!(raised(0, 2, false), (5 * octave, 7 * octave));
        assert_eq!(raised(3, 8, false), (6 * octave, 13 * octave)); // a quarter of the way
        assert_eq!(raised(6, 3, false), (7 * octave, 8 * octave));
        assert_eq!(raised(8, 3, false), (8 * octave, 8 * octave)); // an octave above the highest score at most
        assert_eq!(raised(7, 3, true), (7 * octave, 0));
        assert_eq!(raised(31, 40, false).1, u16::MAX >> LEVEL_BITS);
    }

    /// Slow answers that are alike do not prolong a warning for ever, and what gets worse does.
    #[test]
    fn a_warning_is_prolonged_by_what_gets_worse() {
        let mut warning = warm();
        warning.usual = (6 * 256) << LEVEL_BITS;
        warning.waiting(ms(4_000));
        let level = warning.level();
        assert_eq!(level, 6 * 256);
        warning.answered(ms(4_000));
        assert_eq!(warning.level(), level + u32::from(PROLONGED >> LEVEL_BITS));
        warning.answered(ms(40));
        assert_eq!(warning.level(), level + u32::from(PROLONGED >> LEVEL_BITS));
    }

    /// One step a sample, which is an octave in 2,048, and none under a warning.
    #[test]
    fn the_usual_level_falls_slowly() {
        let mut warning = warm();
        (warning.usual, warning.worst) = (100, 100);
        warning.answered(ms(40));
        warning.overdue();
        assert_eq!((warning.usual, warning.worst), (98, 98));
        warning.answered(ms(2_000));
        warning.overdue();
        assert_eq!((warning.usual, warning.worst), (98, 98));
    }

    /// What is told uses up what 256 samples without a warning earn, and after it no more than was told is told again.
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

    /// However little is left, and up to a limit.
    #[test]
    fn what_is_worse_than_all_that_was_told_lately_is_told_on_credit() {
        let mut warning = warm();
        let octaves = |octaves: u16| (octaves * 256) << LEVEL_BITS;
        (warning.saved, warning.worst) = (0, octaves(7));
        warning.answered(ms(2_000));
        assert_eq!(warning.health(), Health::Good);
        warning.trouble = 0;
        warning.worst = octaves(5);
        for _ in 0..64 {
            assert_eq!(warning.health(), Health::Good);
            warning.answered(ms(60_000));
            if warning.saved > SAVED_LEAST {
                assert_eq!(warning.health(), Health::Degraded);
                warning.health = Health::Good;
            }
        }
        warning.answered(ms(60_000));
        assert_eq!(warning.health(), Health::Good);
    }

    /// A queue that grows and then overflows, every ten minutes for a week.
    #[test]
    fn a_silence_that_announces_itself_is_told_however_often_it_comes() {
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
    fn a_lasting_step_is_the_usual_after_a_while() {
        let mut warning = warm();
        for _ in 0..5_000 {
            warning.answered(ms(2_000));
        }
        assert_eq!(warning.answered(ms(2_000)), Health::Good);
        assert!(warning.patience() > ms(4_000));
    }

    #[test]
    fn overdue_probes_alone_warn_in_the_end() {
        let mut warning = warm().warn_above(3_000);
        let warned = (1..200).find(|_| warning.overdue() == Health::Degraded);
        assert_eq!(warned, Some(3));
    }

    /// Waiting for just the patience warns, for less does not, whatever came before.
    #[test]
    fn patience_is_when_waiting_warns() {
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
                    let above = warning.above(log2(rtt_micros(age)));
                    warning.clone().judge(above)
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
