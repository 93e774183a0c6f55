//! Random numbers for jitter, the delay of the first probe and probe ids.

use core::fmt;

/// The seed of probe ids, of the delay of the first probe and of jitter. Its `Debug` form hides the
/// value: printed text ends up in logs, and whoever knows the seed can forge replies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) u64);

impl Secret {
    /// Stands for a seed that is not set.
    pub(crate) const NONE: Self = Self(0);
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Secret {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "Secret(..)");
    }
}

/// A sequence of numbers that differs between devices and is the same for the same seed.
///
/// The numbers are the high halves of the states of a 32-bit linear congruential generator (Knuth,
/// Lewis). That is good enough for jitter and costs one multiplication on the smallest core.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Random(u32);

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random(..)")
    }
}

/// 2^64 over the golden ratio. Any constant but 0 would do.
const OTHER_IMAGE: u64 = 0x9e37_79b9_7f4a_7c15;
/// The multiplier and the increment of the generator (Knuth, Lewis).
const FACTOR: u32 = 1_664_525;
const STEP: u32 = 1_013_904_223;
/// 2^32 over the golden ratio. Multiplying by it spreads small differences over the word.
const SPREAD: u32 = 0x9e37_79b9;

impl Random {
    /// Creates the sequence of `seed`.
    ///
    /// Jitter can be observed, and the key of the probe ids is `mix(seed)`. The state therefore
    /// starts from another image of the seed, so that jitter reveals nothing about the key.
    #[allow(clippy::cast_possible_truncation)] // the high half of a mixed word
    pub(crate) const fn new(seed: u64) -> Self {
        Self((mix(seed ^ OTHER_IMAGE) >> 32) as u32)
    }

    /// Mixes in a value that only this device has measured.
    pub(crate) const fn stir(&mut self, entropy: u32) {
        self.0 ^= entropy.wrapping_mul(SPREAD);
    }

    #[allow(clippy::cast_possible_truncation)] // sixteen bits are left
    /// Returns the next number, 0 to 65,535: a fraction in 16 bits.
    pub(crate) const fn next_q16(&mut self) -> u16 {
        self.0 = self.0.wrapping_mul(FACTOR).wrapping_add(STEP);
        (self.0 >> 16) as u16
    }
}

/// Maps `value` by a bijection in which every bit of `value` affects every bit of the result (the
/// finalizer of `SplitMix64`).
pub(crate) const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests;
