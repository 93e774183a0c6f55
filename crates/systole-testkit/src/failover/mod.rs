//! The world of a [`Failover`](systole::Failover): one active endpoint of several.

mod endpoint;
mod plan;
mod run;

pub use plan::{GroupPlan, GroupSettings};
pub use run::FailoverWorld;
