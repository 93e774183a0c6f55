//! Numbers in as few bytes as they need, for state that is stored a million times.

use crate::math::saturating;

/// A number in `B` bytes, 1 to 8. A greater one saturates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Narrow<const B: usize>([u8; B]);

impl<const B: usize> Narrow<B> {
    pub(crate) const ZERO: Self = Self([0; B]);
    pub(crate) const MOST: u64 = u64::MAX >> (64 - 8 * B);

    pub(crate) const fn of(value: u64) -> Self {
        let bytes = saturating::min(value, Self::MOST).to_le_bytes();
        match bytes.first_chunk() {
            Some(low) => Self(*low),
            None => Self::ZERO, // B is at most 8
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

impl Narrow<6> {
    /// Half the range, 4.4 years in microseconds.
    const HALF: u64 = Self::MOST / 2 + 1;

    /// Returns where `value` lies beside `base`. More than 4.4 years to either side saturate.
    pub(crate) const fn offset(base: u64, value: u64) -> Self {
        let ahead = saturating::min(value.saturating_sub(base), Self::HALF - 1);
        let behind = saturating::min(base.saturating_sub(value), Self::HALF);
        Self::of(Self::HALF + ahead - behind)
    }

    /// Returns the value whose offset from `base` this is.
    pub(crate) const fn after(self, base: u64) -> u64 {
        let offset = self.get();
        let ahead = offset.saturating_sub(Self::HALF);
        let behind = Self::HALF.saturating_sub(offset);
        base.saturating_add(ahead).saturating_sub(behind)
    }
}

#[cfg(test)]
mod tests;
