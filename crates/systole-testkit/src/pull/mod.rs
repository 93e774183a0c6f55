//! Worlds of the machines that ask: `Heartbeat` and `Monitor`.

mod accounts;
mod calm;
mod chaos;
mod happen;
mod heartbeat;
mod hostile;
mod ledger;
mod machine;
mod monitor;
mod nat;
mod peer;
mod pinger;
mod pings;
mod plan;
mod rhythm;
mod run;
mod secrets;
mod settings;
mod settled;
mod verdicts;
mod warning;
mod written;

pub use chaos::{ChaosPlan, ChaosWorld};
pub use heartbeat::HeartbeatWorld;
pub use hostile::Hostile;
pub use machine::{Machine, monitor};
pub use monitor::MonitorWorld;
pub use nat::{Ceiling, LifetimeWorld, NatPlan};
pub use plan::{Nap, Plan};
pub use settings::{Limits, Policy, Settings, Shape, micros, us};
pub use warning::{Spread, WarningPlan, WarningWorld};
