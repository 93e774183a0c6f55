#![no_std]
#![forbid(unsafe_code)]
// Its examples need tokio; without it they are shown, not tested.
#![cfg_attr(any(not(doctest), feature = "tokio"), doc = include_str!("../README.md"))]
//!
//! # Structure
//!
//! One direction of dependency; each part is usable without those after it.
//!
//! * numbers: [`Instant`], [`RttWindow`], [`LossRate`]
//! * opinion: [`Plan`] and the policies of [`pacing`], [`SuspicionLevel`], [`Verdict`], [`Heartbeat`]
//! * protocol: [`Monitor`] and its [`Event`]s; [`Listener`], [`Sender`] and their [`wire`]
//! * groups: [`Failover`], and with `alloc` `Fleet`
//! * edges: the adapters
//! * proof: the laboratory
//!
//! # References
//!
//! * \[Chen02\] W. Chen, S. Toueg, M. K. Aguilera: On the Quality of Service of Failure Detectors. IEEE Transactions on
//!   Computers 51(5), 2002
//! * \[RFC6298\] V. Paxson, M. Allman, J. Chu, M. Sargent: Computing TCP's Retransmission Timer, 2011
//! * \[Karn87\] P. Karn, C. Partridge: Improving Round-Trip Time Estimates in Reliable Transport Protocols, SIGCOMM 1987
//!

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(any(feature = "std", feature = "embassy"))]
mod adapter;
mod beat;
mod budget;
mod config;
mod credit;
mod dead_peer_wait;
mod error;
mod event;
mod failover;
mod fixed;
#[cfg(feature = "alloc")]
mod fleet;
mod health;
mod heartbeat;
#[cfg(feature = "lab")]
pub mod lab;
mod listener;
mod loss;
mod monitor;
pub mod pacing;
mod plan;
mod probe;
mod promise;
mod pulse;
mod random;
mod root;
mod rtt;
mod send_failures;
mod sender;
mod snapshot;
mod statistics;
mod suspicion;
mod tail;
mod time;
#[cfg(feature = "tracing")]
mod trace;
mod verdict;
mod watch;
mod wide;
mod window;
pub mod wire;

#[cfg(any(feature = "tokio", feature = "embassy"))]
pub use adapter::Trial;
#[cfg(feature = "embassy")]
pub use adapter::embassy;
#[cfg(feature = "metrics")]
pub use adapter::metrics;
#[cfg(feature = "tokio")]
pub use adapter::tokio;
#[cfg(feature = "std")]
pub use adapter::{Epoch, WINDOW, thread};
#[cfg(any(feature = "std", feature = "embassy"))]
pub use adapter::{Fault, machine};
pub use beat::Beat;
pub use budget::RetryBudget;
pub use config::Config;
pub use error::{ConfigError, Setting};
pub use event::{Event, Precedence, Transition};
pub use failover::{
    Condition, Duty, Endpoint, EndpointStatus, Failover, FailoverConfig, FailoverEvent,
    FailoverOutput, GroupState, Outage, Preference, Return, SwitchOn, SwitchReason,
};
#[cfg(feature = "alloc")]
pub use fleet::{
    Census, Fleet, FleetCounters, FleetEvent, FleetOutput, Lateness, PeerKey, PeerStatus,
};
pub use health::{EarlyWarning, Health};
pub use heartbeat::Heartbeat;
pub use listener::{Listener, ListenerConfig, ListenerCounters, ListenerOutput, ListenerSnapshot};
pub use loss::LossRate;
pub use monitor::{Monitor, Output};
pub use plan::{Plan, Retries};
pub use probe::ProbeId;
pub use promise::{Infeasible, Promise};
pub use sender::{Sender, SenderOutput};
pub use snapshot::{Counters, MonitorSnapshot, Snapshot};
pub use statistics::Statistics;
pub use suspicion::SuspicionLevel;
pub use time::{Instant, TickClock};
pub use verdict::{Failure, Reason, Verdict};
pub use window::{Moments, RttWindow};
