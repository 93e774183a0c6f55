//! The results of a search so far.

use crate::config::{SPAN_MAX_US, Span};
use crate::pacing::lifetime::range::LifetimeRange;
use crate::pacing::lifetime::record::{DOUBTS_MAX, LifetimeRecord};
use crate::pacing::lifetime::search::shape;

mod next;

/// The age from which a record is trusted less, in microseconds.
const OLD_US: u64 = shape::OLD_DAYS * Span::DAY_US;

/// Stands for no lost idle time.
const NONE: u64 = u64::MAX;

/// What is known about the lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(in crate::pacing::lifetime) struct Found {
    /// The longest idle time that was survived, or that is assumed to be survived; below `lost_us`.
    survived_us: u64,
    /// The shortest idle time that was lost.
    lost_us: u64,
    /// The total idle time of the flow in use since the search ended.
    kept_us: u64,
    /// The number of further times that the survived idle time was survived.
    confirmed: u8,
    /// The number of losses after an idle time that had been survived before.
    doubts: u8,
    /// The number of failed trials of a longer idle time.
    vain: u8,
    /// The number of trials in a row that survived the lost idle time.
    risen: u8,
    /// The number of idle times that the flow in use has survived since its last loss. Starts at 1
    /// on a new path, and at 0 if the survived idle time is only assumed.
    run: u8,
    /// The number of ignored losses.
    ignored: u8,
    /// The number of losses that were cancelled since one was ignored.
    undone: u8,
    /// Whether the loss may be an accident: the lost idle time had been survived before, and was
    /// not tried again since.
    accident: bool,
}

impl Found {
    /// The state of a search on a network of which nothing is known.
    pub(in crate::pacing::lifetime) const NOTHING: Self =
        Self::recalled(LifetimeRecord::NOTHING, 0);

    /// Returns the state that follows from a record that is `age_us` old.
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

    /// Returns the record to store.
    pub(in crate::pacing::lifetime) const fn lifetime_record(&self) -> LifetimeRecord {
        LifetimeRecord::of(self.survived_us, self.lost_us, self.doubts)
    }

    /// Records that the flow in use survived `idle_us`.
    pub(in crate::pacing::lifetime) fn survived(&mut self, reach: &LifetimeRange, idle_us: u64) {
        let idle_us = idle_us.min(SPAN_MAX_US);
        if idle_us > self.interval_us(reach) >> 1 {
            self.run = self.run.saturating_add(1);
        }
        let tried = self.is_untried(reach, idle_us) && self.is_rested(reach);
        self.kept_us = self.kept_us.saturating_add(idle_us);
        // Jitter may have shortened the idle time.
        let short_us = self.lost_us.saturating_sub(idle_us);
        if tried && self.accident && short_us <= idle_us >> shape::CLOSE {
            return self.raise(reach, self.lost_us.max(idle_us));
        }
        if tried && short_us > 0 {
            self.try_later();
        }
        self.raise(reach, idle_us);
    }

    /// Records that the second flow survived `idle_us`.
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

    /// Records that the lost idle time was survived, and returns whether that happened often
    /// enough. Counts only trials of an idle time that is requested now, because other trials began
    /// before the loss was known. One trial is not enough: it may survive by chance.
    fn is_risen(&mut self, reach: &LifetimeRange) -> bool {
        let requested_us = self.trial_us(reach).unwrap_or(0);
        if requested_us >= self.lost_us {
            self.risen += 1;
            if self.risen.is_multiple_of(shape::OCCASION) {
                // Restart the wait, so that the time between occasions stays the same.
                self.kept_us = 0;
            }
        }
        let enough = if self.accident {
            shape::UNDONE
        } else {
            shape::RISEN
        };
        self.risen >= enough
    }

    /// Raises the survived idle time to `idle_us`.
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

    /// Forgets the lost idle time, because it was survived. If the loss was an accident, cancels it
    /// and assumes that the next lost idle time is slightly above the survived one. Otherwise the
    /// lifetime has become longer, and there is no lost idle time any more.
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

    /// Records that the flow in use was lost after `idle_us`.
    pub(in crate::pacing::lifetime) fn lost(&mut self, reach: &LifetimeRange, idle_us: u64) {
        let idle_us = idle_us.clamp(1, SPAN_MAX_US);
        let run = core::mem::replace(&mut self.run, 0);
        if self.is_untried(reach, idle_us) {
            self.run = run;
            self.lower(reach, idle_us);
        } else if run > 0 && idle_us <= self.survived_us >> 1 {
            // The loss may have another cause, at the peer or on the path. A second loss in a row
            // is not ignored.
        } else if reach.has_second_flow() {
            self.lose_beside_another(run, idle_us);
        } else if self.doubts > 0 && run >= shape::OFTEN << self.ignored {
            self.ignore_loss();
        } else {
            self.lose_alone(run, idle_us);
        }
    }

