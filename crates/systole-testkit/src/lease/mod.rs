//! Worlds of a lease: holders that compete for it, their clocks and paths, and the server that knows
//! who holds it.
//!
//! The oracle was written from the documentation of `systole::lease`: law 10 says that no holder is
//! told that it holds what the server has given away or may give away. The server of a world keeps
//! what it granted, on a clock that drifts; one world in eight has a server that does not, and there
//! the epochs alone are checked.

mod calls;
mod holder;
mod plan;
mod run;
mod server;

pub use plan::Plan;
pub use run::LeaseWorld;
