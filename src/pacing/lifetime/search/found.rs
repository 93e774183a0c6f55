//! What a search has found so far, and what follows from it.

use crate::config::{SPAN_MAX_US, Span};
use crate::pacing::lifetime::memory::{DOUBTS_MAX, Memory};
use crate::pacing::lifetime::reach::Reach;

/// Shares of an interval as shifts, and counts of intervals.
mod shape {
    use crate::config::Span;

    /// Without a second flow, each idle is longer than the last by 1/16.
    pub(super) const STEP: u8 = 4;
    /// The search ends where lost and survived are this close: 1/32.
    pub(super) const CLOSE: u8 = 5;
    /// Without a second flow nothing is tried that is closer than 1/8 to what was lost.
    pub(super) const DISTANCE: u8 = 3;
    /// The margin below what was survived: 1/8 at first and 1/64 once it is confirmed, or without a second flow. A doubt doubles it.
    pub(super) const MARGIN_FIRST: u8 = 3;
    pub(super) const MARGIN_LEAST: u8 = 6;
    pub(super) const MARGIN_ALONE: u8 = 6;
    /// What was survived is confirmed after 1, 4, 16 … intervals.
    pub(super) const CONFIRMED_MOST: u8 = 8;
    /// More than was lost is believed when it was survived this often in a row; half as often where the loss may have been an accident.
    pub(super) const RISEN: u8 = 6;
    /// More is tried after 128, 256, 512 … intervals; without a second flow after 30, 60, 120 … days.
    pub(super) const REST: u8 = 7;
    pub(super) const REST_ALONE_DAYS: u64 = 30;
    pub(super) const VAIN_MOST: u8 = 12;
    /// A loss after so many idles that were survived in a row may have another cause; twice as many each time, up to 8 times.
    pub(super) const OFTEN: u8 = 16;
    pub(super) const EXCUSED_MOST: u8 = 3;
    /// A loss after fewer than this is no interruption of what was survived.
    pub(super) const SOME: u8 = 4;
    /// With a second flow, what is tried above an idle that was lost is spread over more than a week.
    pub(super) const SPREAD_US: u64 = Span::DAY_US * 31 / 24;
    /// An age at which what was lost is forgotten, and half of what was survived.
    pub(super) const OLD_DAYS: u64 = 30;
}

const OLD_US: u64 = shape::OLD_DAYS * Span::DAY_US;

/// No idle that is known to be lost.
const NONE: u64 = u64::MAX;

/// What is known of the lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(in crate::pacing::lifetime) struct Found {
    /// The longest idle that was survived, or is taken to be; below `lost_us`.
    survived_us: u64,
    /// The shortest that was not.
    lost_us: u64,
    /// What the flow in use has idled since the search ended.
    kept_us: u64,
    /// How often what was survived has been survived again since.
    confirmed: u8,
    /// How often survived and lost contradicted each other.
    doubts: u8,
    /// How often more was tried in vain.
    vain: u8,
    /// How often in a row more than what was lost was survived.
    risen: u8,
    /// How many idles of the flow in use were survived since it was lost.
    run: u8,
    /// How often a loss was excused by them.
    excused: u8,
    /// The last loss was excused, and nothing has been survived since.
    strange: bool,
    /// What is taken to be survived is a guess.
    guess: bool,
}

impl Found {
    pub(in crate::pacing::lifetime) const NOTHING: Self = Self::recalled(Memory::NOTHING, 0);

    pub(in crate::pacing::lifetime) const fn recalled(memory: Memory, age_us: u64) -> Self {
        let (mut survived_us, mut lost_us) = (memory.survived_us(), memory.lost_us());
        let mut left_us = age_us;
        while left_us >= OLD_US && (survived_us > 0 || lost_us < NONE) {
            (survived_us, lost_us) = (survived_us >> 1, NONE);
            left_us -= OLD_US;
        }
        Self {
            survived_us,
            lost_us,
            kept_us: 0,
            confirmed: 0,
            doubts: memory.doubts(),
            vain: 0,
            risen: 0,
            run: 0,
            excused: 0,
            strange: false,
            guess: false,
        }
    }

    pub(in crate::pacing::lifetime) const fn memory(&self) -> Memory {
        Memory::of(self.survived_us, self.lost_us, self.doubts)
    }

    // ---- what to do ----

    /// What the flow in use is known, or trusted, to survive.
    fn base_us(&self, reach: &Reach) -> u64 {
        self.survived_us.max(reach.least_us()).min(reach.most_us())
    }

    /// Whether there is something left to be found.
    pub(in crate::pacing::lifetime) fn is_open(&self, reach: &Reach) -> bool {
        let base = self.base_us(reach);
        if base >= reach.most_us() || self.lost_us == NONE {
            return base < reach.most_us();
        }
        if reach.has_second_flow() {
            return self.lost_us.saturating_sub(base) > base >> shape::CLOSE;
        }
        self.longer_us(reach) < self.lost_us - (self.lost_us >> shape::DISTANCE)
    }

