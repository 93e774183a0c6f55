//! The verdict on a peer, and the reasons for which it changes.

use core::fmt;

/// The verdict on a peer: whether it is alive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Verdict {
    /// Nothing was heard from the peer yet, or for one bound no probe could be sent.
    #[default]
    Unknown,
    /// The peer was heard, and nothing that was expected since is overdue.
    Alive,
    /// A probe is overdue and is being retried, or a heartbeat is overdue.
    Suspect,
    /// The bound on detection time has passed since the send time of the last probe that got a
    /// reply, or of the newest heartbeat.
    Dead,
    /// The peer said goodbye. Only a peer that [sends heartbeats unasked](crate::Listener) can.
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

/// The reason for a change of verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Reason {
    /// From `Unknown`: the first reply. From `Suspect`: a reply to the overdue probe or to its
    /// retry.
    Answered,
    /// A probe or a heartbeat is overdue.
    Overdue,
    /// A probe failed before its timeout.
    Failed(Failure),
    /// Nothing was heard from the peer for the whole bound.
    BoundElapsed,
    /// The bound passed, and nothing was ever heard from the peer.
    NeverHeard,
    /// `Dead` was a mistake: the peer replied to a probe that was sent before that verdict, and
    /// within the bound.
    Refuted,
    /// The first reply after `Dead` is to a probe sent after that verdict: the peer came back.
    Recovered,
    /// The peer was heard after `Dead`, and what was heard does not tell a mistake from a recovery.
    Undecided,
    /// The caller, or the peer's heartbeats, announced a new incarnation of the peer.
    Restarted,
    /// The peer said goodbye.
    Left,
    /// For one bound no probe could be sent and nothing proved life; see
    /// [`EventKind::Blind`](crate::EventKind::Blind).
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

/// The way in which a probe failed before its timeout.
///
/// A failure is evidence against the peer, unlike a probe that [could not be
/// sent](crate::Monitor::handle_unsent).
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
    /// The peer sent something that is not a valid reply.
    InvalidReply,
    /// The peer replied that it does not serve: an error status, or a service that is shutting
    /// down.
    Unhealthy,
    /// The caller's probing code failed, for example by a panic.
    ProbePanicked,
}

impl Failure {
    /// Returns whether the peer itself, or its host, reported that it does not serve. The other
    /// failures may come from a router, from the path or from the caller's own code.
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
            Self::ProbePanicked => "probing code failed",
        })
    }
}

/// A change of verdict that has no event number yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) from: Verdict,
    pub(crate) to: Verdict,
    pub(crate) reason: Reason,
}
