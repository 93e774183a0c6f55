//! The fleet of listeners: receives the heartbeats of very many senders with one clock, one
//! configuration and one `poll`.

mod counters;
mod ids;
mod input;
mod machine;
mod membership;
mod query;
mod slot;

pub use counters::Counters;
pub use machine::ListenerFleet;
