//! The machine that takes the caller's clock, with each policy.

#[cfg(feature = "monitor")]
pub mod fluctuation;
mod functions;
#[cfg(feature = "planned-monitor")]
pub mod planner;
mod shared;
