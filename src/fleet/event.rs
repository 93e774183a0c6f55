//! The events of a fleet.

use core::fmt;

use super::{Cause, PeerKey};
use crate::peer::event::EventKind;

/// What happened in a fleet, and to which peer: `K` is how the fleet names peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerEvent<K = PeerKey> {
    /// The peer, or `None` where the event concerns all peers, as local lateness does.
    pub peer: Option<K>,
    /// What happened.
    pub kind: EventKind,
    /// Whether the peer fell silent by itself or with others, where it was called dead.
    pub cause: Option<Cause>,
}

/// Formats the event as a line of a log, without the peer, because only the caller knows its name.
impl<K> fmt::Display for PeerEvent<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            Some(cause) => write!(f, "{}, {cause}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}
