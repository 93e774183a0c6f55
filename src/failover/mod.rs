//! Fail-over between replicas: one endpoint is active, the others stand by. [`Failover`] is the
//! machine.

mod config;
mod decide;
mod endpoint;
mod endpoint_state;
mod event;
mod group;
mod input;
mod outage_state;
mod pending;
mod poll;
mod probing;
mod reconfigure;
mod status;

pub use config::{Builder, Config, Failback, Preference, SwitchOn};
pub use endpoint::{Endpoint, EndpointMode};
pub use event::{EventKind, Outage, SwitchReason};
pub use group::{Failover, Probe};
pub use status::{Condition, EndpointStatus, GroupState};
