//! Pushed heartbeats, which a peer sends unasked: the message, its wire format, its sender and its
//! listener.

pub(crate) mod beat;
pub mod listener;
pub(crate) mod sender;
pub mod wire;
