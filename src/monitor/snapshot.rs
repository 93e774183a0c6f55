//! What a monitor knows at a moment.

use crate::peer::counters::Counters;
use crate::peer::snapshot;
use crate::peer::verdict::Failure;
use crate::time::Instant;

/// What a monitor knows at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Snapshot {
    /// The path and the plan.
    pub path: snapshot::Snapshot,
    /// The counters.
    pub counters: Counters,
    /// When the verdict becomes `Dead` if nothing is heard, on the caller's clock. `None` where the
    /// peer is dead already, or no probe was sent.
    pub dead_at: Option<Instant>,
    /// When the next probe is due.
    pub next_probe_at: Instant,
    /// The number of probes that were sent after the last one that got a reply, among those still
    /// remembered.
    pub unanswered: u8,
    /// How the last probe failed that failed before its timeout.
    pub last_failure: Option<Failure>,
    /// The number of the last event.
    pub events: u32,
}