    /// Records that the flow in use was lost twice in a row after `idle_us`.
    pub(in crate::pacing::lifetime) fn lost_again(&mut self, reach: &LifetimeRange, idle_us: u64) {
        self.run = 0;
        self.lost(reach, idle_us);
    }

    /// Reduces the interval of the flow in use to a quarter. The second flow then searches the
    /// range above. If at least [`shape::MANY`] idle times in a row were survived before the loss,
    /// it afterwards tries the lost idle time again.
    fn lose_beside_another(&mut self, run: u8, idle_us: u64) {
        let many = run >= shape::MANY;
        self.doubt(run, idle_us, idle_us >> 2, many);
        // Without many survivals, act as if a trial of the lost idle time had failed.
        self.vain = u8::from(!many);
    }

    /// Ignores a loss, because idling was not its cause: the flow was lost although it had survived
    /// many idle times of a shorter interval.
    const fn ignore_loss(&mut self) {
        if self.ignored < shape::IGNORED_MOST {
            self.ignored += 1;
        }
        (self.accident, self.undone, self.vain) = (true, 0, 0);
        self.try_soon();
    }

    /// Handles a loss if there is no second flow. After the first loss, or after at least
    /// [`shape::SOME`] survived idle times, reduces the interval to 7/8; the earlier idle time is
    /// tried again later. Another loss before that shows a much shorter lifetime: reduces the
    /// interval to a quarter.
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

    /// Schedules a new trial of the lost idle time after one day.
    const fn try_soon(&mut self) {
        let soon_us = (shape::REST_ALONE_DAYS - shape::SOON_DAYS) * Span::DAY_US;
        if self.kept_us < soon_us {
            self.kept_us = soon_us;
        }
    }

    /// Records that the flow in use was lost after an idle time that had been survived.
    fn doubt(&mut self, run: u8, idle_us: u64, survived_us: u64, accident: bool) {
        let lost_us = if accident { self.survived_us } else { idle_us };
        let doubts = (self.doubts + u8::from(run > 0)).max(1);
        self.contradict(lost_us, survived_us, doubts);
        (self.run, self.accident) = (0, accident);
    }

    /// Records that the second flow was lost after `idle_us`.
    pub(in crate::pacing::lifetime) fn trial_lost(&mut self, reach: &LifetimeRange, idle_us: u64) {
        let idle_us = idle_us.clamp(1, SPAN_MAX_US);
        if self.is_untried(reach, idle_us) {
            return self.lower(reach, idle_us);
        }
        let below = idle_us - (idle_us >> 3);
        // Never above `safe_us`: the flow in use must not idle longer than before.
        let survived_us = self.safe_us(reach).min(below);
        self.contradict(idle_us, survived_us, self.doubts);
    }

    /// Records a loss after an idle time that is longer than every survived one.
    fn lower(&mut self, reach: &LifetimeRange, idle_us: u64) {
        if idle_us >= self.lost_us || self.is_rested(reach) {
            self.try_later();
        }
        let was_open = self.is_open(reach);
        (self.lost_us, self.accident) = (self.lost_us.min(idle_us), false);
        self.settle(reach, was_open);
    }

    /// Records a failed trial, which doubles the time until a longer idle time is tried again.
    fn try_later(&mut self) {
        (self.risen, self.accident) = (0, false);
        self.vain = (self.vain + 1).min(shape::VAIN_MOST);
    }

    /// Restarts from the loss of an idle time that had been survived: the lifetime varies or has
    /// become shorter.
    fn contradict(&mut self, lost_us: u64, survived_us: u64, doubts: u8) {
        *self = Self {
            survived_us: survived_us.min(lost_us - 1),
            lost_us,
            doubts: doubts.min(DOUBTS_MAX),
            ..Self::NOTHING
        };
    }

    /// Resets the counts if the search has just ended.
    fn settle(&mut self, reach: &LifetimeRange, was_open: bool) {
        if was_open && !self.is_open(reach) {
            self.confirmed = 0;
            if !self.accident {
                self.kept_us = 0;
            }
        }
    }
}
