//! The events of a fleet.

use core::fmt;

use super::PeerKey;
use crate::peer::event::EventKind;

/// What happened in a fleet, and to which peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerEvent {
    /// The peer; `None` where the event is about all peers, as local lateness is.
    pub peer: Option<PeerKey>,
    /// What happened.
    pub kind: EventKind,
}

/// Formats the event as a line of a log, without the peer, whose name only the caller knows.
impl fmt::Display for PeerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}
