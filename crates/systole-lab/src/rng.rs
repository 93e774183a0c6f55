//! A small random number generator: seeded, splittable, with the same output on every target.

/// Sebastiano Vigna's `splitmix64`: 64 bits of state, one chain of multiplications per number.
///
/// It is good enough to draw networks, but must not be used for secrets.
///
/// ```
/// use systole_lab::SplitMix64;
///
/// let mut rng = SplitMix64::new(0);
/// assert_eq!(rng.next_u64(), 0xe220_a839_7b1d_cdaf);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitMix64(u64);

/// The step of the state: 2^64 divided by the golden ratio, made odd.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl SplitMix64 {
    /// Returns a generator that starts from `seed`. Every seed is suitable.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the generator that belongs to `key` (a moment, a slot) under `seed`, for random
    /// access to a random process.
    #[must_use]
    pub const fn keyed(seed: u64, key: u64) -> Self {
        Self(mix(seed ^ mix(key.wrapping_add(STEP))))
    }

    /// Mixes a value by a bijection in which every bit of `value` influences every bit of the
    /// result.
    #[must_use]
    pub const fn mix(value: u64) -> u64 {
        mix(value)
    }

    /// Returns the next number.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// Returns the next number in [0, 1), a multiple of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns the next number in (0, 1], whose logarithm is finite.
    pub fn positive_unit(&mut self) -> f64 {
        1.0 - self.unit()
    }

    /// Returns the next number of the exponential distribution with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(self.positive_unit())
    }

    /// Returns the next number of the standard normal distribution (Box and Muller; the second of
    /// each pair is dropped).
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(self.positive_unit()));
        radius * libm::cos(core::f64::consts::TAU * self.unit())
    }
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published outputs for seed 1234567.
    #[test]
    fn the_reference_sequence() {
        let mut rng = SplitMix64::new(1_234_567);
        let first = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        for expected in first {
            assert_eq!(rng.next_u64(), expected);
        }
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut rng = SplitMix64::new(7);
        let n = 100_000;
        let mean = |f: &mut dyn FnMut() -> f64| (0..n).map(|_| f()).sum::<f64>() / f64::from(n);
        assert!((mean(&mut || rng.unit()) - 0.5).abs() < 0.005);
        assert!((mean(&mut || rng.exponential(3.0)) - 3.0).abs() < 0.05);
        assert!(mean(&mut || rng.normal()).abs() < 0.02);
        assert!(
            (mean(&mut || {
                let x = rng.normal();
                x * x
            }) - 1.0)
                .abs()
                < 0.03
        );
    }
}
