#![no_std]
//! Adaptive heartbeats.

mod fixed;
mod loss;
mod random;
mod rtt;
mod time;
mod window;

pub use loss::LossRate;
pub use time::{Instant, TickClock};
pub use window::{Moments, RttWindow};
