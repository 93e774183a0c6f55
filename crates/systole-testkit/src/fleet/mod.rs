//! The world of a [`Fleet`](systole::Fleet): many peers behind one poll.

mod account;
mod act;
mod arrive;
mod events;
mod judge;
mod network;
mod output;
mod plan;
mod run;
pub mod settings;
mod truth;
mod world;

pub use network::{Echo, down_spans, send};
pub use plan::{FleetPlan, PeerPlan, simpler_lives};
pub use truth::{Ours, Truth, micros};
pub use world::FleetWorld;
