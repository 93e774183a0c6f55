//! A `Sender` by itself: what it announces covers what it does.

mod beats;
mod plan;
mod run;

pub use run::SenderWorld;