    /// How long the flow in use is to idle.
    pub(in crate::pacing::lifetime) fn interval_us(&self, reach: &Reach) -> u64 {
        self.attempt_us(reach)
            .unwrap_or_else(|| self.safe_us(reach))
            .min(reach.most_us())
            .max(reach.least_us())
    }

    /// The same, less the time that a lost probe takes to be asked again, unless something longer is tried: a probe may be lost before anything
    /// on the way has seen it.
    pub(in crate::pacing::lifetime) fn prudent_us(&self, reach: &Reach, timeout_us: u32) -> u64 {
        let interval = self.interval_us(reach);
        if self.lost_us == NONE || self.attempt_us(reach).is_some() {
            return interval;
        }
        let room = u64::from(timeout_us).min(interval >> shape::MARGIN_FIRST);
        (interval - room).max(reach.least_us())
    }

    /// What the flow in use is to try, where there is no second one.
    fn attempt_us(&self, reach: &Reach) -> Option<u64> {
        if reach.has_second_flow() {
            None
        } else if self.is_open(reach) {
            (!self.guess).then(|| self.longer_us(reach))
        } else {
            self.is_rested(reach).then(|| self.again_us())
        }
    }

    /// How long the second flow is to idle.
    pub(in crate::pacing::lifetime) fn trial_us(&self, reach: &Reach) -> Option<u64> {
        if !reach.has_second_flow() {
            return None;
        }
        if self.is_open(reach) {
            return Some(self.longer_us(reach));
        }
        let again = self.safe_us(reach) << (2 * self.confirmed);
        if self.confirmed < shape::CONFIRMED_MOST && self.kept_us >= again {
            return Some(self.base_us(reach));
        }
        self.is_rested(reach).then(|| self.more_us(reach))
    }

    /// What was lost, where it had been survived before: that may have been an accident. Else, or where that was in vain, somewhat more.
    const fn again_us(&self) -> u64 {
        if self.may_be_accident() {
            return self.lost_us;
        }
        self.lost_us.saturating_add(self.lost_us >> shape::STEP)
    }

    /// The flow in use was lost after an idle that had been survived, and it was not tried again since.
    const fn may_be_accident(&self) -> bool {
        self.doubts > 0 && self.vain == 0
    }

    /// The same for the second flow; a good deal more where no accident was possible, and every other time where one was.
    fn more_us(&self, reach: &Reach) -> u64 {
        let more = if self.doubts > 0 && self.vain.is_multiple_of(2) {
            self.again_us()
        } else {
            self.lost_us.saturating_add(self.lost_us >> 2)
        };
        more.max(reach.least_us()).min(reach.most_us())
    }

    /// The next idle to try, above what was survived and below what was lost.
    fn longer_us(&self, reach: &Reach) -> u64 {
        let base = self.base_us(reach);
        let gap = self.lost_us.saturating_sub(base);
        let longer = match reach.has_second_flow() {
            true if gap > base + (base >> 1) => base << 1,
            true => base + (gap >> 1),
            false => base + (base >> shape::STEP).max(1),
        };
        longer.min(reach.most_us())
    }

    /// What was survived, less the margin.
    fn safe_us(&self, reach: &Reach) -> u64 {
        let base = self.base_us(reach);
        let shift = if reach.has_second_flow() {
            (shape::MARGIN_FIRST + self.confirmed).min(shape::MARGIN_LEAST - self.doubts)
        } else {
            shape::MARGIN_ALONE - self.doubts
        };
        (base - (base >> shift)).max(reach.least_us())
    }

    /// Whether enough time has passed to try more.
    fn is_rested(&self, reach: &Reach) -> bool {
        let rest = if !reach.has_second_flow() {
            shape::REST_ALONE_DAYS * Span::DAY_US
        } else if self.may_be_accident() {
            0
        } else {
            (self.safe_us(reach) << shape::REST).max(shape::SPREAD_US)
        };
        let closed = self.lost_us <= reach.most_us() && !self.is_open(reach);
        closed && self.kept_us >= rest << self.vain
    }

    /// Whether nothing that long was ever survived.
    pub(in crate::pacing::lifetime) fn is_untried(&self, reach: &Reach, idle_us: u64) -> bool {
        idle_us > self.survived_us.max(reach.least_us())
    }

    // ---- what came of it ----

    pub(in crate::pacing::lifetime) fn survived(&mut self, reach: &Reach, idle_us: u64) {
        let idle_us = idle_us.min(SPAN_MAX_US);
        if idle_us > self.interval_us(reach) >> 1 {
            (self.strange, self.guess) = (false, false);
            self.run = self.run.saturating_add(1);
        }
        if self.is_untried(reach, idle_us) && self.is_rested(reach) {
            self.try_later(); // jitter may have cut it short
        }
        self.kept_us = self.kept_us.saturating_add(idle_us);
        self.raise(reach, idle_us);
    }

