//! The level above which a score is unusual, and the credit that limits how often it is exceeded.

use super::score::{OCTAVE, at_most};

/// Levels are stored in eighths of the unit of scores. They fall by one such step per sample
/// without a warning.
pub(super) const LEVEL_BITS: u32 = 3;
const LEVEL_OCTAVE: u32 = OCTAVE << LEVEL_BITS;
/// A warning raises the usual level by at least an octave, but to at most an octave above its
/// highest score.
const RISE: u32 = LEVEL_OCTAVE;
/// Each sample that prolongs a warning raises the level for the next by 3/64 of an octave.
pub(super) const PROLONGED: u16 = 96;
/// The credit that a sample with a warning costs. A sample without a warning earns 1.
const SAMPLE: i32 = 256;
/// The largest credit that can be saved up.
const SAVED_MAX: i32 = 160 * SAMPLE;
/// The credit that is needed to begin a warning.
const SAVED_MIN: i32 = 8 * SAMPLE;
/// The limit to which a warning about something worse than before may overdraw the credit.
pub(super) const SAVED_LEAST: i32 = -64 * SAMPLE;

/// The usual level, the highest recent level, and the credit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Level {
    /// The credit for samples with a warning, in 256ths of a sample.
    pub(super) saved: i32,
    threshold: u16,
    /// The usual level, in eighths of the unit of scores.
    pub(super) usual: u16,
    /// The level that only a score above everything reported recently exceeds, in the same unit.
    pub(super) worst: u16,
    /// By how much the current warning has raised the level that prolongs it, in eighths; 0 without
    /// a warning.
    raised: u16,
}

impl Level {
    /// Creates a level that is the threshold, in thousandths of an octave.
    pub(super) const fn new(milli_octaves: u16) -> Self {
        Self {
            saved: SAVED_MAX,
            threshold: units(milli_octaves),
            usual: 0,
            worst: 0,
            raised: 0,
        }
    }

    pub(super) const fn set_threshold(&mut self, milli_octaves: u16) {
        self.threshold = units(milli_octaves);
    }

    /// Returns the score above which a sample begins a warning, or prolongs the current one.
    pub(super) const fn to_exceed(&self, warned: bool) -> u32 {
        let needed = if warned { SAMPLE } else { SAVED_MIN };
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

    /// Returns the usual level in eighths of the unit: at least the threshold, and more the longer
    /// a warning lasts.
    const fn usual(&self) -> u32 {
        let (threshold, usual) = ((self.threshold as u32) << LEVEL_BITS, self.usual as u32);
        let usual = if usual > threshold { usual } else { threshold };
        usual + self.raised as u32
    }

    /// Accounts for a sample without a warning: the levels fall, and credit is saved up.
    pub(super) const fn fall(&mut self) {
        if self.saved < SAVED_MAX {
            self.saved += 1;
        }
        self.usual = self.usual.saturating_sub(1);
        self.worst = self.worst.saturating_sub(1);
    }

    /// Raises the level for the next sample of a warning.
    pub(super) const fn prolong(&mut self) {
        self.raised = self.raised.saturating_add(PROLONGED);
    }

    /// Takes the credit for a sample with a warning.
    pub(super) const fn pay(&mut self) {
        self.saved -= SAMPLE;
        debug_assert!(self.saved >= SAVED_LEAST - SAMPLE);
    }

    /// Gives back the credit for this many samples.
    pub(super) const fn refund(&mut self, samples: u8) {
        self.saved += samples as i32 * SAMPLE;
        debug_assert!(self.saved <= SAVED_MAX);
    }

    /// Returns whether no credit is left. For a sample that is `worse` than before, the overdraft
    /// counts as credit.
    pub(super) const fn is_used_up(&self, worse: bool) -> bool {
        self.saved <= if worse { SAVED_LEAST } else { 0 }
    }

    /// Ends a confirmed warning: the levels stay.
    pub(super) const fn keep(&mut self) {
        self.raised = 0;
    }

    /// Ends a false warning: the levels rise with its highest score, `peak`.
    #[allow(clippy::cast_possible_truncation)] // `at_most` limits them
    pub(super) const fn rise(&mut self, peak: u16) {
        let usual = self.usual();
        let peak = (peak as u32) << LEVEL_BITS;
        let top = at_most(peak + LEVEL_OCTAVE, u16::MAX as u32);
        let quarter = peak.saturating_sub(usual) / 4;
        let rise = if quarter > RISE { quarter } else { RISE };
        let usual = at_most(usual + rise, top) as u16;
        if usual > self.usual {
            self.usual = usual;
        }
        if top as u16 > self.worst {
            self.worst = top as u16;
        }
        self.raised = 0;
    }
}

/// Converts thousandths of an octave to units of score.
#[allow(clippy::cast_possible_truncation)] // the result is less than the argument
const fn units(milli_octaves: u16) -> u16 {
    (milli_octaves as u32 * OCTAVE / 1_000) as u16
}
