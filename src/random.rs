//! The device's own randomness: jitter, start-up spread and probe ids.

/// A sequence of numbers that differs from device to device and repeats for the same seed (`SplitMix64`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Random(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
/// Of MMIX; any odd step will do beside it.
const FACTOR: u64 = 6_364_136_223_846_793_005;

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Mixes in what only this device has seen.
    pub(crate) const fn stir(&mut self, entropy: u32) {
        self.0 ^= (entropy as u64) << 16;
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A cheap draw of 16 bits, for jitter: the high end of Knuth's congruential generator, one multiplication instead of two.
    #[allow(clippy::cast_possible_truncation)] // sixteen bits are left
    pub(crate) const fn next_q16(&mut self) -> u16 {
        self.0 = self.0.wrapping_mul(FACTOR).wrapping_add(STEP);
        (self.0 >> 48) as u16
    }
}

/// A bijection that leaves no trace of its argument: every bit of `value` decides every bit of the result.
pub(crate) const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs of `SplitMix64` from seed 0, as published with it.
    #[test]
    fn is_splitmix64() {
        let mut random = Random::new(0);
        assert_eq!(random.next(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(random.next(), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn cheap_draws_are_uniform() {
        for seed in 0..64 {
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

    #[test]
    fn stirring_parts_two_devices() {
        let (mut one, mut other) = (Random::new(1), Random::new(1));
        one.stir(1_000);
        other.stir(1_001);
        assert_ne!(one.next(), other.next());
    }
}
