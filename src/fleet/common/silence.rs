//! How many of a group of peers are silent, and whether chance explains it.

use crate::math::root::root;
use crate::math::saturating;
use crate::peer::verdict::Verdict;
use crate::time::Instant;

/// The number of parts of a window.
pub(super) const PARTS: usize = 4;
/// How many parts pass before a sample enters the usual number: two windows, so that a failure is
/// not compared with its own beginning.
const DELAY: usize = 8;
/// The usual number is the mean of about so many samples.
const SAMPLES: u64 = 16;
/// After so many parts without a change, the usual number is the present one.
const SETTLED: u64 = 64;

/// Peers are taken to fail by themselves up to once in this time, whatever was measured, so that
/// the first of many independent failures are not taken for a common one.
const FAILS_ONCE_IN_US: u64 = 120_000_000;

/// One in 16 fractional bits.
const ONE: u64 = 1 << 16;
/// The quantile of the normal distribution for 1 in 1,000, and what skewness and rounding add.
const QUANTILE: u64 = 202_520; // 3.0902
const SKEWNESS: u64 = 125_829; // 1.92

/// The counts of a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Silence {
    alive: u32,
    suspect: u32,
    /// How many were called dead in each part of the window, newest first.
    deaths: [u32; PARTS],
    /// How many were silent at the end of each part, newest first.
    past: [u32; DELAY],
    /// The usual number of silent peers, with 16 fractional bits, and of how many samples.
    usual: u64,
    samples: u64,
}

impl Silence {
    /// How many are suspected, or were called dead within the last window.
    pub(super) fn silent(&self) -> u32 {
        self.deaths.iter().sum::<u32>().saturating_add(self.suspect)
    }

    /// How many of them were alive until then.
    pub(super) fn of(&self) -> u32 {
        self.alive.saturating_add(self.silent())
    }

    pub(super) const fn alive(&self) -> u32 {
        self.alive
    }

    pub(super) const fn suspect(&self) -> u32 {
        self.suspect
    }

    /// Records a peer that comes or goes with `verdict`.
    pub(super) const fn enter(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Alive => self.alive = self.alive.saturating_add(1),
            Verdict::Suspect => self.suspect = self.suspect.saturating_add(1),
            Verdict::Unknown | Verdict::Dead | Verdict::Left => {}
        }
    }

    /// Records a peer that goes with `verdict`.
    pub(super) const fn leave(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Alive => self.alive = self.alive.saturating_sub(1),
            Verdict::Suspect => self.suspect = self.suspect.saturating_sub(1),
            Verdict::Unknown | Verdict::Dead | Verdict::Left => {}
        }
    }

    pub(super) const fn change(&mut self, from: Verdict, to: Verdict) {
        self.leave(from);
        self.enter(to);
        if let (Verdict::Dead, [newest, ..]) = (to, &mut self.deaths) {
            *newest = newest.saturating_add(1);
        }
    }

    /// Makes the verdict on every peer `Unknown`.
    pub(super) const fn forget(&mut self) {
        (self.alive, self.suspect) = (0, 0);
    }

    /// Ends `parts` parts of the window, in which nothing changed after the first.
    pub(super) fn turn(&mut self, parts: u64) {
        for _ in 0..parts.min(SETTLED) {
            self.end_part();
        }
        if parts > SETTLED {
            self.usual = u64::from(self.suspect) * ONE;
        }
    }

    fn end_part(&mut self) {
        let silent = self.silent();
        self.past.rotate_right(1);
        let oldest = self.past.first_mut();
        let sample = oldest.map_or(0, |place| core::mem::replace(place, silent));
        self.samples = (self.samples + 1).min(SAMPLES);
        let kept = self.usual - self.usual.div_ceil(self.samples);
        self.usual = kept + u64::from(sample) * ONE / self.samples;
        self.deaths.rotate_right(1);
        let [newest, ..] = &mut self.deaths;
        *newest = 0;
    }

    /// Returns whether more are silent beside one of them than chance explains.
    pub(super) fn is_unusual(&self, window: Window) -> bool {
        is_unusual(self.silent(), self.of(), self.usual, window)
    }

    /// Returns the same of those that are not in the group `part`.
    pub(super) fn is_unusual_without(&self, part: &Self, window: Window) -> bool {
        let silent = self.silent().saturating_sub(part.silent());
        let of = self.of().saturating_sub(part.of());
        let usual = self.usual.saturating_sub(part.usual);
        is_unusual(silent.saturating_add(1), of, usual, window)
    }

    /// Returns whether a greater share of this group is silent than of `other`.
    pub(super) fn is_worse_than(&self, other: &Self) -> bool {
        let [one, another] = [(self, other), (other, self)]
            .map(|(one, other)| u64::from(one.silent()) * u64::from(other.of()));
        one > another
    }
}

/// The window, and what makes failures of longer ago appear in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) us: u64,
    /// For how long nobody looked, or the peers' silence was excused, within two windows.
    pub(super) late_us: u64,
}

impl Window {
    /// Returns for how long independent failures add up. A peer is silent for at most two windows:
    /// it is suspected in one, and dead in the other.
    const fn span_us(self) -> u64 {
        saturating::plus(saturating::plus(self.us, self.us), self.late_us)
    }
}

/// Returns whether `silent` of `of` peers are more than chance explains beside one of them, where
/// `usual` are silent.
fn is_unusual(silent: u32, of: u32, usual: u64, window: Window) -> bool {
    let share = ONE.saturating_mul(window.span_us()) / FAILS_ONCE_IN_US;
    let tolerated = u64::from(of) * share.min(ONE / 2);
    let longer = ONE.saturating_mul(window.span_us()) / window.us.saturating_mul(2).max(1);
    let usual = usual.saturating_mul(longer) / ONE;
    let others = u64::from(silent.saturating_sub(1)) * ONE;
    others >= least_improbable(usual.max(tolerated))
}

/// Returns the least number that a Poisson variable with `mean` reaches with a probability of at
/// most 1 in 1,000, or up to 1.5 more; both with 16 fractional bits. By the expansion of Cornish
/// and Fisher to the second term.
fn least_improbable(mean: u64) -> u64 {
    let deviation = root(u128::from(mean) * u128::from(ONE));
    let above = deviation.saturating_mul(QUANTILE) / ONE;
    mean.saturating_add(above).saturating_add(SKEWNESS)
}

/// When a window of `window_us` has passed since `at`, in parts; and when the last of them ended.
pub(super) fn parts_since(at: Instant, now: Instant, window_us: u64) -> (u64, Instant) {
    let part_us = (window_us / PARTS as u64).max(1);
    let parts = now.since(at) / part_us;
    (parts, at.plus(parts.saturating_mul(part_us)))
}

#[cfg(test)]
mod tests;
