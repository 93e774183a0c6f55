//! One peer's state: the probes sent to it, its verdict, the clock on which it is observed, and what there is to tell.

pub(crate) mod counters;
pub(crate) mod credit;
pub(crate) mod dead_peer_wait;
pub(crate) mod event;
pub(crate) mod observed_clock;
pub(crate) mod outcome;
pub(crate) mod pending;
pub(crate) mod probe;
pub(crate) mod send_failures;
pub(crate) mod snapshot;
pub(crate) mod state;
pub(crate) mod verdict;

pub use counters::Counters;
pub use event::RelaxedBy;
pub use outcome::{ProbeOutcome, ReplyOutcome};
