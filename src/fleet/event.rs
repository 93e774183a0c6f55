//! The events of a fleet.

use core::fmt;

use super::PeerKey;
use crate::peer::event::EventKind;

/// What happened in a fleet, and to which peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerEvent {
    /// The peer, or `None` where the event concerns all peers, as local lateness does.
    pub peer: Option<PeerKey>,
    /// What happened.
    pub kind: EventKind,
}

/// Formats the event as a line of a log, without the peer, because only the caller knows its name.
impl fmt::Display for PeerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}
