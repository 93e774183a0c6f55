//! Leases: deadlines that real time enforces.
//!
//! A [`Lease`] keeps alive what a server forgets after a deadline: a registration, a lock, a
//! leadership, a connection, a session. It plans the renewals and tells until when the holder may
//! act. See [`Lease`] for how it is used and what it guarantees, and [`Config`] for the rules of
//! each protocol.

mod answers;
mod config;
mod event;
mod fence;
mod holding;
mod kinds;
mod lease;
mod news;
mod outcome;
mod pace;
mod promise;
mod query;
mod request;
mod schedule;
#[cfg(feature = "serde")]
mod serde;
mod snapshot;
mod wishes;

pub use config::{Builder, Config, TTL_MAX};
pub use event::{EventKind, FenceReason};
pub use lease::Lease;
pub use outcome::{Answer, GrantOutcome, Refusal, RefusalOutcome};
pub use promise::Promise;
pub use request::{Action, RenewalId, Request};
pub use snapshot::{Counters, Snapshot};
