//! The events of a fleet.

use super::PeerKey;
use crate::peer::event::Event;

/// An event that a fleet reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FleetEvent {
    /// The peer; `None` where the event is about all peers, as local lateness is.
    pub peer: Option<PeerKey>,
    /// What happened. Event numbers rise by one for the fleet as a whole.
    pub event: Event,
}
