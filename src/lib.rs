#![no_std]
//! Adaptive heartbeats.

mod config;
mod error;
mod fixed;
mod heartbeat;
mod loss;
pub mod pacing;
mod plan;
mod pulse;
mod random;
mod rtt;
mod snapshot;
mod statistics;
mod suspicion;
mod time;
mod verdict;
mod window;

pub use config::Config;
pub use error::{ConfigError, Setting};
pub use heartbeat::Heartbeat;
pub use loss::LossRate;
pub use plan::{Plan, Retries};
pub use snapshot::Snapshot;
pub use statistics::Statistics;
pub use suspicion::SuspicionLevel;
pub use time::{Instant, TickClock};
pub use verdict::{Reason, Verdict};
pub use window::{Moments, RttWindow};
