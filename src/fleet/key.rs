//! The key of a peer in a fleet.

use core::fmt;

/// Identifies a peer of a [`Fleet`](crate::Fleet) for as long as it is a member.
///
/// The key of a removed peer is not given to another one before its index was reused two thousand
/// million times, so late replies for a removed peer match no other peer.
///
/// A key is not secret. Together with the [`ProbeId`](crate::ProbeId) it makes a probe of 16 bytes,
/// whose reply identifies the peer without a table of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey {
    pub(super) index: u32,
    /// How often the index was taken or given up. The number is odd while the index is taken.
    pub(super) generation: u32,
}

impl PeerKey {
    /// Returns the key as bytes in the order in which they are sent.
    #[must_use]
    pub const fn to_be_bytes(self) -> [u8; 8] {
        self.as_u64().to_be_bytes()
    }

    /// Returns the key of which `bytes` are the [sent form](Self::to_be_bytes).
    #[must_use]
    // The low half is the index.
    #[allow(clippy::cast_possible_truncation)]
    pub const fn from_be_bytes(bytes: [u8; 8]) -> Self {
        let key = u64::from_be_bytes(bytes);
        Self {
            index: key as u32,
            generation: (key >> 32) as u32,
        }
    }

    /// Returns the peer's index, for tables beside the fleet. It is below the largest number of
    /// peers that the fleet ever had, and no two peers have the same index at a time.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index as usize
    }

    pub(super) const fn as_u64(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }
}

impl fmt::Display for PeerKey {
    /// Formats the key as index and generation: `17.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index, self.generation)
    }
}
