//! The world of a [`Failover`](systole::Failover): one active endpoint of several.

mod act;
mod endpoint;
mod judge;
mod output;
mod plan;
mod run;
mod world;

pub use plan::{GroupPlan, GroupSettings};
pub use world::FailoverWorld;
