#![no_std]
//! Adaptive heartbeats.

#[cfg(feature = "lab")]
extern crate alloc;
#[cfg(feature = "lab")]
extern crate std;

#[cfg(feature = "lab")]
pub mod lab;
mod time;

pub use time::{Instant, TickClock};
