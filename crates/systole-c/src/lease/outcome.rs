//! What became of the server's answers that a lease was told.

use systole_core::lease::{GrantOutcome, RefusalOutcome};

/// What became of a grant.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_grant_outcome_t {
    /// One that this header does not know.
    SYSTOLE_GRANT_UNKNOWN = 0,
    /// The lease is held, and the fence moved later.
    SYSTOLE_GRANT_EXTENDED = 1,
    /// The lease is held, and the fence did not move later: a request that was sent later is
    /// acknowledged already, or the server granted less.
    SYSTOLE_GRANT_UNEXTENDED = 2,
    /// The answer took so long that what it grants may be over. The lease is not held.
    SYSTOLE_GRANT_TOO_LATE = 3,
    /// The server granted no time at all. The lease is lost, as if it had been refused.
    SYSTOLE_GRANT_NOTHING = 4,
    /// The epoch is lower than one that was seen, so the grant is an old one. It changes nothing.
    SYSTOLE_GRANT_STALE = 5,
    /// No such request is outstanding. Nothing changes.
    SYSTOLE_GRANT_NO_REQUEST = 6,
}

/// What became of a refusal.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_refusal_outcome_t {
    /// One that this header does not know.
    SYSTOLE_REFUSED_UNKNOWN = 0,
    /// The lease is over.
    SYSTOLE_REFUSED_LOST = 1,
    /// The lease was not held. It is asked for again.
    SYSTOLE_REFUSED_NOT_YET = 2,
    /// An acquisition was refused that was sent before the one that was granted. Nothing changes.
    SYSTOLE_REFUSED_OLD = 3,
    /// No such request is outstanding. Nothing changes.
    SYSTOLE_REFUSED_NO_REQUEST = 4,
}

impl From<GrantOutcome> for systole_grant_outcome_t {
    fn from(outcome: GrantOutcome) -> Self {
        match outcome {
            GrantOutcome::Extended => Self::SYSTOLE_GRANT_EXTENDED,
            GrantOutcome::Unextended => Self::SYSTOLE_GRANT_UNEXTENDED,
            GrantOutcome::TooLate => Self::SYSTOLE_GRANT_TOO_LATE,
            GrantOutcome::Nothing => Self::SYSTOLE_GRANT_NOTHING,
            GrantOutcome::Stale => Self::SYSTOLE_GRANT_STALE,
            GrantOutcome::Unknown => Self::SYSTOLE_GRANT_NO_REQUEST,
        }
    }
}

impl From<RefusalOutcome> for systole_refusal_outcome_t {
    fn from(outcome: RefusalOutcome) -> Self {
        match outcome {
            RefusalOutcome::Lost => Self::SYSTOLE_REFUSED_LOST,
            RefusalOutcome::NotYet => Self::SYSTOLE_REFUSED_NOT_YET,
            RefusalOutcome::Old => Self::SYSTOLE_REFUSED_OLD,
            RefusalOutcome::Unknown => Self::SYSTOLE_REFUSED_NO_REQUEST,
        }
    }
}
