//! The world of a [`Fleet`](systole::Fleet): many peers behind one poll.

mod account;
mod network;
mod plan;
mod run;
pub mod settings;
mod truth;

pub use network::{Echo, down_spans, send};
pub use plan::{FleetPlan, PeerPlan, simpler_lives};
pub use run::FleetWorld;
pub use truth::{Ours, Truth, micros};
