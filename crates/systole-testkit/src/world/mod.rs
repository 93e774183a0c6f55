//! What all worlds share: seeded randomness, clocks, paths, incidents, the runner.

mod clock;
mod coverage;
mod digest;
mod incident;
mod journal;
mod law;
mod path;
mod queue;
mod random;
mod runner;

pub use clock::Clock;
pub use coverage::Coverage;
pub use digest::mixed;
pub use incident::{Incident, Incidents, Kind, OURS};
pub use journal::Journal;
pub use law::{Law, Violation};
pub use path::{Arrivals, Jitter, Path};
pub use queue::Queue;
pub use random::Random;
pub use runner::{Totals, World, check, survey};
