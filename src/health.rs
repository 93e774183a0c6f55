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
/// The usual level never falls below 1.5 octaves: 2.8 times the median.
const FLOOR: u32 = OCTAVE * 3 / 2;
/// What one sample adds, to the score and to the trouble, at most. Isolated samples, however long, stay below the threshold.
const SAMPLE_MAX: u32 = 3 * OCTAVE;
/// Trouble fades by this power of two a sample: over the last 512 or so.
const FADE_BITS: u32 = 9;
/// The median moves by an octave a sample at first, and by a 128th of one in the end.
const STEP_FIRST: u32 = 4 * OCTAVE;
const STEP_MIN: u32 = OCTAVE / 128;
/// The usual level is kept in eighths of the unit of scores. It falls by one such step at a usual sample.
const LEVEL_BITS: u32 = 3;
/// It rises by an eighth of an octave for each unusual sample, 256 steps, so that one sample in 256 is unusual in the long run; more at first.
const RISE: u32 = 256;
const RISE_FIRST: u32 = 16 * (OCTAVE << LEVEL_BITS);
/// Usual answers in a row that end an episode of trouble, and the warning with it.
const QUIET: u8 = 4;
/// Unusual samples in one episode after which the path is taken to have changed for good.
const LASTING: u16 = 512;

/// Tells when a path is worse than usual, from what a monitor sees of it: round-trip times, and how long probes are unanswered.
///
/// It is a machine of its own: feed it beside a [`Monitor`](crate::Monitor), a [`Heartbeat`](crate::Heartbeat) or anything that
/// measures round trips. No verdict depends on it. It takes 20 bytes, no clock and no floating point; a sample costs a few dozen
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
/// for _ in 0..4 {
///     warning.answered(Duration::from_millis(40));
/// }
/// assert_eq!(warning.health(), Health::Good);
/// ```
///
/// # What is usual
///
/// Two levels describe the path, both on the logarithm of the round-trip time: its median, and the *usual level*, which one sample
/// in 256 exceeds. The usual level is found by stochastic approximation (Robbins and Monro 1951): it falls by a fixed step at each
/// usual sample and rises by 256 steps for each unusual one. That fixes the rate of unusual samples on any path, whatever its
/// distribution and however its samples depend on each other. So a path that loses one packet in five, or on which one answer in
/// ten takes 25 times as long, is as usual while it stays so.
///
/// The level does not rise during an episode of trouble, only when it ends, by four usual answers in a row. What is new is
/// therefore told for as long as it lasts. An episode of 512 unusual samples is no trouble but a path that has changed; it is the usual
/// from then on.
///
/// # The score
///
/// > score = excess + 2 log2(1 + trouble)
///
/// `excess` is how many octaves the newest round trip, or the age of an unanswered probe, is above the median, less what the usual level
/// is above 1.5 octaves, and at most 3. `trouble` is the sum of the octaves, at most 3 a sample, by which samples exceeded the usual level;
/// it fades over some 512 samples. So a long round trip counts for more where there was trouble lately, because outages come in
/// clusters. The score is 0 for a usual sample, unless recent trouble alone brings it above
/// [`THRESHOLD`](Self::THRESHOLD).
///
/// # How often it is wrong
///
/// At the default threshold of 9 octaves or above, a stationary path of independent samples, or of a short period, is called degraded for at most
/// 1 % of the time after 1,000 answers. At lower thresholds each unusual sample may be a warning, which is 2 % of the time. Where slow
/// samples come in bursts some thousand samples apart, each burst is told.
///
/// # How good it is
///
/// On the halves of seven recorded networks, at equal false warnings (a mean over 0.5, 1, 2 and 4 an hour), for silences over 3 and 10 s,
/// horizons of 10 to 60 s, steady and planned probing:
///
/// | outages announced | first halves | second halves |
/// |---|---|---|
/// | this | 34 % | 31 % |
/// | a fixed threshold or ratio of round trips, the better of the two in hindsight | 32 % | 30 % |
/// | the same, of the ages of unanswered probes too | 33 % | 30 % |
/// | an EWMA band, the best of eight in hindsight | 3 % | 12 % |
///
/// Where more than 4 false warnings an hour are tolerable, a fixed threshold announces more: what would give so many is usual here.
/// There are 36 silences over 3 s and 11 over 10 s in all, so one more or less is some percent.
/// `tests/early_warning.rs` repeats the comparison for the recordings in a folder; [`lab::warning`](crate#features) judges others.
///
/// It cannot see an outage without a forerunner. It takes trouble that comes back again and again for the usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyWarning {
    /// Octaves above the usual level, summed and fading; in units of score, times 2^9.
    trouble: u32,
    /// The logarithm of the median round-trip time.
    median: u16,
    /// The usual level above the median, in eighths of the unit.
    usual: u16,
    threshold: u16,
    /// The score of the newest sample.
    score: u16,
    /// Unusual samples of the episode under way, and the highest of them above the median.
    unusual: u16,
    peak: u16,
    samples: u8,
    /// Usual answers in a row.
    quiet: u8,
    health: Health,
}

