//! The device's own randomness: jitter, start-up spread and probe ids.

use core::fmt;

/// A number from which probe ids, the start-up spread and jitter follow. It is printed nowhere: what
/// is printed ends up in logs, and whoever knows it can answer for the peer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) u64);

impl Secret {
    /// The seed that nobody has set.
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

/// A sequence of numbers that differs from device to device and repeats for the same seed: the high halves of a 32-bit
/// congruential generator (Knuth, Lewis). Enough for jitter, and one multiplication on the smallest core.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Random(u32);

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random(..)")
    }
}

/// The golden ratio in 2^64: any constant but 0 would do.
const OTHER_IMAGE: u64 = 0x9e37_79b9_7f4a_7c15;
const FACTOR: u32 = 1_664_525;
const STEP: u32 = 1_013_904_223;
/// 2^32 over the golden ratio: spreads small differences over the word.
const SPREAD: u32 = 0x9e37_79b9;

impl Random {
    /// The sequence of `seed`. Jitter can be observed, and the key of the probe ids is `mix(seed)`: the
    /// state starts from another image of the seed, so that the one tells nothing of the other.
    #[allow(clippy::cast_possible_truncation)] // the high half of a mixed word
    pub(crate) const fn new(seed: u64) -> Self {
        Self((mix(seed ^ OTHER_IMAGE) >> 32) as u32)
    }

    /// Mixes in what only this device has seen.
    pub(crate) const fn stir(&mut self, entropy: u32) {
        self.0 ^= entropy.wrapping_mul(SPREAD);
    }

    #[allow(clippy::cast_possible_truncation)] // sixteen bits are left
    pub(crate) const fn next_q16(&mut self) -> u16 {
        self.0 = self.0.wrapping_mul(FACTOR).wrapping_add(STEP);
        (self.0 >> 16) as u16
    }
}

/// A bijection that leaves no trace of its argument: every bit of `value` decides every bit of the result (the finisher of
/// `SplitMix64`).
pub(crate) const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_uniform() {
        for seed in 0..if cfg!(miri) { 1 } else { 64 } {
            let mut random = Random::new(seed);
            let mut counts = [0_u32; 16];
            for _ in 0..16_000 {
                counts[usize::from(random.next_q16() >> 12)] += 1;
            }
            assert!(
                counts.iter().all(|count| (850..1_150).contains(count)),
                "{counts:?}"
            );
        }
    }

    /// The first three numbers of `SplitMix64` from 1234567, whose states are multiples of the golden ratio away.
    #[test]
    fn mixing_is_that_of_splitmix64() {
        let state =
            |turns: u64| 1_234_567_u64.wrapping_add(turns.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        assert_eq!(mix(state(1)), 6_457_827_717_110_365_317);
        assert_eq!(mix(state(2)), 3_203_168_211_198_807_973);
        assert_eq!(mix(state(3)), 9_817_491_932_198_370_423);
    }

    #[test]
    fn a_draw_is_the_high_half_of_the_next_state() {
        let mut random = Random(1);
        assert_eq!([(); 2].map(|()| random.next_q16()), [15_496, 24_200]);
        random.stir(3);
        assert_eq!(random.next_q16(), 25_360);
    }

    #[test]
    fn stirring_parts_two_devices() {
        let (mut one, mut other) = (Random::new(1), Random::new(1));
        one.stir(1_000);
        other.stir(1_001);
        assert_ne!(one.next_q16(), other.next_q16());
    }
}
