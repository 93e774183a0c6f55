//! The receiving side of pushed heartbeats. It is sans-IO and sends nothing.

mod arrivals;
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

pub use config::{Builder, Config};
pub use counters::Counters;
pub use machine::Listener;
pub use outcome::BeatOutcome;
pub use snapshot::Snapshot;
