//! The idle times to try next, as the results so far suggest.

use super::{Found, NONE};
use crate::config::Span;
use crate::pacing::lifetime::range::LifetimeRange;
use crate::pacing::lifetime::search::shape;

impl Found {
    /// Returns the idle time that the flow in use is known or trusted to survive.
    pub(super) fn base_us(&self, reach: &LifetimeRange) -> u64 {
        self.survived_us.max(reach.least_us()).min(reach.most_us())
    }

    /// Returns whether the search is still going on.
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

    /// Returns how long the flow in use may idle.
    pub(in crate::pacing::lifetime) fn interval_us(&self, reach: &LifetimeRange) -> u64 {
        self.attempt_us(reach)
            .unwrap_or_else(|| self.safe_us(reach))
            .min(reach.most_us())
            .max(reach.least_us())
    }

    /// Returns [`interval_us`](Self::interval_us) less the time that the retry of a lost probe
    /// takes, because a probe may be lost before it refreshes the flow. While a longer idle time is
    /// tried, nothing is subtracted.
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

    /// Returns the idle time that the flow in use should try, if there is no second flow.
    pub(super) fn attempt_us(&self, reach: &LifetimeRange) -> Option<u64> {
        if reach.has_second_flow() {
            None
        } else if self.is_open(reach) {
            (self.run > 0).then(|| self.longer_us(reach))
        } else {
            self.is_rested(reach).then(|| self.again_us())
        }
    }

    /// Returns how long the second flow should idle.
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

    /// Returns the idle time to try again. If the loss may have been an accident, it is the lost
    /// idle time. Otherwise it is 1/16 longer.
    pub(super) const fn again_us(&self) -> u64 {
        if self.accident {
            return self.lost_us;
        }
        self.lost_us.saturating_add(self.lost_us >> shape::STEP)
    }

    /// Returns the longer idle time that the second flow tries after the search. Without doubts, it
    /// is 5/4 of the lost idle time. With doubts, trials alternate between
    /// [`again_us`](Self::again_us) and 5/4 of the lost idle time.
    pub(super) fn more_us(&self, reach: &LifetimeRange) -> u64 {
        let more = if self.doubts > 0 && self.vain.is_multiple_of(2) {
            self.again_us()
        } else {
            self.lost_us.saturating_add(self.lost_us >> 2)
        };
        more.max(reach.least_us()).min(reach.most_us())
    }

    /// Returns the next idle time to try, above the survived and below the lost one.
    pub(super) fn longer_us(&self, reach: &LifetimeRange) -> u64 {
        let base = self.base_us(reach);
        let gap = self.lost_us.saturating_sub(base);
        let longer = match reach.has_second_flow() {
            true if gap > base + (base >> 1) => base << 1,
            true => base + (gap >> 1),
            false => base + (base >> shape::STEP).max(1),
        };
        longer.min(reach.most_us())
    }

    /// Returns the survived idle time less the margin.
    pub(super) fn safe_us(&self, reach: &LifetimeRange) -> u64 {
        let base = self.base_us(reach);
        let shift = if reach.has_second_flow() {
            (shape::MARGIN_FIRST + self.confirmed).min(shape::MARGIN_LEAST - self.doubts)
        } else {
            shape::MARGIN_ALONE - self.doubts
        };
        (base - (base >> shift)).max(reach.least_us())
    }

    /// Returns whether enough time has passed to try a longer idle time.
    pub(super) fn is_rested(&self, reach: &LifetimeRange) -> bool {
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

    /// Returns whether `idle_us` is longer than every survived idle time.
    pub(in crate::pacing::lifetime) fn is_untried(
        &self,
        reach: &LifetimeRange,
        idle_us: u64,
    ) -> bool {
        idle_us > self.survived_us.max(reach.least_us())
    }
}
