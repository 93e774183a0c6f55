//! Tests of `random`. They are not published.

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

/// The first three numbers of `SplitMix64` from the seed 1234567, whose states are multiples of
/// the golden ratio apart.
#[test]
fn mixing_is_that_of_splitmix64() {
    let state = |turns: u64| 1_234_567_u64.wrapping_add(turns.wrapping_mul(0x9e37_79b9_7f4a_7c15));
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
