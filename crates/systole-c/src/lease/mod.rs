//! Leases: deadlines that real time enforces.

pub mod answers;
pub mod config;
pub mod event;
pub mod machine;
pub mod outcome;
pub mod questions;
#[cfg(feature = "snapshot")]
pub mod snapshot;
