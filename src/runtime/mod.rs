//! Threads, tasks and futures around a machine: a clock anchor and a loop each, no decisions.

#[cfg(feature = "embassy")]
pub mod embassy;
#[cfg(feature = "std")]
mod epoch;
mod fault;
pub mod machine;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "std")]
mod name;
#[cfg(feature = "std")]
mod seed;
#[cfg(feature = "std")]
mod shared;
#[cfg(feature = "std")]
mod span;
#[cfg(feature = "std")]
pub mod thread;
#[cfg(feature = "tokio")]
pub mod tokio;
#[cfg(any(feature = "tokio", feature = "embassy"))]
mod trial;

#[cfg(feature = "std")]
pub use epoch::Epoch;
pub use fault::Fault;
#[cfg(feature = "std")]
use name::{Name, Series};
#[cfg(feature = "std")]
use shared::{Recorder, Shared};
#[cfg(feature = "std")]
use span::Span;
#[cfg(any(feature = "tokio", feature = "embassy"))]
pub use trial::Trial;

/// Round-trip times that the adapters of threads and tokio look at.
#[cfg(feature = "std")]
pub const WINDOW: usize = 32;

/// What became of the closure that runs at the stop.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Farewell {
    /// It ran to its end, or there was none.
    Said,
    /// Its deadline passed first.
    Cut,
    /// It panicked.
    Panicked,
}
