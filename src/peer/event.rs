//! Events of a monitor, and the slots in which they wait for the caller: one for each kind.

use core::fmt;
use core::time::Duration;

use crate::math::saturating;
use crate::path::suspicion::SuspicionLevel;
use crate::peer::verdict::{Change, Failure, Reason, Verdict};
use crate::time::{Instant, duration};

/// An event that a monitor reports.
///
/// Event numbers rise by one. Where the caller drains too seldom, the latest event of each kind is
/// kept and the numbers show a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Event {
    /// The verdict changed, or a peer that is alive has a new incarnation.
    Transition(Transition),
    /// The caller polled late, by `lateness`. That time was credited to the peer.
    Paused {
        /// The event's number.
        number: u32,
        /// How late the caller was.
        #[cfg_attr(
            feature = "serde",
            serde(rename = "lateness_us", with = "crate::time::serde")
        )]
        lateness: Duration,
    },
    /// The stated bound on detection time cannot be kept.
    BoundRelaxed {
        /// The event's number.
        number: u32,
        /// The bound that was in force.
        #[cfg_attr(
            feature = "serde",
            serde(rename = "from_us", with = "crate::time::serde")
        )]
        from: Duration,
        /// The bound that is in force now.
        #[cfg_attr(
            feature = "serde",
            serde(rename = "to_us", with = "crate::time::serde")
        )]
        to: Duration,
        /// What overrides the stated bound.
        by: RelaxedBy,
    },
    /// There were more mistakes than the policy promised, beyond what chance explains (significance
    /// level 1 in 100). The policy plans more strictly from here on.
    PromiseBroken {
        /// The event's number.
        number: u32,
    },
    /// For one bound no probe could be sent and nothing proved life.
    ///
    /// The cause is local, so nothing is known of the peer: its verdict is
    /// [`Unknown`](Verdict::Unknown), and the bound counts from the next probe that can be sent.
    /// The event is not repeated before the peer was heard or a probe could be sent.
    Blind {
        /// The event's number.
        number: u32,
        /// When the first of the failed sends was tried, on the caller's clock.
        since: Instant,
    },
}

impl Event {
    /// Returns the same event with another number.
    #[cfg(feature = "alloc")]
    pub(crate) const fn with_number(mut self, other: u32) -> Self {
        match &mut self {
            Self::Transition(Transition { number, .. })
            | Self::Paused { number, .. }
            | Self::BoundRelaxed { number, .. }
            | Self::PromiseBroken { number }
            | Self::Blind { number, .. } => *number = other,
        }
        self
    }

    /// Returns the event's number.
    #[must_use]
    pub const fn number(&self) -> u32 {
        match *self {
            Self::Transition(Transition { number, .. })
            | Self::Paused { number, .. }
            | Self::BoundRelaxed { number, .. }
            | Self::PromiseBroken { number }
            | Self::Blind { number, .. } => number,
        }
    }
}

/// Formats the event as a line of a log: `alive to suspect: overdue`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transition(transition) => transition.fmt(f),
            Self::Paused { lateness, .. } => write!(f, "paused: {lateness:?} late ourselves"),
            Self::BoundRelaxed { from, to, by, .. } => {
                write!(f, "bound relaxed from {from:?} to {to:?}: {by}")
            }
            Self::PromiseBroken { .. } => f.write_str("promise broken: more mistakes than allowed"),
            Self::Blind { since, .. } => write!(f, "blind: no probe could be sent since {since}"),
        }
    }
}

/// A change of verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Transition {
    /// When the verdict changed, on the caller's clock.
    pub at: Instant,
    /// The event's number.
    pub number: u32,
    /// The suspicion level just before the change.
    pub level: SuspicionLevel,
    /// The verdict before the change.
    pub from: Verdict,
    /// The verdict after the change.
    pub to: Verdict,
    /// Why the verdict changed.
    pub reason: Reason,
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}: {}", self.from, self.to, self.reason)
    }
}

/// What overrides the stated bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RelaxedBy {
    /// The peer asked for fewer probes.
    Pushback,
    /// The peer advertised a deadline that is later than the bound.
    Advertised,
}

