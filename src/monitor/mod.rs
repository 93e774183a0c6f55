//! Monitors one peer on the caller's clock and socket.

mod arrival;
mod blind;
mod caller;
mod change;
mod claim;
#[cfg(feature = "alloc")]
mod compact;
#[cfg(feature = "alloc")]
mod excuse;
mod forget;
mod lifetime;
mod looser;
mod machine;
mod member;
mod query;
mod retry;
mod skip;
mod sleep;
mod snapshot;
mod target;
mod wakes;
mod wakes_in_vain;

#[cfg(feature = "alloc")]
pub(crate) use compact::CompactMonitor;
pub use machine::Monitor;
pub use snapshot::Snapshot;
