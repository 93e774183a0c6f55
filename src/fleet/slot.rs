//! The state of one peer of a fleet.

use crate::monitor::CompactMonitor;
use crate::pacing::{Fluctuation, Pacing};

/// A peer at rest.
#[derive(Clone, Debug)]
pub(super) struct Slot<const N: usize, P: Pacing> {
    pub(super) dormant: CompactMonitor<N, P>,
    pub(super) generation: u32,
    /// The number of the peer's set of labels.
    pub(super) labels: u8,
    /// Whether the index is in `troubled`.
    pub(super) listed: bool,
    /// The value of `Fleet::blind` when the slot was last written.
    pub(super) blind: u8,
    /// The number of overflows, modulo 256, when the peer was last probed. The moments do not
    /// suffice: where the clock is coarse, a probe, its reply and the overflow that loses the reply
    /// may have the same moment.
    pub(super) overflows: u8,
}

impl<const N: usize, P: Pacing> Slot<N, P> {
    /// Returns whether a peer has this slot.
    pub(super) const fn is_taken(&self) -> bool {
        self.generation % 2 == 1
    }
}

/// The memory that a peer may take, beside 16 bytes on the wheel. Each further round-trip time
/// takes four bytes more.
const _: () = assert!(size_of::<Slot<4, Fluctuation>>() <= 232);
