//! What a fleet has to tell.

use super::PeerKey;
use crate::peer::event::Event;

/// What a fleet has to tell, and of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FleetEvent {
    /// The peer; nothing where it is about all of them, as our own lateness is.
    pub peer: Option<PeerKey>,
    /// What happened. Numbers rise by one an event of the fleet.
    pub event: Event,
}
