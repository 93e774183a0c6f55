//! The machine without a clock, with each policy.

#[cfg(feature = "heartbeat")]
pub mod fluctuation;
mod functions;
#[cfg(feature = "planned-heartbeat")]
pub mod planner;
mod shared;
