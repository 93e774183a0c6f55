//! Numbers in as few bytes as they need, for state that is stored a million times.

use crate::math::saturating;

/// A number in `B` bytes, 1 to 8. A greater one saturates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Narrow<const B: usize>([u8; B]);

impl<const B: usize> Narrow<B> {
    pub(crate) const MOST: u64 = u64::MAX >> (64 - 8 * B);

    pub(crate) const fn of(value: u64) -> Self {
        let bytes = saturating::min(value, Self::MOST).to_le_bytes();
        match bytes.first_chunk() {
            Some(low) => Self(*low),
            None => Self([0; B]), // B is at most 8
        }
    }

    pub(crate) const fn get(self) -> u64 {
        let mut bytes = [0; 8];
        if let Some(low) = bytes.first_chunk_mut() {
            *low = self.0;
        }
        u64::from_le_bytes(bytes)
    }
}
