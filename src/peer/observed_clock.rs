//! Our own lateness is ours: observed time stands still while nobody looks.

use crate::math::saturating;
use crate::time::Instant;

#[cfg(feature = "alloc")]
mod compact;

#[cfg(feature = "alloc")]
pub(crate) use compact::CompactClock;

/// The caller's clock, and the observed time that verdicts are reached on.
///
/// Observed time advances with the caller's clock up to the moment at which somebody had to look, and waits there. So
/// no probe expires and no bound passes for time in which nobody looked; and since every look advances it at least to
/// the next deadline, a dead peer is found under any pattern of looking.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C, packed(4))] // four bytes less in every machine
pub(crate) struct ObservedClock {
    /// The latest moment the caller named: never falls.
    now: Instant,
    /// Observed time: never falls, and never runs faster than `now`.
    seen: Instant,
    /// When lateness was last credited.
    credited: Instant,
}

/// The unit of [`ObservedClock::lateness`], as a power of two of microseconds.
const LATENESS_SHIFT: u32 = 12;

impl ObservedClock {
    pub(crate) const fn new(now: Instant) -> Self {
        Self {
            now,
            seen: now,
            credited: now,
        }
    }

    pub(crate) const fn now(&self) -> Instant {
        self.now
    }

    pub(crate) const fn seen(&self) -> Instant {
        self.seen
    }

    /// Somebody looks at `at`, who had to at `due`; returns how late that is. A clock that ran backwards reads as no
    /// time passed.
    pub(crate) const fn look(&mut self, at: Instant, due: Instant) -> u64 {
        let (now, seen, late) = self.peek(at, due);
        debug_assert!(now.as_micros() >= { self.now }.as_micros());
        debug_assert!(seen.since(self.seen) <= now.since(self.now));
        (self.now, self.seen) = (now, seen);
        if late > 0 {
            self.credited = now;
        }
        late
    }

    /// What a look at `at` would find: the clock, observed time, and the lateness.
    pub(crate) const fn peek(&self, at: Instant, due: Instant) -> (Instant, Instant, u64) {
        let now = at.max(self.now);
        let late = now.since(due.max(self.now));
        let observed = saturating::minus(now.since(self.now), late);
        (now, self.seen.plus(observed), late)
    }

    /// How late the caller looked in all, in units of 4,096 us, modulo 2^16: what differs of two such
    /// figures is how late the caller looked in between, up to 268 s.
    #[allow(clippy::cast_possible_truncation)] // modulo 2^16
    pub(crate) const fn lateness(&self) -> u16 {
        let (now, seen) = (self.now, self.seen);
        (now.as_micros().wrapping_sub(seen.as_micros()) >> LATENESS_SHIFT) as u16
    }

    /// How late the caller looked since the [`lateness`](Self::lateness) was `before`, in its units.
    pub(crate) const fn units_late_since(&self, before: u16) -> u16 {
        self.lateness().wrapping_sub(before)
    }

    /// How much more than on observed time a round trip may have taken whose probe was sent at `sent`
    /// on observed time, where the caller looked `units` late since then: rounded up. It is
    /// [`u16::MAX`] where that is not known.
    pub(crate) const fn late_since_us(&self, sent: Instant, units: u16) -> u32 {
        let units = units as u32;
        let (credited, was_at) = ({ self.credited }.as_micros(), self.was_at(sent).as_micros());
        if credited < was_at || (credited == was_at && units == 0) {
            return 0;
        }
        (units + 1) << LATENESS_SHIFT
    }

    /// The caller's time at which observed time will be `seen`.
    pub(crate) const fn at(&self, seen: Instant) -> Instant {
        self.now.plus(seen.since(self.seen))
    }

    /// The caller's time at which observed time was `seen`, where no lateness was credited since; else a later one.
    pub(crate) const fn was_at(&self, seen: Instant) -> Instant {
        self.now.minus(self.seen.since(seen))
    }

    /// Observed time at `at`, a moment of the past: exact where no lateness was credited since, else the present, which is later.
    pub(crate) fn seen_at(&self, at: Instant) -> Instant {
        let credited = self.credited;
        if at >= credited {
            self.seen.minus(self.now.since(at))
        } else {
            self.seen
        }
    }

    /// Where a moment of the caller's lies on observed time, all our lateness being before it: exact for the present and the future, and
    /// else too early by what we were late since.
    pub(crate) const fn translate(&self, at: Instant) -> Instant {
        self.seen.plus(at.since(self.now)).minus(self.now.since(at))
    }

    /// Corrects a clock that had leapt forward to `now`; returns how far it goes back.
    pub(crate) const fn resync(&mut self, now: Instant) -> u64 {
        let back = self.now.since(now);
        self.now = self.now.minus(back);
        self.credited = self.now;
        back
    }
}

#[cfg(test)]
mod tests;
