//! What a search has found so far, and what follows from it.

use crate::config::{SPAN_MAX_US, Span};
use crate::pacing::lifetime::range::LifetimeRange;
use crate::pacing::lifetime::record::{DOUBTS_MAX, LifetimeRecord};
use crate::pacing::lifetime::search::shape;

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
    /// How many idles of the flow in use were survived since it was lost; 1 where it never was, and 0 where what is taken to be survived is
    /// a guess.
    run: u8,
    /// How often a loss was ignored.
    ignored: u8,
    /// How often a loss was undone since one was ignored.
    undone: u8,
    /// What was lost had been survived before, and was not tried again since.
    accident: bool,
}

impl Found {
    pub(in crate::pacing::lifetime) const NOTHING: Self =
        Self::recalled(LifetimeRecord::NOTHING, 0);

    pub(in crate::pacing::lifetime) const fn recalled(memory: LifetimeRecord, age_us: u64) -> Self {
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
            run: 1,
            ignored: 0,
            undone: 0,
            accident: memory.doubts() > 0,
        }
    }

    pub(in crate::pacing::lifetime) const fn lifetime_record(&self) -> LifetimeRecord {
        LifetimeRecord::of(self.survived_us, self.lost_us, self.doubts)
    }

    // ---- what to do ----

    /// What the flow in use is known, or trusted, to survive.
    fn base_us(&self, reach: &LifetimeRange) -> u64 {
        self.survived_us.max(reach.least_us()).min(reach.most_us())
    }

    /// Whether there is something left to be found.
    pub(in crate::pacing::lifetime) fn is_open(&self, reach: &LifetimeRange) -> bool {
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
    pub(in crate::pacing::lifetime) fn interval_us(&self, reach: &LifetimeRange) -> u64 {
        self.attempt_us(reach)
            .unwrap_or_else(|| self.safe_us(reach))
            .min(reach.most_us())
            .max(reach.least_us())
    }

    /// The same, less the time that a lost probe takes to be asked again, unless something longer is tried: a probe may be lost before anything
    /// on the way has seen it.
    pub(in crate::pacing::lifetime) fn prudent_us(
        &self,
        reach: &LifetimeRange,
        timeout_us: u32,
    ) -> u64 {
        let interval = self.interval_us(reach);
        if self.lost_us == NONE || self.attempt_us(reach).is_some() {
            return interval;
        }
        let room = u64::from(timeout_us).min(interval >> shape::MARGIN_FIRST);
        (interval - room).max(reach.least_us())
    }

    /// What the flow in use is to try, where there is no second one.
    fn attempt_us(&self, reach: &LifetimeRange) -> Option<u64> {
        if reach.has_second_flow() {
            None
        } else if self.is_open(reach) {
            (self.run > 0).then(|| self.longer_us(reach))
        } else {
            self.is_rested(reach).then(|| self.again_us())
        }
    }

    /// How long the second flow is to idle.
    pub(in crate::pacing::lifetime) fn trial_us(&self, reach: &LifetimeRange) -> Option<u64> {
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
        if self.accident {
            return self.lost_us;
        }
        self.lost_us.saturating_add(self.lost_us >> shape::STEP)
    }

    /// The same for the second flow; a good deal more where no accident was possible, and every other time where one was.
    fn more_us(&self, reach: &LifetimeRange) -> u64 {
        let more = if self.doubts > 0 && self.vain.is_multiple_of(2) {
            self.again_us()
        } else {
            self.lost_us.saturating_add(self.lost_us >> 2)
        };
        more.max(reach.least_us()).min(reach.most_us())
    }

    /// The next idle to try, above what was survived and below what was lost.
    fn longer_us(&self, reach: &LifetimeRange) -> u64 {
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
    fn safe_us(&self, reach: &LifetimeRange) -> u64 {
        let base = self.base_us(reach);
        let shift = if reach.has_second_flow() {
            (shape::MARGIN_FIRST + self.confirmed).min(shape::MARGIN_LEAST - self.doubts)
        } else {
            shape::MARGIN_ALONE - self.doubts
        };
        (base - (base >> shift)).max(reach.least_us())
    }

    /// Whether enough time has passed to try more.
    fn is_rested(&self, reach: &LifetimeRange) -> bool {
        let rest = if !reach.has_second_flow() {
            shape::REST_ALONE_DAYS * Span::DAY_US
        } else if self.accident {
            0
        } else {
            (self.safe_us(reach) << shape::REST).max(shape::SPREAD_US)
        };
        let closed = self.lost_us <= reach.most_us() && !self.is_open(reach);
        closed && self.kept_us >= rest << self.vain
    }

    /// Whether nothing that long was ever survived.
    pub(in crate::pacing::lifetime) fn is_untried(
        &self,
        reach: &LifetimeRange,
        idle_us: u64,
    ) -> bool {
        idle_us > self.survived_us.max(reach.least_us())
    }

    // ---- what came of it ----

    pub(in crate::pacing::lifetime) fn survived(&mut self, reach: &LifetimeRange, idle_us: u64) {
        let idle_us = idle_us.min(SPAN_MAX_US);
        if idle_us > self.interval_us(reach) >> 1 {
            self.run = self.run.saturating_add(1);
        }
        let tried = self.is_untried(reach, idle_us) && self.is_rested(reach);
        self.kept_us = self.kept_us.saturating_add(idle_us);
        let short_us = self.lost_us.saturating_sub(idle_us); // jitter may have cut it
        if tried && self.accident && short_us <= idle_us >> shape::CLOSE {
            return self.raise(reach, self.lost_us.max(idle_us));
        }
        if tried && short_us > 0 {
            self.try_later();
        }
        self.raise(reach, idle_us);
    }

    pub(in crate::pacing::lifetime) fn trial_survived(
        &mut self,
        reach: &LifetimeRange,
        idle_us: u64,
    ) {
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
    fn is_risen(&mut self, reach: &LifetimeRange) -> bool {
        let asked_us = self.trial_us(reach).unwrap_or(0);
        if asked_us >= self.lost_us {
            self.risen += 1;
            if self.risen.is_multiple_of(shape::OCCASION) {
                self.kept_us = 0; // the next occasion is as long after this as this was after the last
            }
        }
        let enough = if self.accident {
            shape::UNDONE
        } else {
            shape::RISEN
        };
        self.risen >= enough
    }

    fn raise(&mut self, reach: &LifetimeRange, idle_us: u64) {
        if idle_us <= self.survived_us {
            return;
        }
        let was_open = self.is_open(reach);
        self.survived_us = idle_us;
        if idle_us >= self.lost_us {
            self.forget_lost(reach);
        }
        self.settle(reach, was_open);
    }

    /// What was lost has been survived. An accident is undone, and nothing is known of more; else the lifetime has become longer.
    fn forget_lost(&mut self, reach: &LifetimeRange) {
        if self.accident {
            let shift = if reach.has_second_flow() {
                shape::STEP
            } else {
                shape::DISTANCE
            };
            let more_us = (self.survived_us >> shift).max(1);
            self.lost_us = (self.survived_us + more_us).min(SPAN_MAX_US + 1);
            self.undone = self.undone.saturating_add(1);
            self.doubts = self.doubts.saturating_sub(1);
        } else {
            (self.lost_us, self.doubts) = (NONE, 0);
        }
        (self.kept_us, self.vain, self.risen, self.accident) = (0, 0, 0, false);
    }

    pub(in crate::pacing::lifetime) fn lost(&mut self, reach: &LifetimeRange, idle_us: u64) {
        let idle_us = idle_us.clamp(1, SPAN_MAX_US);
        let run = core::mem::replace(&mut self.run, 0);
        if self.is_untried(reach, idle_us) {
            self.run = run;
            self.lower(reach, idle_us);
        } else if run > 0 && idle_us <= self.survived_us >> 1 {
            // the peer, or somebody on the way, may have had a reason of its own; not twice in a row
        } else if reach.has_second_flow() {
            self.lose_beside_another(run, idle_us);
        } else if self.doubts > 0 && run >= shape::OFTEN << self.ignored {
            self.ignore_loss();
        } else {
            self.lose_alone(run, idle_us);
        }
    }

    /// The flow in use was lost twice in a row after such an idle.
    pub(in crate::pacing::lifetime) fn lost_again(&mut self, reach: &LifetimeRange, idle_us: u64) {
        self.run = 0;
        self.lost(reach, idle_us);
    }

    /// The second flow finds out what is survived, and first what was, where it was survived many times.
    fn lose_beside_another(&mut self, run: u8, idle_us: u64) {
        let many = run >= shape::MANY;
        self.doubt(run, idle_us, idle_us >> 2, many);
        self.vain = u8::from(!many); // as if what was lost had been tried again
    }

    /// A flow that is lost after many idles of a shorter interval, too, is lost for another reason than its idles.
    const fn ignore_loss(&mut self) {
        if self.ignored < shape::IGNORED_MOST {
            self.ignored += 1;
        }
        (self.accident, self.undone, self.vain) = (true, 0, 0);
        self.try_soon();
    }

    /// Once or after some idles that were survived the flow in use idles somewhat shorter, and what was survived before is tried again later. What is
    /// lost again at once has become much shorter.
    fn lose_alone(&mut self, run: u8, idle_us: u64) {
        let undone = self.undone;
        let some = run >= shape::SOME;
        let little = some || (run > 0 && self.doubts == 0);
        let survived_us = if little {
            idle_us - (idle_us >> 3)
        } else {
            idle_us >> 2
        };
        self.doubt(run, idle_us, survived_us, some);
        self.undone = undone;
        self.vain = undone.saturating_sub(1).min(shape::VAIN_MOST);
        if undone == 0 && run >= shape::MANY {
            self.try_soon();
        }
    }

    const fn try_soon(&mut self) {
        let soon_us = (shape::REST_ALONE_DAYS - shape::SOON_DAYS) * Span::DAY_US;
        if self.kept_us < soon_us {
            self.kept_us = soon_us;
        }
    }

    /// The flow in use was lost after an idle that had been survived.
    fn doubt(&mut self, run: u8, idle_us: u64, survived_us: u64, accident: bool) {
        let lost_us = if accident { self.survived_us } else { idle_us };
        let doubts = (self.doubts + u8::from(run > 0)).max(1);
        self.contradict(lost_us, survived_us, doubts);
        (self.run, self.accident) = (0, accident);
    }

    pub(in crate::pacing::lifetime) fn trial_lost(&mut self, reach: &LifetimeRange, idle_us: u64) {
        let idle_us = idle_us.clamp(1, SPAN_MAX_US);
        if self.is_untried(reach, idle_us) {
            return self.lower(reach, idle_us);
        }
        let below = idle_us - (idle_us >> 3);
        let survived_us = self.safe_us(reach).min(below); // which the flow in use lives on
        self.contradict(idle_us, survived_us, self.doubts);
    }

    /// More than was survived is lost.
    fn lower(&mut self, reach: &LifetimeRange, idle_us: u64) {
        if idle_us >= self.lost_us || self.is_rested(reach) {
            self.try_later();
        }
        let was_open = self.is_open(reach);
        (self.lost_us, self.accident) = (self.lost_us.min(idle_us), false);
        self.settle(reach, was_open);
    }

    fn try_later(&mut self) {
        (self.risen, self.accident) = (0, false);
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

    fn settle(&mut self, reach: &LifetimeRange, was_open: bool) {
        if was_open && !self.is_open(reach) {
            self.confirmed = 0;
            if !self.accident {
                self.kept_us = 0;
            }
        }
    }
}
