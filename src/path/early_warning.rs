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
/// threshold of their own. It announces no outage that comes without warning signs, and the first
/// disturbance of a path only if that lasts for several samples.
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
mod tests;