    pub(in crate::pacing::lifetime) fn trial_survived(&mut self, reach: &Reach, idle_us: u64) {
        let idle_us = idle_us.min(SPAN_MAX_US);
        if idle_us >= self.lost_us && !self.is_risen(reach) {
            return;
        }
        if !self.is_open(reach) && idle_us >= self.base_us(reach) {
            self.confirmed = (self.confirmed + 1).min(shape::CONFIRMED_MOST);
        }
        self.raise(reach, idle_us);
    }

    /// More than was lost has been survived. What was not asked for began before that was known; what was may have been luck.
    fn is_risen(&mut self, reach: &Reach) -> bool {
        let asked_us = self.trial_us(reach).unwrap_or(0);
        if asked_us >= self.lost_us {
            self.risen += if self.may_be_accident() { 2 } else { 1 };
            self.kept_us = 0; // the next one is as long after this as this was after the last
        }
        self.risen >= shape::RISEN
    }

    fn raise(&mut self, reach: &Reach, idle_us: u64) {
        if idle_us <= self.survived_us {
            return;
        }
        let was_open = self.is_open(reach);
        self.survived_us = idle_us;
        if idle_us >= self.lost_us {
            // it has become longer
            (self.lost_us, self.vain, self.risen, self.doubts) = (NONE, 0, 0, 0);
        }
        self.settle(reach, was_open);
    }

    pub(in crate::pacing::lifetime) fn lost(&mut self, reach: &Reach, idle_us: u64) {
        let idle_us = idle_us.clamp(1, SPAN_MAX_US);
        let run = core::mem::replace(&mut self.run, 0);
        if self.is_untried(reach, idle_us) {
            return self.lower(reach, idle_us);
        }
        let often = run >= shape::OFTEN << self.excused;
        self.excused = (self.excused + u8::from(often)).min(shape::EXCUSED_MOST);
        if self.is_excused(reach, idle_us, often) {
            self.strange = true;
            return;
        }
        let excused = if reach.has_second_flow() {
            self.excused
        } else {
            0
        };
        let little =
            !reach.has_second_flow() && !self.strange && (self.doubts == 0 || run >= shape::SOME);
        let survived_us = if little {
            idle_us - (idle_us >> 3)
        } else {
            idle_us >> 2
        };
        let doubts = self.doubts + u8::from(!self.guess);
        self.contradict(idle_us, survived_us, doubts);
        (self.guess, self.excused) = (true, excused);
        self.vain = u8::from(!often && reach.has_second_flow()); // as if what was lost had been tried again
        if little && run >= shape::SOME {
            self.rest_half_of(reach, run);
        }
    }

    /// The flow in use was lost twice in a row after such an idle.
    pub(in crate::pacing::lifetime) fn lost_again(&mut self, reach: &Reach, idle_us: u64) {
        (self.run, self.strange) = (0, true);
        self.lost(reach, idle_us);
    }

    /// Whether the peer, or somebody on the way, may have had a reason of its own: the loss came early in the idle, or without a second flow
    /// after many that were survived in a row. Not twice in a row.
    const fn is_excused(&self, reach: &Reach, idle_us: u64, often: bool) -> bool {
        let early = idle_us <= self.survived_us >> 1;
        (early && !self.strange) || (often && !reach.has_second_flow())
    }

    /// What was lost is tried again after half as many intervals as were survived before.
    fn rest_half_of(&mut self, reach: &Reach, run: u8) {
        let soon_us = u64::from(run >> 1).saturating_mul(self.safe_us(reach));
        self.kept_us = (shape::REST_ALONE_DAYS * Span::DAY_US).saturating_sub(soon_us);
    }

    pub(in crate::pacing::lifetime) fn trial_lost(&mut self, reach: &Reach, idle_us: u64) {
        let idle_us = idle_us.clamp(1, SPAN_MAX_US);
        if self.is_untried(reach, idle_us) {
            return self.lower(reach, idle_us);
        }
        let below = idle_us - (idle_us >> 3);
        let survived_us = self.safe_us(reach).min(below); // which the flow in use lives on
        self.contradict(idle_us, survived_us, self.doubts);
    }

    /// More than was survived is lost.
    fn lower(&mut self, reach: &Reach, idle_us: u64) {
        if idle_us >= self.lost_us || self.is_rested(reach) {
            self.try_later();
        }
        let was_open = self.is_open(reach);
        self.lost_us = self.lost_us.min(idle_us);
        self.settle(reach, was_open);
    }

    fn try_later(&mut self) {
        self.risen = 0;
        self.vain = (self.vain + 1).min(shape::VAIN_MOST);
    }

    /// What was survived is lost: the lifetime wanders, or has become shorter.
    fn contradict(&mut self, lost_us: u64, survived_us: u64, doubts: u8) {
        *self = Self {
            survived_us: survived_us.min(lost_us - 1),
            lost_us,
            doubts: doubts.min(DOUBTS_MAX),
            ..Self::NOTHING
        };
    }

    fn settle(&mut self, reach: &Reach, was_open: bool) {
        if was_open && !self.is_open(reach) {
            (self.kept_us, self.confirmed) = (0, 0);
        }
    }
}
