//! The world of a [`Failover`](systole::Failover): one active endpoint of several.

mod act;
mod draw;
mod endpoint;
mod judge;
mod output;
mod plan;
mod run;
mod settings;
mod told;
mod world;

pub use plan::GroupPlan;
pub use settings::GroupSettings;
pub use world::FailoverWorld;
