//! The stable name of a peer.

use core::fmt;

/// Names a peer of a [`Fleet`](crate::Fleet) for as long as it is in it. The name of a removed peer is never given to another one
/// (before its place was taken two thousand million times), so what arrives late for it is nobody's.
///
/// It is no secret: together with the [`ProbeId`](crate::ProbeId) it makes a probe of 16 bytes whose reply says whose it is, without a table of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey {
    pub(super) index: u32,
    /// Odd while the place is taken.
    pub(super) generation: u32,
}

impl PeerKey {
    /// The key as it goes over the wire.
    #[must_use]
    pub const fn to_be_bytes(self) -> [u8; 8] {
        self.as_u64().to_be_bytes()
    }

    /// The key as it came back.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // the low half
    pub const fn from_be_bytes(bytes: [u8; 8]) -> Self {
        let key = u64::from_be_bytes(bytes);
        Self {
            index: key as u32,
            generation: (key >> 32) as u32,
        }
    }

    /// Its place: below the largest number of peers that the fleet ever had, and that of one peer at a time. For tables beside the fleet.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index as usize
    }

    pub(super) const fn as_u64(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }
}

impl fmt::Display for PeerKey {
    /// Place and generation: `17.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index, self.generation)
    }
}