impl Default for EarlyWarning {
    fn default() -> Self {
        Self::new()
    }
}

impl EarlyWarning {
    /// The threshold unless another is set, in thousandths of an octave.
    pub const THRESHOLD: u16 = 9_000;

    /// Creates one for a path of which nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            trouble: 0,
            median: 0,
            usual: level(FLOOR),
            threshold: units(Self::THRESHOLD),
            score: 0,
            unusual: 0,
            peak: 0,
            samples: 0,
            quiet: 0,
            health: Health::Good,
        }
    }

    /// Sets the score above which the path is degraded, in thousandths of an octave: lower for more warnings, false ones too. Every
    /// value works; a warning ends after four usual answers in a row whatever the threshold is.
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
        self.quiet = self.quiet.saturating_add(1);
        self.take(above);
        if self.quiet >= QUIET {
            self.end_episode();
        }
        self.health
    }

    /// Records that a probe is overdue. If it is answered after all, record that too.
    pub const fn overdue(&mut self) -> Health {
        self.take(OVERDUE);
        self.health
    }

    /// Judges a probe that has been unanswered for `age`, which is no sample yet.
    pub const fn waiting(&mut self, age: Duration) -> Health {
        self.judge(self.above(log2(rtt_micros(age))));
        self.health
    }

    /// Returns how long a probe may be unanswered before [`waiting`](Self::waiting) warns; 71 minutes where no age alone is a warning.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        let wary = units(Self::THRESHOLD);
        let wary = if wary > self.threshold {
            wary
        } else {
            self.threshold
        };
        let enough = at_most(
            self.enough(self.threshold, self.usual()),
            self.enough(wary, FLOOR),
        );
        let us = if self.samples == 0 {
            u32::MAX
        } else {
            exp2((self.median as u32).saturating_add(enough))
        };
        Duration::from_micros(us as u64)
    }

    /// Returns the health as of the last call.
    #[must_use]
    pub const fn health(&self) -> Health {
        self.health
    }

    /// Returns the score of the last call, in thousandths of an octave; 0 for a usual sample.
    #[must_use]
    pub const fn score(&self) -> u32 {
        self.score as u32 * 1_000 / OCTAVE
    }

    /// The least height above the median that is above `least` and scores more than `threshold`.
    const fn enough(&self, threshold: u16, least: u32) -> u32 {
        let background = self.background();
        if background > threshold as u32 {
            return 1 + least;
        }
        let left = threshold as u32 - background;
        if left >= SAMPLE_MAX {
            return u32::MAX;
        }
        let above = self.usual() - FLOOR + left;
        1 + if above > least { above } else { least }
    }

    // ---- levels ----

    /// Octaves above the median, at least 0; 0 before the first answer.
    const fn above(&self, log: u32) -> u32 {
        if self.samples == 0 {
            0
        } else {
            log.saturating_sub(self.median as u32)
        }
    }

    /// The usual level above the median, in units of score.
    const fn usual(&self) -> u32 {
        (self.usual as u32) >> LEVEL_BITS
    }

    const fn is_unusual(&self, above: u32) -> bool {
        above << LEVEL_BITS > self.usual as u32
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
        let median = self.median as u32;
        let step = self.step();
        if log > median {
            self.median = (median + step) as u16;
        } else if log < median {
            self.median = median.saturating_sub(step) as u16;
        }
    }

    const fn step(&self) -> u32 {
        if self.samples == u8::MAX {
            return STEP_MIN;
        }
        let step = STEP_FIRST / self.samples as u32;
        if step < OCTAVE { step } else { OCTAVE }
    }

    // ---- samples ----

    const fn take(&mut self, above: u32) {
        self.judge(above);
        self.trouble -= self.trouble >> FADE_BITS;
        if self.is_unusual(above) {
            self.add_trouble(above);
        } else if self.unusual == 0 && self.usual > level(FLOOR) {
            self.usual -= 1;
        }
    }

    #[allow(clippy::cast_possible_truncation)] // below 2^13
    const fn add_trouble(&mut self, above: u32) {
        let excess = above - self.usual();
        self.trouble += at_most(excess, SAMPLE_MAX) << FADE_BITS; // at most 3 octaves, times 2^18
        self.unusual += 1;
        if above > self.peak as u32 {
            self.peak = above as u16;
        }
        if self.unusual >= LASTING {
            self.trouble = 0;
            self.end_episode();
        }
    }

    /// Scores a sample, and warns where that is above the threshold. A usual sample is scored only where trouble alone would be a warning
    /// at the default threshold, so that a low one does not warn of what is usual.
    #[allow(clippy::cast_possible_truncation)] // at most 3 octaves, and 2 log2(1,537)
    const fn judge(&mut self, above: u32) {
        let excess = above.saturating_sub(self.usual() - FLOOR);
        let score = at_most(excess, SAMPLE_MAX) + self.background();
        let wary = above > FLOOR && score > units(Self::THRESHOLD) as u32;
        let unusual = self.is_unusual(above);
        self.score = if unusual || wary { score as u16 } else { 0 };
        if self.score > self.threshold {
            self.health = Health::Degraded;
        }
        if unusual || self.score > self.threshold {
            self.quiet = 0;
        }
    }

    /// Accounts for an episode of trouble: raises the usual level by what its unusual samples are worth or a quarter of the way to the highest
    /// of them, but no more than an octave above that one. The level is below it.
    #[allow(clippy::cast_possible_truncation)] // it saturates before
    const fn end_episode(&mut self) {
        self.health = Health::Good;
        if self.unusual == 0 {
            return;
        }
        let usual = self.usual as u32;
        let peak = (self.peak as u32) << LEVEL_BITS;
        let earned = self.unusual as u32 * self.rise();
        let quarter = peak.saturating_sub(usual) / 4;
        let raised = usual + if earned > quarter { earned } else { quarter };
        let top = peak + (OCTAVE << LEVEL_BITS);
        self.usual = at_most(at_most(raised, top), u16::MAX as u32) as u16;
        (self.unusual, self.peak) = (0, 0);
    }

    /// By how much an unusual sample raises the usual level.
    const fn rise(&self) -> u32 {
        let first = if self.samples == 0 {
            RISE_FIRST
        } else {
            RISE_FIRST / self.samples as u32
        };
        if first > RISE { first } else { RISE }
    }
}

