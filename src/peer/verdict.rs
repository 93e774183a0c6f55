//! Whether the peer is alive, and what changed our mind.

use core::fmt;

/// Whether the peer is alive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Verdict {
    /// Nothing heard yet, or nothing could be asked for one bound.
    #[default]
    Unknown,
    /// It answered, and no probe since is overdue.
    Alive,
    /// A probe is overdue and retries are out, or a heartbeat is overdue.
    Suspect,
    /// The bound on detection time has passed since the send time of the last answered probe, or of the newest heartbeat.
    Dead,
    /// The peer said goodbye, which only one that [sends by itself](crate::Listener) can.
    Left,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unknown => "unknown",
            Self::Alive => "alive",
            Self::Suspect => "suspect",
            Self::Dead => "dead",
            Self::Left => "left",
        })
    }
}

/// What changed a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Reason {
    /// The first answer (from `Unknown`), or one to a probe that was overdue or its retry (from `Suspect`).
    Answered,
    /// A probe or a heartbeat is overdue.
    Overdue,
    /// A probe failed at once.
    Failed(Failure),
    /// The bound passed in silence.
    BoundElapsed,
    /// The bound passed and the peer has never been heard.
    NeverHeard,
    /// `Dead` was a mistake: the peer answered a probe sent within the bound before it.
    Refuted,
    /// The first answer after `Dead` is to a probe sent after it: the peer came back.
    Recovered,
    /// The peer was heard after `Dead`, and what was heard does not tell which of the two it was.
    Undecided,
    /// The caller announced a new incarnation of the peer, or its heartbeats did.
    Restarted,
    /// The peer said goodbye.
    Left,
    /// For one bound no probe could be sent and nothing proved life; see [`Event::Blind`](crate::Event::Blind).
    Blind,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Answered => "answered",
            Self::Overdue => "overdue",
            Self::Failed(failure) => return failure.fmt(f),
            Self::BoundElapsed => "silent",
            Self::NeverHeard => "never heard",
            Self::Refuted => "refuted",
            Self::Recovered => "recovered",
            Self::Undecided => "undecided",
            Self::Restarted => "restarted",
            Self::Left => "left",
            Self::Blind => "nothing could be sent",
        })
    }
}

/// How a probe failed at once: evidence, unlike a probe that [could not be sent](crate::Monitor::handle_unsent).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Failure {
    /// The connection was refused, or the port is unreachable.
    Refused,
    /// The connection was reset or closed.
    Reset,
    /// The host or network is unreachable.
    Unreachable,
    /// The peer answered with something that is no answer.
    InvalidReply,
    /// The peer answered that it is of no use: an error status, a service that is shutting down.
    Unhealthy,
    /// The probing code itself failed, by a panic for one.
    ProbePanicked,
}

impl Failure {
    /// Whether the peer itself, or its host, said that it does not serve: a router, a path or our own code may be behind the others.
    pub(crate) const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Reset | Self::InvalidReply | Self::Unhealthy
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Unreachable => "unreachable",
            Self::InvalidReply => "garbage",
            Self::Unhealthy => "unhealthy",
            Self::ProbePanicked => "prober failed",
        })
    }
}

/// A change of verdict, before it is numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) from: Verdict,
    pub(crate) to: Verdict,
    pub(crate) reason: Reason,
}
