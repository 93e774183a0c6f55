//! What the counted calls are fed with.

use core::time::Duration;

use crate::random::Random;

/// How many samples there are; callers go round and round.
pub const COUNT: usize = 256;

/// Round-trip times of 20 to 60 ms.
#[must_use]
pub fn round_trips() -> [Duration; COUNT] {
    let mut random = Random::new(0x0005_ea7e);
    core::array::from_fn(|_| Duration::from_micros(20_000 + u64::from(random.below(40_000))))
}
