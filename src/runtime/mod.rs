//! Adapters that run a machine on a thread, a tokio task or an embassy future. Each one consists of
//! a clock anchor and a loop. The machine makes all decisions.

#[cfg(feature = "embassy")]
pub mod embassy;
#[cfg(feature = "std")]
mod epoch;
mod lease;
pub mod machine;
#[cfg(feature = "std")]
mod name;
mod probe_error;
mod reply;
#[cfg(feature = "std")]
mod seed;
#[cfg(feature = "std")]
mod shared;
#[cfg(feature = "std")]
mod span;
#[cfg(feature = "tokio")]
pub mod task;
#[cfg(feature = "metrics")]
pub mod telemetry;
#[cfg(feature = "std")]
pub mod thread;
#[cfg(any(feature = "tokio", feature = "embassy"))]
mod trial;

#[cfg(feature = "std")]
use crate::path::window::DEFAULT_WINDOW;
#[cfg(feature = "std")]
pub use epoch::Epoch;
#[cfg(feature = "std")]
use name::{Name, Series};
pub use probe_error::ProbeError;
pub use reply::Reply;
#[cfg(feature = "std")]
use shared::{Recorder, Shared};
#[cfg(feature = "std")]
use span::Span;
#[cfg(any(feature = "tokio", feature = "embassy"))]
use trial::Trial;

/// The outcome of the closure that an adapter runs when it stops.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopOutcome {
    /// The closure returned, or none was set.
    Completed,
    /// The closure did not return within its time limit.
    TimedOut,
    /// The closure panicked.
    Panicked,
}
