//! Worlds of heartbeats that are pushed: a `Sender`, or a sender of somebody else's, and a
//! `Listener`.

mod datagram;
mod drain;
mod emitter;
mod judge;
mod long;
mod machine;
mod oracle;
mod pace;
mod plan;
mod run;
mod settings;
mod situations;
mod traffic;
mod trouble;
mod truth;
#[cfg(feature = "alloc")]
mod twin;
mod world;

pub use long::{Lived, LongLife, lives};
pub use pace::SenderWorld;
pub use plan::Plan;
pub use world::ListenerWorld;