const fn at_most(value: u32, limit: u32) -> u32 {
    if value < limit { value } else { limit }
}

/// A score as a level.
#[allow(clippy::cast_possible_truncation)] // of constants
const fn level(score: u32) -> u16 {
    (score << LEVEL_BITS) as u16
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

    /// A whole octave for the first four samples, then 4/5, 4/6 …, and a 128th in the end.
    #[test]
    fn the_median_moves_by_smaller_and_smaller_steps() {
        let mut warning = EarlyWarning::new();
        warning.answered(ms(1));
        let mut last = warning.median;
        let steps = [(); 6].map(|()| {
            warning.answered(ms(4_000));
            warning.median - core::mem::replace(&mut last, warning.median)
        });
        assert_eq!(steps, [256, 256, 256, 204, 170, 146]);
        let mut warning = warm();
        assert_eq!(u32::from(warning.median), log2(40_000));
        warning.answered(ms(4_000));
        assert_eq!(u32::from(warning.median), log2(40_000) + 2);
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
    fn one_sample_is_three_octaves_of_score_and_of_trouble_at_most() {
        let one = |above: u32| {
            let mut warning = EarlyWarning::new();
            warning.take(above);
            (u32::from(warning.score), warning.trouble >> FADE_BITS)
        };
        assert_eq!([0, 384, 385].map(one), [(0, 0), (0, 0), (385, 1)]); // 2.8 times the median is usual
        assert_eq!([767, 769].map(one), [(767, 383), (768, 385)]);
        assert_eq!([1_152, 1_153, 8_191].map(one), [(768, 768); 3]);
    }

    #[test]
    fn it_is_small() {
        assert!(size_of::<EarlyWarning>() <= 20);
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

    /// A first answer of five times the median is no warning at a threshold of 4 octaves; it is one where there was trouble.
    #[test]
    fn trouble_makes_it_wary() {
        let mut warning = warm();
        assert_eq!(warning.answered(ms(200)), Health::Good);
        assert_eq!(warning.answered(ms(200)), Health::Good);
        assert_eq!(warning.answered(ms(200)), Health::Degraded);
    }

    #[test]
    fn a_warning_ends_after_four_usual_answers_in_a_row() {
        let mut warning = warm();
        for _ in 0..2 {
            warning.answered(ms(2_000));
        }
        for _ in 0..3 {
            assert_eq!(warning.answered(ms(40)), Health::Degraded);
        }
        assert_eq!(warning.waiting(ms(800)), Health::Degraded); // unusual, if no sample
        for _ in 0..3 {
            assert_eq!(warning.answered(ms(100)), Health::Degraded);
        }
        assert_eq!(warning.answered(ms(40)), Health::Good);
    }

    /// Answers alone end a warning: waiting for one does not, and an overdue probe does not.
    #[test]
    fn a_warning_does_not_end_for_want_of_answers() {
        let mut warning = warm();
        for _ in 0..2 {
            warning.answered(ms(2_000));
        }
        for _ in 0..20 {
            assert_eq!(warning.waiting(ms(1)), Health::Degraded);
            assert_eq!(warning.overdue(), Health::Degraded);
        }
    }

    /// Ten unusual samples earn ten eighths of an octave, one alone a quarter of the way, and none more than an octave above the highest.
    #[test]
    fn the_usual_level_rises_at_the_end_of_an_episode() {
        let octave = u16::try_from(OCTAVE << LEVEL_BITS).unwrap();
        let raised_by = |unusual: u16, peak: u32| {
            let mut warning = warm();
            (warning.unusual, warning.peak) = (unusual, u16::try_from(peak).unwrap());
            warning.end_episode();
            assert_eq!((warning.unusual, warning.peak), (0, 0));
            warning.usual - level(FLOOR)
        };
        assert_eq!(raised_by(10, 2 * OCTAVE), octave / 8 * 10);
        assert_eq!(raised_by(1, FLOOR + 4 * OCTAVE), octave);
        assert_eq!(raised_by(100, 2 * OCTAVE), octave * 3 / 2);
        assert_eq!(raised_by(500, 8_191), u16::MAX - level(FLOOR));
        assert_eq!(raised_by(0, 0), 0);
    }

    /// One step a usual sample, and none while an episode lasts.
    #[test]
    fn the_usual_level_falls_slowly_down_to_its_floor() {
        let mut warning = warm();
        warning.usual += 2;
        let usual = level(FLOOR) + 2;
        warning.answered(ms(400));
        assert_eq!(warning.usual, usual);
        for _ in 0..3 {
            warning.answered(ms(40));
            assert_eq!(warning.usual, usual);
        }
        warning.usual = usual;
        warning.unusual = 0;
        let levels = [(); 3].map(|()| {
            warning.answered(ms(40));
            warning.usual
        });
        assert_eq!(levels, [usual - 1, usual - 2, usual - 2]);
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
                let mut patient = warning.clone();
                patient.waiting(patience);
                assert!(patient.score > patient.threshold || patience.as_micros() >= 1 << 31);
                let early = patience * 9 / 10;
                patient.waiting(early);
                assert!(patient.score <= patient.threshold || early < ms(1));
            }
        }
    }

    #[test]
    fn no_input_overflows() {
        let mut warning = EarlyWarning::new().warn_above(u16::MAX);
        for round in 0..if cfg!(miri) { 3_000 } else { 300_000_u32 } {
            let rtt = if round % 3 == 0 {
                Duration::ZERO
            } else {
                Duration::MAX
            };
            warning.answered(rtt);
            warning.waiting(Duration::MAX);
            warning.overdue();
            assert!(warning.patience() > Duration::ZERO);
        }
    }
}
