//! Tests of `window`. They are not published.

use super::*;
use proptest::prelude::*;

#[test]
fn an_empty_window_has_zero_moments() {
    let window = RttWindow::<8>::new();
    assert_eq!(window.moments().mean(), Duration::ZERO);
    assert_eq!(window.moments().standard_deviation(), Duration::ZERO);
    assert_eq!(window.moments().fluctuation_q16(), 0);
    assert!(window.is_valid());
}

#[test]
fn a_corrupted_window_is_not_valid() {
    let mut window = RttWindow::<8>::new();
    window.push_us(5);
    window.moments.sum += 1;
    assert!(!window.is_valid());
    window.moments.sum -= 1;
    assert!(window.is_valid());
    window.next = 8;
    assert!(!window.is_valid());
    window.next = 7;
    assert!(window.is_valid());
    window.moments.count = 0;
    assert!(!window.is_valid());
}

#[test]
fn one_sample_has_no_spread() {
    let mut window = RttWindow::<8>::new();
    window.push_us(u32::MAX);
    assert_eq!(window.moments().deviation_us(), 0);
    assert_eq!(window.moments().mean_us(), u32::MAX);
    assert_eq!(window.moments().fluctuation_q16(), 0);
}

#[test]
fn zero_round_trips_do_not_fluctuate() {
    let mut window = RttWindow::<2>::new();
    window.push(Duration::ZERO);
    window.push(Duration::ZERO);
    assert_eq!(window.moments().fluctuation_q16(), 0);
}

#[test]
fn two_extremes_give_the_largest_variance() {
    let mut window = RttWindow::<2>::new();
    window.push_us(0);
    window.push_us(u32::MAX);
    let deviation = window.moments().standard_deviation();
    assert_eq!(deviation, duration(u64::from(u32::MAX / 2)));
    assert!(window.moments().deviation_us().abs_diff(u32::MAX / 2) < 1 << 17);
    assert!(window.moments().fluctuation_q16().abs_diff(65_536) <= 4);
}

proptest! {
    #[test]
    fn both_computations_of_the_spread_agree(rtts in prop::collection::vec((any::<u32>(), 0_u32..32), 1..40)) {
        let mut window = RttWindow::<16>::new();
        for (bits, shift) in rtts {
            window.push_us(bits >> shift);
            let moments = window.moments();
            prop_assert_eq!(moments.spread(), moments.spread_in_halves());
        }
    }
}

#[test]
fn new_samples_are_found_after_the_index_wraps() {
    let mut window = RttWindow::<4>::new();
    let mut turn = window.turn();
    for many in [1, 2, 3, 3, 0, 2] {
        for us in 1..=many {
            window.push_us(us);
        }
        let rtts = window.since(turn).map(crate::time::micros);
        assert_eq!(rtts.sum::<u64>(), u64::from(many * (many + 1) / 2));
        turn = window.turn();
    }
}

#[test]
fn a_window_of_one_holds_the_latest() {
    let mut window = RttWindow::<1>::new();
    for rtt_us in [7, 9, 11] {
        window.push_us(rtt_us);
        assert_eq!(window.moments().mean_us(), rtt_us);
        assert!(window.is_valid());
    }
    assert_eq!(window.iter().count(), 1);
}
