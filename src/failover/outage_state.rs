//! The state of an outage.

use super::event::Outage;
use crate::time::Instant;

/// The state of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutageState {
    pub(super) outage: Outage,
    pub(super) since: Instant,
    /// When the group last switched during the outage.
    pub(super) switched: Option<Instant>,
    /// Whether the active endpoint was probed because another one is back.
    pub(super) asked: bool,
}

impl OutageState {
    pub(super) const fn new(outage: Outage, since: Instant) -> Self {
        Self {
            outage,
            since,
            switched: None,
            asked: false,
        }
    }
}
