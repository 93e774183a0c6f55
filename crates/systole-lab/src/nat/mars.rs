//! The smart heartbeat of Tencent's Mars, after its source code.

use core::time::Duration;

use super::Keeper;
use systole::Instant;

const DAY: Duration = Duration::from_secs(86_400);

/// Mars's smart heartbeat: the interval grows by a constant step until some failures, then shrinks
/// by a little more than a step. Once a week a longer interval is tried.
///
/// A new connection uses the shortest interval until some replies have come. Two parts of the
/// original are left out: the shortest interval while an application is in use, and the special
/// cases of certain telephones.
#[derive(Clone, Debug)]
pub struct Mars {
    rule: Rule,
    /// The interval that the search has found, and the one in use.
    heart: Duration,
    used: Duration,
    /// The number of replies on this connection, and at this interval.
    warm: u32,
    successes: u32,
    failures: u32,
    stable: bool,
    changed: Instant,
}

/// The constants of the rule.
#[derive(Clone, Copy, Debug)]
struct Rule {
    least: Duration,
    most: Duration,
    /// The number of replies at an interval before a longer one, and of failures before a shorter
    /// one.
    successes: u32,
    failures: u32,
}

const STEP: Duration = Duration::from_secs(60);
const SMALL_STEP: Duration = Duration::from_secs(20);
const WARM: u32 = 3;

impl Mars {
    /// Returns the first version: 4.5 min to 14 min 50 s, 3 replies, 3 failures.
    #[must_use]
    pub const fn first() -> Self {
        Self::between(Duration::from_secs(270), Duration::from_secs(890))
    }

    /// Returns the newer version: 3.5 to 10 min, 5 replies, 2 failures.
    #[must_use]
    pub const fn newer() -> Self {
        let mut mars = Self::between(Duration::from_secs(210), Duration::from_secs(600));
        (mars.rule.successes, mars.rule.failures) = (5, 2);
        mars
    }

    /// Returns the rule of the first version over another range.
    #[must_use]
    pub const fn between(least: Duration, most: Duration) -> Self {
        Self {
            rule: Rule {
                least,
                most,
                successes: 3,
                failures: 3,
            },
            heart: least,
            used: least,
            warm: 0,
            successes: 0,
            failures: 0,
            stable: false,
            changed: Instant::ZERO,
        }
    }

    const fn change(&mut self, heart: Duration, now: Instant) {
        (self.heart, self.changed) = (heart, now);
        (self.successes, self.failures) = (0, 0);
    }

    /// Returns whether a longer interval may be tried: on one day of the week, and not within a day
    /// of the last change.
    fn may_try_more(&self, now: Instant) -> bool {
        let day = now.as_micros() / DAY.as_micros() as u64 % 7;
        self.heart + SMALL_STEP < self.rule.most
            && day == 2
            && now.saturating_duration_since(self.changed) >= DAY
    }

    fn climb(&mut self, now: Instant) {
        self.successes += 1;
        self.failures = 0;
        if self.heart >= self.rule.most {
            self.stable = true;
            self.change(self.rule.most.saturating_sub(SMALL_STEP), now);
        } else if self.successes >= self.rule.successes {
            self.change((self.heart + STEP).min(self.rule.most), now);
        }
    }

    fn retreat(&mut self, now: Instant) {
        self.failures += 1;
        if self.failures < self.rule.failures {
            return;
        }
        let back = self.heart.saturating_sub(STEP + SMALL_STEP);
        let heart = if self.stable {
            self.rule.least
        } else {
            back.max(self.rule.least)
        };
        self.stable = !self.stable;
        self.change(heart, now);
    }
}

impl Keeper for Mars {
    fn idle(&mut self, _: Instant) -> Duration {
        self.used = if self.warm < WARM {
            self.rule.least
        } else {
            self.heart
        };
        self.used
    }

    fn survived(&mut self, now: Instant) {
        self.warm += 1;
        if self.stable {
            if self.warm >= WARM && self.may_try_more(now) {
                self.stable = false;
                self.change(self.heart + SMALL_STEP, now);
            }
        } else if self.used == self.heart && self.warm >= WARM {
            self.climb(now);
        }
    }

    fn lost(&mut self, now: Instant) {
        let counts = self.warm >= WARM && self.used == self.heart && self.used > self.rule.least;
        self.warm = 0;
        if counts {
            self.retreat(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nat::{Nat, Way, keep};

    const MINUTE: Duration = Duration::from_secs(60);

    /// After three failures at 8 min 30 s it stays a step and a little below that interval.
    #[test]
    fn it_settles_a_step_and_a_bit_below() {
        let mut mars = Mars::first();
        let way = Way::new(Nat::fixed(8 * MINUTE), 1);
        let tally = keep(&way, &mut mars, 2 * DAY);
        assert_eq!((tally.lost, mars.stable), (3, true));
        assert_eq!(mars.heart, Duration::from_secs(270 + 4 * 60 - 80));
    }

    #[test]
    fn a_flow_that_ends_before_its_shortest_interval_is_always_lost() {
        let way = Way::new(Nat::fixed(2 * MINUTE), 1);
        let tally = keep(&way, &mut Mars::first(), DAY);
        assert!(tally.lost > 300, "{tally:?}");
    }
}
