//! The slots in which events wait for the caller: one for each kind.

use crate::math::saturating;
use crate::path::suspicion::SuspicionLevel;
use crate::peer::event::{Event, EventKind, RelaxedBy, Transition};
use crate::peer::verdict::{Change, Failure, Reason, Verdict};
use crate::time::{Instant, duration};

/// What events need and the machine knows at any time, so that no slot has to store it.
#[derive(Clone, Copy)]
pub(crate) struct Context {
    /// The bound in force.
    pub(crate) bound_us: u64,
    /// What relaxes the bounds of this machine.
    pub(crate) by: RelaxedBy,
    /// When the first of the sends that failed in a row was tried.
    pub(crate) failed_at: Instant,
}

/// The kinds of events, in the order of [`Pending::numbers`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Transition,
    Paused,
    Relaxed,
    Broken,
    Blind,
}

const SLOTS: usize = 5;

/// The events that wait for the caller: one slot for each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    at: Instant,
    level: SuspicionLevel,
    change: Change,
    /// The sum of all lateness since the last drain.
    lateness_us: u64,
    /// The bound in force before it was relaxed.
    bound_us: u64,
    /// The number of the event in each slot, indexed by [`Slot`]; 0 where the slot is empty.
    numbers: [u32; SLOTS],
    /// The number of the last event.
    number: u32,
}

impl Pending {
    pub(crate) const NONE: Self = Self {
        at: Instant::ZERO,
        level: SuspicionLevel::ZERO,
        change: Change {
            from: Verdict::Unknown,
            to: Verdict::Unknown,
            reason: Reason::Failed(Failure::Refused), // all zeros
        },
        lateness_us: 0,
        bound_us: 0,
        numbers: [0; SLOTS],
        number: 0,
    };

    pub(crate) const fn number(&self) -> u32 {
        self.number
    }

    /// Puts an event into `slot` and returns its number, which is never 0.
    #[inline(never)]
    fn fill(&mut self, slot: Slot) -> u32 {
        self.number = self.number.wrapping_add(1).max(1);
        if let Some(pending) = self.numbers.get_mut(slot as usize) {
            *pending = self.number;
        }
        self.number
    }

    pub(crate) fn transition(&mut self, change: Change, at: Instant, level: SuspicionLevel) {
        let number = self.fill(Slot::Transition);
        self.at = at;
        self.level = level;
        self.change = change;
        #[cfg(feature = "tracing")]
        trace(number, self.last_transition());
        #[cfg(not(feature = "tracing"))]
        let _ = number;
    }

    /// Returns whether a transition waits. The next one would replace it.
    pub(crate) const fn has_transition(&self) -> bool {
        let [number, ..] = self.numbers;
        number > 0
    }

    const fn last_transition(&self) -> Transition {
        let Change { from, to, reason } = self.change;
        Transition {
            level: self.level,
            from,
            to,
            reason,
        }
    }

    /// Adds `late_us` to the lateness since the last drain. Returns whether that sum has now
    /// reached `pause_us`, which begins a pause.
    ///
    /// Lateness is summed because the caller hands in piece by piece what arrived during a pause,
    /// and each piece is late by a part of that pause.
    pub(crate) fn late(&mut self, late_us: u64, pause_us: u32) -> bool {
        self.lateness_us = saturating::plus(self.lateness_us, late_us);
        let [_, paused, ..] = self.numbers;
        let begins = paused == 0 && self.lateness_us >= u64::from(pause_us);
        if begins {
            self.fill(Slot::Paused);
        }
        begins
    }

    /// Notes that no event waits. Lateness from here on belongs to the next pause.
    pub(crate) const fn drained(&mut self) {
        self.lateness_us = 0;
    }

    pub(crate) fn relaxed(&mut self, from_us: u64) {
        self.fill(Slot::Relaxed);
        self.bound_us = from_us;
    }

    pub(crate) fn broken(&mut self) {
        self.fill(Slot::Broken);
    }

    pub(crate) fn blind(&mut self) {
        self.fill(Slot::Blind);
    }

    /// Removes and returns the earliest event.
    pub(crate) fn take(&mut self, context: &Context, now: Instant) -> Option<Event> {
        let (mut slot, mut most) = (SLOTS, 0);
        for (pending, &number) in self.numbers.iter().enumerate() {
            let since = self.number.wrapping_sub(number).wrapping_add(1);
            if number > 0 && since > most {
                (slot, most) = (pending, since);
            }
        }
        let number = core::mem::take(self.numbers.get_mut(slot)?);
        let mut at = now;
        let kind = match slot {
            0 => {
                at = self.at;
                EventKind::Transition(self.last_transition())
            }
            1 => EventKind::Paused {
                lateness: duration(core::mem::take(&mut self.lateness_us)),
            },
            2 => EventKind::BoundRelaxed {
                from: duration(self.bound_us),
                to: duration(context.bound_us),
                by: context.by,
            },
            3 => EventKind::PromiseBroken,
            _ => EventKind::Blind {
                since: context.failed_at,
            },
        };
        Some(Event::new(number, at, kind))
    }
}

/// Records a change of verdict with `tracing`, in the caller's span. `Dead`, and a `Dead` that
/// turned out to be a mistake, are warnings.
#[cfg(feature = "tracing")]
fn trace(number: u32, change: Transition) {
    let Transition {
        from,
        to,
        reason,
        level,
    } = change;
    if to == Verdict::Dead || reason == Reason::Refuted {
        tracing::warn!(target: "systole", number, %from, %to, %reason, %level, "the verdict changed");
    } else {
        tracing::info!(target: "systole", number, %from, %to, %reason, %level, "the verdict changed");
    }
}

#[cfg(test)]
mod tests;
