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
/// What a probe that is overdue counts as: four times the usual.
const OVERDUE: u32 = 2 * OCTAVE;
/// Round trips up to 2.8 times the usual are no trouble; a longer one is as much trouble as it is octaves longer, five at most.
const USUAL: u32 = OCTAVE * 3 / 2;
const TROUBLE_MAX: u32 = 5 * OCTAVE;
/// Trouble fades by this power of two a sample: over the last 512 or so.
const FADE_BITS: u32 = 9;
/// The median moves by at most an octave, and at least a 64th of one, a sample.
const STEP_MIN: u32 = OCTAVE / 64;
/// Answers in a row, each an octave below the threshold, that end a warning.
const CALM: u8 = 8;

/// Says when a path is worse than usual, from what a monitor sees of it: round trips, and how long probes are unanswered.
///
/// A machine of its own: feed it beside a [`Monitor`](crate::Monitor), a [`Heartbeat`](crate::Heartbeat) or anything that measures round trips. No verdict
/// depends on it. It keeps 16 bytes, takes no clock, and costs a few dozen instructions a sample, none of them a division by a variable once it is warm.
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
/// let patience = warning.patience(); // a probe that is unanswered for longer is a warning, without waiting for its answer
/// assert!(patience < Duration::from_millis(1_500));
/// assert_eq!(warning.waiting(patience), Health::Degraded);
/// ```
///
/// # The score
///
/// > score = max(0, y) + 2 log2(1 + trouble)
///
/// where y is how many octaves the newest round trip, or the age of an unanswered probe, is above the median of those before it, and trouble is the
/// sum, fading over some 512 samples, of the octaves by which round trips were more than 2.8 times the median. So a long round trip counts for more
/// where there was trouble lately: outages come in clusters. It is the logarithm of a rate, that of the newest
/// sample's kind times that of the time: a one-sided sum of evidence with a floor, as Page's (1954), which leaks in place of being reset.
///
/// # How good it is
///
/// On the halves of seven recorded networks, at equal false warnings (a mean over 2, 4, 8, 15 and 30 an hour), for silences over 3 and 10 s, horizons of 10 to
/// 60 s, steady and planned probing:
///
/// | outages announced | first halves | second halves |
/// |---|---|---|
/// | this | 53 % | 68 % |
/// | a fixed threshold or ratio of round trips, the better of the two in hindsight | 47 % | 51 % |
/// | the same, of the ages of unanswered probes too | 47 % | 53 % |
/// | an EWMA band, the best of eight in hindsight | 21 % | 22 % |
///
/// They are announced 4 to 14 s before they begin for 3 s, and up to a minute for 10 s. There are 36 silences over 3 s and 11 over 10 s in all, so one
/// more or less is some percent; the constants were chosen by both halves, though those chosen by one do as well on the other.
///
/// A threshold is for a kind of path: the default of 12 octaves is 22 false warnings an hour and 44 % of the outages on three drives through radio cells, one
/// in five hours on a 5G car in town, none on a wired network; 14 octaves are 7 an hour and 25 %.
///
/// `tests/early_warning.rs` repeats the comparison for the recordings in a folder; [`lab::warning`](crate#features) judges others.
///
/// What it does not see: an outage without a forerunner, and the first trouble of a path that had none, unless it lasts for some samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyWarning {
    /// The logarithm of the median round trip.
    median: u32,
    /// In units of score, times 2^9.
    trouble: u32,
    threshold: u16,
    /// The score of the newest sample.
    score: u16,
    samples: u8,
    calm: u8,
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

    /// Of a path of which nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            median: 0,
            trouble: 0,
            threshold: units(Self::THRESHOLD),
            score: 0,
            samples: 0,
            calm: 0,
            health: Health::Good,
        }
    }

    /// The same with another threshold, in thousandths of an octave: lower for more warnings, false ones too.
    #[must_use]
    pub const fn warn_above(mut self, milli_octaves: u16) -> Self {
        self.threshold = units(milli_octaves);
        self
    }

    /// A probe was answered, late or not.
    pub const fn answered(&mut self, rtt: Duration) -> Health {
        let log = log2(rtt_micros(rtt));
        let above = self.above(log);
        self.learn(log);
        self.take(above);
        self.calm_down()
    }

    /// A probe is overdue. If it is answered after all, say that too.
    pub const fn overdue(&mut self) -> Health {
        self.take(OVERDUE)
    }

    /// A probe has been unanswered for `age`, which is no sample yet.
    pub const fn waiting(&mut self, age: Duration) -> Health {
        self.judge(self.above(log2(rtt_micros(age))))
    }

    /// How long a probe may be unanswered before [`waiting`](Self::waiting) warns; 71 minutes before the first answer.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        let left = (self.threshold as u32).saturating_sub(self.background());
        let us = if self.samples == 0 {
            u32::MAX
        } else {
            exp2(self.median + left + 1)
        };
        Duration::from_micros(us as u64)
    }

    /// As of the last call.
    #[must_use]
    pub const fn health(&self) -> Health {
        self.health
    }

    /// The score of the last call, in thousandths of an octave.
    #[must_use]
    pub const fn score(&self) -> u32 {
        self.score as u32 * 1_000 / OCTAVE
    }

    // ---- what it is made of ----

    /// How far above the median, if at all; nothing is where there is none.
    const fn above(&self, log: u32) -> u32 {
        if self.samples == 0 {
            0
        } else {
            log.saturating_sub(self.median)
        }
    }

    /// The part of the score that the past has.
    const fn background(&self) -> u32 {
        let trouble = self.trouble >> FADE_BITS;
        2 * (log2(OCTAVE + trouble) - log2(OCTAVE))
    }

    /// A median by stochastic approximation: a step up or down, smaller and smaller (Robbins and Monro 1951).
    const fn learn(&mut self, log: u32) {
        if self.samples == 0 {
            self.median = log;
        }
        self.samples = self.samples.saturating_add(1);
        let step = OCTAVE / self.samples as u32;
        let step = if step < STEP_MIN { STEP_MIN } else { step };
        self.median = if log > self.median {
            self.median + step
        } else {
            self.median.saturating_sub(step)
        };
    }

    const fn take(&mut self, above: u32) -> Health {
        let health = self.judge(above);
        let more = above.saturating_sub(USUAL);
        let more = if more > TROUBLE_MAX {
            TROUBLE_MAX
        } else {
            more
        };
        self.trouble -= self.trouble >> FADE_BITS;
        self.trouble += more << FADE_BITS; // at most five octaves, times 2^18
        health
    }

    #[allow(clippy::cast_possible_truncation)]
    const fn judge(&mut self, above: u32) -> Health {
        let score = above + self.background();
        self.score = score as u16; // at most 32 octaves, and 2 log2(2,561)
        if score > self.threshold as u32 {
            self.health = Health::Degraded;
        }
        if !self.is_calm() {
            self.calm = 0;
        }
        self.health
    }

    /// Whether the last score is an octave below the threshold.
    const fn is_calm(&self) -> bool {
        self.score as u32 + OCTAVE <= self.threshold as u32
    }

    /// Ends a warning where the answer that was just judged is one of enough calm ones.
    const fn calm_down(&mut self) -> Health {
        if self.is_calm() {
            self.calm = self.calm.saturating_add(1);
            if self.calm >= CALM {
                self.health = Health::Good;
            }
        }
        self.health
    }
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

    fn warm() -> EarlyWarning {
        let mut warning = EarlyWarning::new().warn_above(4_000);
        for sample in 0..1_000 {
            assert_eq!(warning.answered(ms(38 + sample % 5)), Health::Good);
        }
        warning
    }

    /// A whole octave at first, then a half, a third …, and never less than a 64th.
    #[test]
    fn the_median_settles_by_smaller_and_smaller_steps() {
        let (mut warning, usual) = (EarlyWarning::new(), log2(40_000).cast_signed());
        let off = [(); 6].map(|()| {
            warning.answered(ms(40));
            warning.median.cast_signed() - usual
        });
        assert_eq!(off, [-256, -128, -43, 21, -30, 12]);
        for _ in 0..300 {
            warning.answered(ms(40));
        }
        let before = warning.median;
        warning.answered(ms(4_000));
        assert_eq!(warning.median, before + 4);
        warning.answered(ms(1));
        assert_eq!(warning.median, before);
    }

    #[test]
    fn trouble_of_an_octave_doubles_the_rate_twice() {
        let mut warning = EarlyWarning::new();
        assert_eq!(warning.background(), 0);
        warning.trouble = OCTAVE << FADE_BITS;
        assert_eq!(warning.background(), 2 * OCTAVE);
    }

    /// Without trouble before it, an overdue probe is two octaves, and half an octave of it is trouble.
    #[test]
    fn a_probe_that_is_overdue_counts_as_four_times_the_usual() {
        let mut warning = EarlyWarning::new();
        warning.overdue();
        assert_eq!(warning.score(), 2_000);
        assert_eq!(warning.trouble >> FADE_BITS, 128);
    }

    #[test]
    fn one_sample_is_five_octaves_of_trouble_at_most() {
        let trouble = |above: u32| {
            let mut warning = EarlyWarning::new();
            warning.take(above);
            warning.trouble >> FADE_BITS
        };
        assert_eq!([0, 384, 385].map(trouble), [0, 0, 1]); // 2.8 times the usual is no trouble
        let (six_and_a_half, more) = (1_664, [1_665, 2_560, 8_192]);
        assert_eq!(
            (trouble(six_and_a_half), more.map(trouble)),
            (1_280, [1_280; 3])
        );
    }

    #[test]
    fn it_is_small() {
        assert!(size_of::<EarlyWarning>() <= 16);
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

    /// One of sixteen times the usual warns where there was no trouble; one of five times does, where there was.
    #[test]
    fn trouble_makes_it_wary() {
        let mut warning = warm();
        assert_eq!(warning.answered(ms(200)), Health::Good);
        assert_eq!(warm().answered(ms(800)), Health::Degraded);
        for _ in 0..3 {
            warning.answered(ms(200));
            warning.answered(ms(40));
        }
        assert_eq!(warning.answered(ms(200)), Health::Degraded);
    }

    #[test]
    fn a_warning_ends_after_eight_calm_answers_in_a_row() {
        let mut warning = warm();
        warning.waiting(ms(2_000));
        for _ in 0..7 {
            assert_eq!(warning.answered(ms(40)), Health::Degraded);
        }
        assert_eq!(warning.waiting(ms(800)), Health::Degraded);
        for _ in 0..7 {
            assert_eq!(warning.answered(ms(40)), Health::Degraded);
        }
        assert_eq!(warning.answered(ms(40)), Health::Good);
    }

    /// An octave below the threshold is calm, and no less is.
    #[test]
    fn an_answer_just_below_the_threshold_puts_off_the_end_of_a_warning() {
        let eighth = |above: u32| {
            let mut warning = EarlyWarning::new().warn_above(4_000);
            warning.judge(5 * OCTAVE);
            let calm = [0; 7].into_iter().chain([above]);
            calm.fold(Health::Good, |_, above| {
                warning.judge(above);
                warning.calm_down()
            })
        };
        assert_eq!(eighth(3 * OCTAVE), Health::Good);
        assert_eq!(eighth(3 * OCTAVE + 1), Health::Degraded);
        assert_eq!(eighth(4 * OCTAVE), Health::Degraded);
    }

    /// Answers alone end a warning: not that one waits for them, and not that they do not come.
    #[test]
    fn a_warning_does_not_end_for_want_of_answers() {
        let mut warning = warm();
        warning.waiting(ms(2_000));
        for _ in 0..20 {
            assert_eq!(warning.waiting(ms(1)), Health::Degraded);
            assert_eq!(warning.overdue(), Health::Degraded);
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
        let mut warning = EarlyWarning::new();
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
            let background = warning.background() > u32::from(warning.threshold);
            assert!(background || patient.score <= patient.threshold || early < ms(1));
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
