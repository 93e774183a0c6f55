//! Policies, which decide when to probe from what was measured of the path.
//!
//! The machine requests a [`Plan`](crate::plan::Plan) from the policy after every reply. It fits
//! each plan to the configured limits before it acts on it, so the [laws](crate#laws) hold for any
//! policy, even a hostile one.
//!
//! ```
//! use core::time::Duration;
//! use systole::pacing::Pacing;
//! use systole::{Config, Heartbeat, pacing::Statistics, plan::Plan};
//!
//! /// Probes at intervals of ten round-trip times.
//! #[derive(Clone, Copy, Debug, PartialEq)]
//! struct TenRoundTrips;
//!
//! impl Pacing for TenRoundTrips {
//!     type State = ();
//!     const INITIAL: () = ();
//!
//!     fn plan(&self, (): &(), path: &Statistics<'_>) -> Plan {
//!         Plan::new(path.smoothed() * 10, path.timeout()).with_retries(path.retries())
//!     }
//! }
//!
//! # fn main() -> Result<(), systole::ConfigError> {
//! let (shortest, longest) = (Duration::from_millis(1), Duration::from_secs(1));
//! let config = Config::with_policy(TenRoundTrips, shortest, longest).jitter_percent(0).build()?;
//! let mut heart = Heartbeat::<8, _>::with_window(config);
//! assert_eq!(heart.next_interval(Duration::from_millis(20)), Duration::from_millis(200));
//! assert_eq!(heart.next_interval(Duration::from_secs(20)), longest); // within the limits
//! # Ok(()) }
//! ```

mod any;
mod fixed;
mod fluctuation;
mod lifetime;
mod pacing;
mod statistics;
mod target;

pub use any::{AnyPolicy, AnyState};
pub use fixed::Fixed;
pub use fluctuation::Fluctuation;
pub use lifetime::{Lifetime, LifetimeRange, LifetimeRecord, LifetimeSearch, LifetimeState};
pub use pacing::{Answer, EpisodeEnd, Outcome, Pacing};
pub use statistics::Statistics;
pub use target::{PathRecord, Target, TargetState};
