//! The receiving side of pushed heartbeats.

pub mod machine;
#[cfg(feature = "snapshot")]
pub mod snapshot;
