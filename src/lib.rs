#![no_std]
// docs.rs then shows which feature each item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
// These lints apply to the library; tests, benchmarks and examples are exempt.
#![warn(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_const_for_fn,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used
)]
// Where a link label is defined twice, Markdown uses the first definition. The definitions below
// therefore turn the README's links to files into links to pages and items, and its picture into a
// part of the page.
#![cfg_attr(doc, doc = include_str!("guide/links.md"))]
#![cfg_attr(doc, doc = include_str!("guide/outage.md"))]
#![cfg_attr(doc, doc = "")]
// The README's example needs `std`. Without that feature the README is shown but not tested.
#![cfg_attr(any(not(doctest), feature = "std"), doc = include_str!("../README.md"))]
//!
//! # Structure
//!
//! The folders of `src` are the layers. A layer uses only layers above it in this list:
//!
//! | layer | what it holds |
//! |---|---|
//! | `math` | exact integer arithmetic |
//! | `time` | [`Instant`], [`TickClock`] |
//! | [`path`] | what is measured: RTT window, loss, suspicion level, early warning |
//! | [`config`] | what the user states: [`Config`], [`RetryBudget`], [`ConfigError`] |
//! | [`plan`] | what a policy decides: [`Plan`](plan::Plan), [`Retries`], [`Promise`](plan::Promise) |
//! | [`pacing`] | the policies |
//! | [`peer`] | one peer's state: [`Verdict`], [`Event`], [`Snapshot`], [`ProbeId`] |
//! | `output` | [`Output`], the common shape of the machines |
//! | `heartbeat`, [`monitor`], `push` | one peer: [`Heartbeat`], [`Monitor`], [`Sender`], [`Listener`] |
//! | [`lease`] | deadlines that real time enforces: [`Lease`](lease::Lease) |
//! | [`failover`], `fleet` | the machines for several: [`Failover`], and with `alloc` `Fleet` |
//! | `runtime` | adapters for threads, tokio, embassy and metrics |
//!
//! # References
//!
//! * \[Chen02\] W. Chen, S. Toueg, M. K. Aguilera: On the Quality of Service of Failure Detectors.
//!   IEEE Transactions on Computers 51(5), 2002
//! * \[RFC6298\] V. Paxson, M. Allman, J. Chu, M. Sargent: Computing TCP's Retransmission Timer,
//!   2011
//! * \[Karn87\] P. Karn, C. Partridge: Improving Round-Trip Time Estimates in Reliable Transport
//!   Protocols, SIGCOMM 1987
//!

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod config;
pub mod failover;
#[cfg(feature = "alloc")]
pub mod fleet;
#[cfg(all(doc, any(not(doctest), feature = "tokio")))]
pub mod guide;
mod heartbeat;
pub mod lease;
mod math;
pub mod monitor;
mod output;
pub mod pacing;
pub mod path;
pub mod peer;
pub mod plan;
mod push;
#[cfg(any(feature = "std", feature = "embassy"))]
mod runtime;
mod time;

pub use config::{Config, ConfigError, RetryBudget};
pub use failover::Failover;
#[cfg(feature = "alloc")]
pub use fleet::Fleet;
pub use heartbeat::Heartbeat;
pub use monitor::Monitor;
pub use output::Output;
pub use peer::event::{Event, EventKind, Transition};
pub use peer::probe::ProbeId;
pub use peer::snapshot::Snapshot;
pub use peer::verdict::{Failure, Reason, Verdict};
pub use plan::Retries;
pub use push::beat::Beat;
pub use push::listener::Listener;
pub use push::sender::Sender;
pub use push::{listener, wire};
#[cfg(feature = "embassy")]
pub use runtime::embassy;
#[cfg(feature = "tokio")]
pub use runtime::task;
#[cfg(feature = "metrics")]
pub use runtime::telemetry;
#[cfg(feature = "std")]
pub use runtime::{Epoch, thread};
#[cfg(any(feature = "std", feature = "embassy"))]
pub use runtime::{ProbeError, Reply, machine};
pub use time::{Instant, TickClock};