impl fmt::Display for RelaxedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pushback => "asked for fewer probes",
            Self::Advertised => "told to expect less",
        })
    }
}

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
        trace(&self.last_transition(number));
        #[cfg(not(feature = "tracing"))]
        let _ = number;
    }

    /// Returns whether a transition waits. The next one would replace it.
    pub(crate) const fn has_transition(&self) -> bool {
        let [number, ..] = self.numbers;
        number > 0
    }

    const fn last_transition(&self, number: u32) -> Transition {
        let Change { from, to, reason } = self.change;
        Transition {
            at: self.at,
            number,
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
    pub(crate) fn take(&mut self, context: &Context) -> Option<Event> {
        let (mut slot, mut most) = (SLOTS, 0);
        for (pending, &number) in self.numbers.iter().enumerate() {
            let since = self.number.wrapping_sub(number).wrapping_add(1);
            if number > 0 && since > most {
                (slot, most) = (pending, since);
            }
        }
        let number = core::mem::take(self.numbers.get_mut(slot)?);
        Some(match slot {
            0 => Event::Transition(self.last_transition(number)),
            1 => Event::Paused {
                number,
                lateness: duration(core::mem::take(&mut self.lateness_us)),
            },
            2 => Event::BoundRelaxed {
                number,
                from: duration(self.bound_us),
                to: duration(context.bound_us),
                by: context.by,
            },
            3 => Event::PromiseBroken { number },
            _ => Event::Blind {
                number,
                since: context.failed_at,
            },
        })
    }
}

/// Records a change of verdict with `tracing`, in the caller's span. `Dead`, and a `Dead` that
/// turned out to be a mistake, are warnings.
#[cfg(feature = "tracing")]
fn trace(change: &Transition) {
    let Transition {
        number,
        from,
        to,
        reason,
        level,
        ..
    } = *change;
    if to == Verdict::Dead || reason == Reason::Refuted {
        tracing::warn!(target: "systole", number, %from, %to, %reason, %level, "the verdict changed");
    } else {
        tracing::info!(target: "systole", number, %from, %to, %reason, %level, "the verdict changed");
    }
}

#[cfg(test)]
mod tests {
    extern crate alloc;

    use alloc::format;

    use super::*;

    const CONTEXT: Context = Context {
        bound_us: 3_000_000,
        by: RelaxedBy::Pushback,
        failed_at: Instant::from_millis(1_250),
    };

    #[test]
    fn events_read_as_lines_of_a_log() {
        let mut pending = Pending::NONE;
        let change = Change {
            from: Verdict::Suspect,
            to: Verdict::Dead,
            reason: Reason::BoundElapsed,
        };
        pending.transition(change, Instant::ZERO, SuspicionLevel::ZERO);
        assert!(pending.late(2_500_000, 1_000_000));
        pending.relaxed(1_000_000);
        pending.broken();
        pending.blind();
        let lines = [(); SLOTS].map(|()| {
            let event = pending.take(&CONTEXT);
            event.map(|event| format!("{event}")).unwrap_or_default()
        });
        assert_eq!(
            lines,
            [
                "suspect to dead: silent",
                "paused: 2.5s late ourselves",
                "bound relaxed from 1s to 3s: asked for fewer probes",
                "promise broken: more mistakes than allowed",
                "blind: no probe could be sent since 1.250000s",
            ]
        );
    }

    #[test]
    fn events_come_in_order_and_an_overwritten_one_leaves_a_gap() {
        let mut pending = Pending::NONE;
        pending.number = u32::MAX;
        pending.broken();
        assert_eq!(pending.take(&CONTEXT).map(|event| event.number()), Some(1)); // never 0
        pending = Pending::NONE;
        pending.broken();
        pending.relaxed(1);
        pending.broken();
        assert_eq!(pending.take(&CONTEXT).map(|event| event.number()), Some(2));
        let broken = Event::PromiseBroken { number: 3 };
        assert_eq!(pending.take(&CONTEXT), Some(broken));
        assert_eq!(pending.take(&CONTEXT), None);
    }

    #[test]
    fn what_was_late_in_pieces_is_one_pause() {
        let mut pending = Pending::NONE;
        assert_eq!(
            [3, 4, 9].map(|late_us| pending.late(late_us, 7)),
            [false, true, false]
        );
        let lateness = Duration::from_micros(16);
        let paused = Event::Paused {
            number: 1,
            lateness,
        };
        assert_eq!(pending.take(&CONTEXT), Some(paused));
        assert!(!pending.late(6, 7), "the next one starts from nothing");
        pending.drained();
        assert!(!pending.late(6, 7));
    }
}
