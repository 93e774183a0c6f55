//! Seeded randomness.

use systole_lab::SplitMix64;

/// What worlds are drawn with: one seed, one sequence.
#[derive(Clone, Debug)]
pub struct Random(SplitMix64);

impl Random {
    /// A generator whose sequence depends on `seed` alone.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// A generator for item `number` of stream `stream`: what becomes of one datagram does not
    /// depend on how many were sent before it, so that a reduced world keeps the fate of the others.
    #[must_use]
    pub const fn of(seed: u64, stream: u64, number: u64) -> Self {
        let key = SplitMix64::mix(seed ^ stream.rotate_left(32));
        Self(SplitMix64::new(SplitMix64::mix(key ^ number)))
    }

    /// The next 64 bits.
    pub const fn draw(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in `0..n`; 0 where `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        let product = u128::from(self.draw()) * u128::from(n);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// Uniform in `from..=to`.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from.saturating_add(self.below(to.saturating_sub(from).saturating_add(1)))
    }

    /// Every octave in `from..=to` is as likely, `from` being at least 1; uniform within it.
    pub fn magnitude(&mut self, from: u64, to: u64) -> u64 {
        let (low, high) = (from.max(1).ilog2(), to.max(1).ilog2());
        let base = 1_u64 << self.between(low.into(), high.into());
        base.saturating_add(self.below(base)).clamp(from, to)
    }

    /// True in `ppm` of a million cases.
    pub fn chance_ppm(&mut self, ppm: u32) -> bool {
        self.below(1_000_000) < u64::from(ppm)
    }

    /// True in one of `n` cases.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of `options`.
    ///
    /// # Panics
    /// Where there are none.
    pub fn pick<T: Copy>(&mut self, options: &[T]) -> T {
        let index = usize::try_from(self.below(options.len() as u64)).unwrap_or(0);
        options[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnitudes_stay_in_range_and_reach_both_ends() {
        let mut random = Random::new(1);
        let drawn = (0..10_000).map(|_| random.magnitude(20, 20_000_000));
        let drawn = drawn.collect::<Vec<_>>();
        assert!(drawn.iter().all(|us| (20..=20_000_000).contains(us)));
        assert!(drawn.iter().any(|&us| us < 30) && drawn.iter().any(|&us| us > 10_000_000));
    }
}
