//! A watch at rest, until somebody looks again.

use super::ObservedClock;
use crate::time::Instant;

/// The longest time without lateness, two years in microseconds.
const OFFSET_MAX_US: u64 = 1 << 46;

#[derive(Clone, Debug)]
pub(crate) struct CompactClock {
    /// How far observed time is behind the caller's clock.
    behind_us: u64,
    /// When lateness was last credited.
    credited: Instant,
}

impl CompactClock {
    pub(crate) const fn new(behind_us: u64, credited: Instant) -> Self {
        Self {
            behind_us,
            credited,
        }
    }

    pub(crate) const fn behind_us(&self) -> u64 {
        self.behind_us
    }

    pub(crate) const fn credited(&self) -> Instant {
        self.credited
    }

    /// Returns observed time when lateness was last credited.
    pub(crate) const fn seen(&self) -> Instant {
        self.credited.minus(self.behind_us)
    }

    /// Where somebody has to look at `due` next. If that is not in the future, lateness counts from
    /// now on, not from a deadline that has passed. The same after two years without lateness, so
    /// that other moments can be kept as offsets.
    pub(crate) const fn of(clock: &ObservedClock, due: Instant) -> Self {
        Self {
            behind_us: clock.now.since(clock.seen),
            credited: if due.as_micros() <= { clock.now }.as_micros()
                || clock.now.since(clock.credited) > OFFSET_MAX_US
            {
                clock.now
            } else {
                clock.credited
            },
        }
    }

    /// The watch again, as it was when lateness was last credited; the next look brings it up to the present.
    pub(crate) const fn wake(&self) -> ObservedClock {
        ObservedClock {
            now: self.credited,
            seen: self.seen(),
            credited: self.credited,
        }
    }

    /// Observed time at `now`, if nobody is late.
    pub(crate) const fn seen_at(&self, now: Instant) -> Instant {
        now.minus(self.behind_us)
    }
}
