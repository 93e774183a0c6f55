#![no_std]
#![forbid(unsafe_code)]
//! What runs on every target alike: workloads from a seed, in integers alone, and a digest of all that is answered.

pub mod digest;
pub mod heartbeat;
pub mod lease;
pub mod monitor;
pub mod random;
pub mod samples;

/// How many steps each workload takes, unless told otherwise.
pub const STEPS: u32 = 1_000_000;
