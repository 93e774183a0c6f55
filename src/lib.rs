#![no_std]
//! Adaptive heartbeats.

mod time;

pub use time::{Instant, TickClock};
