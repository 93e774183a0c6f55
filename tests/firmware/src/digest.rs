//! FNV-1a, the same on every target: integers go in with the least significant byte first, whatever their width here.

use core::hash::Hasher;

/// A running FNV-1a hash of 64 bits.
#[derive(Clone, Debug)]
pub struct Digest(u64);

impl Digest {
    /// The hash of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn write_u16(&mut self, value: u16) {
        self.write(&value.to_le_bytes());
    }

    fn write_u32(&mut self, value: u32) {
        self.write(&value.to_le_bytes());
    }

    fn write_u64(&mut self, value: u64) {
        self.write(&value.to_le_bytes());
    }

    /// What the variant of an enum is hashed as: 4 bytes here, 8 there.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // variants are few
    fn write_isize(&mut self, value: isize) {
        self.write_u32(value as u32);
    }
}
