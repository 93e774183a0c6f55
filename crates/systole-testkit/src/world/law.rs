//! The laws, and what breaks one.

use std::fmt;

/// The laws that the documentation states, and what every world checks beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// 1: steady intervals and retries keep to what is configured and planned.
    Intervals,
    /// 2: `Wait` lies in the future, drains end, early polls change nothing.
    Progress,
    /// 3: a crash is found within the stated bound and our own lateness.
    Detection,
    /// 4: nothing that is our fault calls a live peer dead, or hides a dead one.
    LocalTrouble,
    /// 5: no lasting false verdicts after a step; a peer that is back is seen.
    NoLockOut,
    /// 6: suspicion never falls in silence, `Suspect` comes before `Dead`, levels are finite.
    Suspicion,
    /// 7: replies prove life no later than their probes were sent; old ones change nothing.
    Proof,
    /// 8: no input panics.
    Refusal,
    /// 9: the same inputs give the same outputs.
    Determinism,
    /// 10: no lease is believed after it may have expired.
    Lease,
    /// Counters never fall; every probe ends in one of them; events have a cause and a number.
    Accounts,
    /// No secret is printed.
    Secrets,
}

/// A law that a world saw broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which law.
    pub law: Law,
    /// Which kind of breach, the same words for the same kind: surveys count by it.
    pub kind: &'static str,
    /// When, in microseconds of true time.
    pub at_us: u64,
    /// The figures of this case.
    pub detail: String,
}

impl Violation {
    /// A breach of `law` at `at_us`.
    #[must_use]
    pub fn new(law: Law, kind: &'static str, at_us: u64, detail: impl fmt::Display) -> Self {
        let detail = detail.to_string();
        Self {
            law,
            kind,
            at_us,
            detail,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            law, kind, at_us, ..
        } = self;
        write!(f, "law {law:?}: {kind} at {at_us} us: {}", self.detail)
    }
}
