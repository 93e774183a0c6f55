//! What a machine reports of a peer.

use core::fmt;
use core::time::Duration;

use crate::path::suspicion::SuspicionLevel;
use crate::peer::verdict::{Reason, Verdict};
use crate::time::Instant;

/// An event that a machine reports. `K` is what happened; for a machine with one peer it is
/// [`EventKind`].
///
/// Event numbers rise by one. A [`Monitor`](crate::Monitor) or a [`Listener`](crate::Listener) whose
/// caller drains it too seldom keeps the latest event of each kind, and the numbers show a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Event<K = EventKind> {
    /// The event's number, which is never 0.
    pub number: u32,
    /// When it happened, on the caller's clock. What the machine cannot date is dated to the call
    /// of `poll` that reports it.
    pub at: Instant,
    /// What happened.
    pub kind: K,
}

impl<K> Event<K> {
    pub(crate) const fn new(number: u32, at: Instant, kind: K) -> Self {
        Self { number, at, kind }
    }
}

/// Formats the event as a line of a log, without number and time.
impl<K: fmt::Display> fmt::Display for Event<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

/// What happened to a peer, or to the machine that watches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum EventKind {
    /// The verdict changed, or a peer that is alive has a new incarnation.
    Transition(Transition),
    /// The caller polled late, by `lateness`. That time was credited to the peer.
    Paused {
        /// How late the caller was.
        #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
        lateness: Duration,
    },
    /// The stated bound on detection time cannot be kept.
    BoundRelaxed {
        /// The bound that was in force.
        #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
        from: Duration,
        /// The bound that is in force now.
        #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
        to: Duration,
        /// What overrides the stated bound.
        by: RelaxedBy,
    },
    /// There were more mistakes than the policy promised, beyond what chance explains (significance
    /// level 1 in 100). The policy plans more strictly from here on.
    PromiseBroken,
    /// For one bound no probe could be sent and nothing proved life.
    ///
    /// The cause is local, so nothing is known of the peer: its verdict is
    /// [`Unknown`](Verdict::Unknown), and the bound counts from the next probe that can be sent.
    /// The event is not repeated before the peer was heard or a probe could be sent.
    Blind {
        /// When the first of the failed sends was tried, on the caller's clock.
        since: Instant,
    },
    /// A fleet hears no reference peer any more and others are silent, too; or it hears nothing at
    /// all, and at least three peers are silent. So the fault is likely to be local, and what is
    /// done about a dead peer should wait until [`Rejoined`](Self::Rejoined). The event precedes the
    /// `Dead` that shows it. Verdicts are not delayed.
    Isolated {
        /// One bound before that verdict, when the peer was last known to be alive.
        since: Instant,
    },
    /// A fleet that was isolated hears a reference again, or any peer where there is none.
    Rejoined,
}

/// Formats the event as a line of a log: `alive to suspect: overdue`.
impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transition(transition) => transition.fmt(f),
            Self::Paused { lateness } => write!(f, "paused: {lateness:?} late ourselves"),
            Self::BoundRelaxed { from, to, by } => {
                write!(f, "bound relaxed from {from:?} to {to:?}: {by}")
            }
            Self::PromiseBroken => f.write_str("promise broken: more mistakes than allowed"),
            Self::Blind { since } => write!(f, "blind: no probe could be sent since {since}"),
            Self::Isolated { since } => write!(f, "isolated: peers fell silent from {since} on"),
            Self::Rejoined => f.write_str("rejoined: peers are heard again"),
        }
    }
}

/// A change of verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Transition {
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
