//! Verdicts, the reasons for which they change, and the ways in which a probe fails.

use systole_core::{Failure, Reason, Verdict};

use crate::status::systole_status_t::{self, SYSTOLE_STATUS_ENUM};

/// The verdict on a peer: whether it is alive.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_verdict_t {
    /// Nothing was heard from the peer yet, or for one bound no probe could be sent.
    SYSTOLE_VERDICT_UNKNOWN = 0,
    /// The peer was heard, and nothing that was expected since is overdue.
    SYSTOLE_VERDICT_ALIVE = 1,
    /// A probe is overdue and is being retried, or a heartbeat is overdue.
    SYSTOLE_VERDICT_SUSPECT = 2,
    /// The bound on detection time has passed since the send time of the last probe that got a
    /// reply, or of the newest heartbeat.
    SYSTOLE_VERDICT_DEAD = 3,
    /// The peer said goodbye. Only a peer that sends heartbeats unasked can.
    SYSTOLE_VERDICT_LEFT = 4,
}

/// The reason for a change of verdict.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_reason_t {
    /// None, or one that this header does not know.
    SYSTOLE_REASON_UNKNOWN = 0,
    /// The first reply, or a reply to the overdue probe or to its retry.
    SYSTOLE_REASON_ANSWERED = 1,
    /// A probe or a heartbeat is overdue.
    SYSTOLE_REASON_OVERDUE = 2,
    /// A probe failed before its timeout. The event's `failure` says how.
    SYSTOLE_REASON_FAILED = 3,
    /// Nothing was heard from the peer for the whole bound.
    SYSTOLE_REASON_BOUND_ELAPSED = 4,
    /// The bound passed, and nothing was ever heard from the peer.
    SYSTOLE_REASON_NEVER_HEARD = 5,
    /// `SYSTOLE_VERDICT_DEAD` was a mistake: the peer replied to a probe that was sent before that
    /// verdict, and within the bound.
    SYSTOLE_REASON_REFUTED = 6,
    /// The first reply after `SYSTOLE_VERDICT_DEAD` is to a probe sent after that verdict: the
    /// peer came back.
    SYSTOLE_REASON_RECOVERED = 7,
    /// The peer was heard after `SYSTOLE_VERDICT_DEAD`, and what was heard does not tell a mistake
    /// from a recovery.
    SYSTOLE_REASON_UNDECIDED = 8,
    /// The caller, or the peer's heartbeats, announced a new incarnation of the peer.
    SYSTOLE_REASON_RESTARTED = 9,
    /// The peer said goodbye.
    SYSTOLE_REASON_LEFT = 10,
    /// For one bound no probe could be sent and nothing proved life.
    SYSTOLE_REASON_BLIND = 11,
}

/// The way in which a probe failed before its timeout. A failure is evidence against the peer,
/// unlike a probe that could not be sent.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_failure_t {
    /// None, or one that this header does not know. Functions refuse it.
    SYSTOLE_FAILURE_UNKNOWN = 0,
    /// The connection was refused, or the port is unreachable.
    SYSTOLE_FAILURE_REFUSED = 1,
    /// The connection was reset or closed.
    SYSTOLE_FAILURE_RESET = 2,
    /// The host or network is unreachable.
    SYSTOLE_FAILURE_UNREACHABLE = 3,
    /// The peer sent something that is not a valid reply.
    SYSTOLE_FAILURE_INVALID_REPLY = 4,
    /// The peer replied that it does not serve.
    SYSTOLE_FAILURE_UNHEALTHY = 5,
    /// The caller's probing code failed.
    SYSTOLE_FAILURE_PROBING = 6,
}

/// A `systole_failure_t` as C passes it: any number.
pub type raw_failure = u32;

/// Returns the failure that a number from C stands for.
pub(crate) const fn failure(raw: raw_failure) -> Result<Failure, systole_status_t> {
    Ok(match raw {
        1 => Failure::Refused,
        2 => Failure::Reset,
        3 => Failure::Unreachable,
        4 => Failure::InvalidReply,
        5 => Failure::Unhealthy,
        6 => Failure::ProbePanicked,
        _ => return Err(SYSTOLE_STATUS_ENUM),
    })
}

impl From<Verdict> for systole_verdict_t {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Unknown => Self::SYSTOLE_VERDICT_UNKNOWN,
            Verdict::Alive => Self::SYSTOLE_VERDICT_ALIVE,
            Verdict::Suspect => Self::SYSTOLE_VERDICT_SUSPECT,
            Verdict::Dead => Self::SYSTOLE_VERDICT_DEAD,
            Verdict::Left => Self::SYSTOLE_VERDICT_LEFT,
        }
    }
}

impl From<Failure> for systole_failure_t {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused => Self::SYSTOLE_FAILURE_REFUSED,
            Failure::Reset => Self::SYSTOLE_FAILURE_RESET,
            Failure::Unreachable => Self::SYSTOLE_FAILURE_UNREACHABLE,
            Failure::InvalidReply => Self::SYSTOLE_FAILURE_INVALID_REPLY,
            Failure::Unhealthy => Self::SYSTOLE_FAILURE_UNHEALTHY,
            Failure::ProbePanicked => Self::SYSTOLE_FAILURE_PROBING,
            _ => Self::SYSTOLE_FAILURE_UNKNOWN,
        }
    }
}

impl systole_failure_t {
    /// Returns the failure, or the enumerator for none.
    pub(crate) fn of(failure: Option<Failure>) -> Self {
        failure.map_or(Self::SYSTOLE_FAILURE_UNKNOWN, Into::into)
    }
}

impl From<Reason> for systole_reason_t {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Answered => Self::SYSTOLE_REASON_ANSWERED,
            Reason::Overdue => Self::SYSTOLE_REASON_OVERDUE,
            Reason::Failed(_) => Self::SYSTOLE_REASON_FAILED,
            Reason::BoundElapsed => Self::SYSTOLE_REASON_BOUND_ELAPSED,
            Reason::NeverHeard => Self::SYSTOLE_REASON_NEVER_HEARD,
            Reason::Refuted => Self::SYSTOLE_REASON_REFUTED,
            Reason::Recovered => Self::SYSTOLE_REASON_RECOVERED,
            Reason::Undecided => Self::SYSTOLE_REASON_UNDECIDED,
            Reason::Restarted => Self::SYSTOLE_REASON_RESTARTED,
            Reason::Left => Self::SYSTOLE_REASON_LEFT,
            Reason::Blind => Self::SYSTOLE_REASON_BLIND,
            _ => Self::SYSTOLE_REASON_UNKNOWN,
        }
    }
}
