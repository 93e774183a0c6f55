//! What all fleets share of time: the clock, the deadlines on the wheel, and the drain.

use super::Lateness;
use super::wheel::{VISIT, Wheel};
use crate::time::Instant;

/// The clock of a fleet, and when which index is due.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) wheel: Wheel,
    pub(super) now: Instant,
    /// The deadline that the last drain returned. A call after it is late.
    until: Instant,
    /// How late the calls since the last poll were, in all.
    late_us: u64,
    /// The steps that the current drain may still take.
    steps: u32,
    pub(super) lateness: Lateness,
}

impl Schedule {
    /// The most polls that a drain takes.
    pub(super) const MAX_DRAIN: usize = (Self::STEPS / VISIT) as usize + 1;

    const STEPS: u32 = 256 * VISIT;

    pub(super) fn new(now: Instant) -> Self {
        Self {
            wheel: Wheel::new(now),
            now,
            until: Instant::MAX,
            late_us: 0,
            steps: Self::STEPS,
            lateness: Lateness::NONE,
        }
    }

    /// Advances the clock to `now`, and adds up how late the call is.
    pub(super) const fn look(&mut self, now: Instant) {
        self.now = self.now.max(now);
        let late_us = self.now.since(self.until);
        if late_us > 0 {
            self.until = self.now;
            self.late_us = self.late_us.saturating_add(late_us);
        }
    }

    /// Returns how late the calls were since this was asked last.
    pub(super) const fn take_lateness(&mut self) -> u64 {
        core::mem::replace(&mut self.late_us, 0)
    }

    /// Returns whether a drain begins.
    pub(super) const fn is_fresh(&self) -> bool {
        self.steps == Self::STEPS
    }

    /// Removes and returns the next index that is due, and since when. Calls `soon` for each index
    /// that is due soon.
    pub(super) fn next_due(&mut self, soon: impl Fn(u32)) -> Option<(u32, Instant)> {
        self.wheel.pop(self.now, &mut self.steps, soon)
    }

    /// Ends the drain. Returns when the next one is; `None` at the end of time.
    pub(super) fn end_drain(&mut self) -> Option<Instant> {
        self.steps = Self::STEPS;
        if self.now == Instant::MAX {
            return None;
        }
        self.until = self.wheel.next().max(self.now.plus(1));
        Some(self.until)
    }
}
