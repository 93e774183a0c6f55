//! Simulated worlds that know the truth, to test `systole` from outside.
//!
//! A world is a deterministic simulation of peers, paths, clocks and of the caller itself. It drives
//! a machine through its public API alone and knows what the machine cannot know: which peer crashed
//! when, what was sent, what arrived. Its oracle checks the laws of the documentation against that
//! truth. One seed makes one world; [`world::check`] runs many, and prints the seed, a reduced plan
//! and the calls of the first world that breaks a law.
//!
//! Beside the worlds stands what tests of several packages share: [`ops`], [`servers`], the recorded
//! networks.

#[cfg(feature = "adapters")]
pub mod adapters;
pub mod deep;
#[cfg(feature = "worlds")]
pub mod failover;
#[cfg(feature = "worlds")]
pub mod fleet;
pub mod ignored;
#[cfg(feature = "worlds")]
pub mod lease;
pub mod ops;
pub mod published;
#[cfg(feature = "worlds")]
pub mod pull;
#[cfg(feature = "worlds")]
pub mod push;
pub mod recorded;
pub mod servers;
pub mod spent;
#[cfg(feature = "alloc")]
pub mod swarm;
pub mod world;
