//! Worlds of the adapters, under virtual time.

mod embassy;
mod exporter;
mod group;
mod heart;
mod plan;
mod udp;
mod watched;
mod world;

pub use embassy::EmbassyWorld;
pub use group::TokioGroupWorld;
pub use heart::TokioWorld;
pub use udp::UdpFleetWorld;
