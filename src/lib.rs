#![no_std]
#![forbid(unsafe_code)]
//! Adaptive heartbeats.

#[cfg(feature = "lab")]
extern crate alloc;
#[cfg(feature = "lab")]
extern crate std;

mod config;
mod error;
mod event;
mod fixed;
mod heartbeat;
#[cfg(feature = "lab")]
pub mod lab;
mod loss;
mod monitor;
pub mod pacing;
mod plan;
mod probe;
mod promise;
mod pulse;
mod random;
mod rtt;
mod snapshot;
mod statistics;
mod suspicion;
mod time;
mod verdict;
mod watch;
mod window;

pub use config::Config;
pub use error::{ConfigError, Setting};
pub use event::{Event, Precedence, Transition};
pub use heartbeat::Heartbeat;
pub use loss::LossRate;
pub use monitor::{Monitor, Output};
pub use plan::{Plan, Retries};
pub use probe::ProbeId;
pub use promise::{Infeasible, Promise};
pub use snapshot::{Counters, MonitorSnapshot, Snapshot};
pub use statistics::Statistics;
pub use suspicion::SuspicionLevel;
pub use time::{Instant, TickClock};
pub use verdict::{Failure, Reason, Verdict};
pub use window::{Moments, RttWindow};
