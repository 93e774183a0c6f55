//! The fleet: monitors very many peers with one clock, one configuration and one `poll`.

mod blind;
mod census;
mod common;
mod cut_off;
#[cfg(test)]
mod equivalence_tests;
mod event;
mod input;
mod key;
mod lateness;
pub mod listeners;
mod machine;
mod membership;
mod query;
mod queue;
mod rest;
mod schedule;
mod slot;
mod verdicts;
mod wheel;

pub use census::{Census, Counters, PeerStatus};
pub use common::{Cause, Labels};
pub use event::PeerEvent;
pub use key::PeerKey;
pub use lateness::Lateness;
pub use listeners::ListenerFleet;
pub use machine::{Fleet, Probe};
