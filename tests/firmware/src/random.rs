//! Where workloads take their choices from.

/// Marsaglia's xorshift of 32 bits.
#[derive(Clone, Debug)]
pub struct Random(u32);

impl Random {
    /// The sequence that follows from `seed`, which is not 0.
    #[must_use]
    pub const fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// 32 bits.
    pub const fn bits(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A number below `end`.
    #[allow(clippy::cast_possible_truncation)] // the high half
    pub const fn below(&mut self, end: u32) -> u32 {
        ((self.bits() as u64 * end as u64) >> 32) as u32
    }

    /// A byte below `end`.
    #[allow(clippy::cast_possible_truncation)] // below a byte
    pub const fn byte(&mut self, end: u8) -> u8 {
        self.below(end as u32) as u8
    }

    /// A number of any order of magnitude, from 0 to `u32::MAX`.
    pub const fn span(&mut self) -> u32 {
        let shift = self.below(32);
        self.bits() >> shift
    }
}
