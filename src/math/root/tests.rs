//! Tests of `root`. They are not published.

#![allow(clippy::cast_precision_loss)] // references in floating point
use super::*;
use proptest::prelude::*;

fn ratio_error(square: u128, divisor: u64) -> f64 {
    let exact = libm::sqrt(square as f64) / divisor as f64;
    let found = f64::from(root_ratio(square, divisor, 16)) / 65_536.0;
    (found - exact).abs() / (1.0 + exact)
}

proptest! {
    #[test]
    fn a_ratio_of_a_root_is_right_to_1_3e_5(root in 0_u64..1 << 48, fuzz in 0_u128..1 << 20, divisor in 1_u64..1 << 48) {
        let square = u128::from(root) * u128::from(root) + fuzz;
        prop_assume!(root / divisor < 30_000);
        prop_assert!(ratio_error(square, divisor) < 1.3e-5 + 7.7e-6, "{}", ratio_error(square, divisor));
    }

    #[test]
    fn quotients_are_alike(dividend in 1_u32 << 27..1 << 29, divisor in 1_u32 << 29..1 << 31, left in 0_u32..=31) {
        let expected = ((u64::from(dividend) << left) + u64::from(divisor) / 2) / u64::from(divisor);
        prop_assert_eq!(u64::from(bitwise_quotient(dividend, divisor, left)), expected);
        prop_assert_eq!(u64::from(digitwise_quotient(dividend, divisor, left)), expected);
        prop_assert_eq!(u64::from(quotient(dividend, divisor, left)), expected);
    }

    #[test]
    fn a_root_is_near(square in 1_u32 << 30..) {
        let error = f64::from(near_root(square)) / libm::sqrt(f64::from(square)) - 1.0;
        prop_assert!(error.abs() < 0.0051, "{error}");
    }
}

#[test]
fn roots_of_more_than_64_bits_are_right_to_32() {
    for exact in [5, 1 << 31, 3 << 50, (1 << 62) | (1 << 40)] {
        assert_eq!(root(u128::from(exact) * u128::from(exact)), exact);
    }
    let just_below = root((1 << 100) - 1);
    assert_eq!(just_below, (1 << 50) - (1 << 18));
}

#[test]
fn the_ends_of_the_range_are_defined() {
    assert_eq!(root_ratio(0, 0, 16), 0);
    assert_eq!(root_ratio(0, 7, 16), 0);
    assert_eq!(root_ratio(1, u64::MAX, 16), 0);
    assert!((1 << 31..(1 << 31) + 28_000).contains(&root_ratio(1 << 62, 1, 0)));
    assert_eq!(root_ratio((1 << 96) - 1, 1, 16), u32::MAX);
    for square in [1 << 30, u32::MAX] {
        assert!((1 << 15..1 << 16).contains(&near_root(square)));
    }
}
