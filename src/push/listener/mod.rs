//! The receiving side of pushed heartbeats. It is sans-IO and sends nothing.

mod arrivals;
#[cfg(feature = "alloc")]
mod compact;
mod config;
mod counters;
mod flow;
mod hear;
mod line;
mod machine;
mod outcome;
#[cfg(feature = "serde")]
mod serde;
mod snapshot;

#[cfg(feature = "alloc")]
pub(crate) use compact::CompactListener;
pub use config::{Builder, Config};
pub use counters::Counters;
pub use machine::Listener;
pub use outcome::BeatOutcome;
pub use snapshot::Snapshot;
