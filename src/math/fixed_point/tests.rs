//! Tests of `fixed_point`. They are not published.

#![allow(clippy::cast_precision_loss)] // references in floating point
use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn division_is_division(dividend: u64, cut in 0_u32..64, divisor in 1_u64..=1 << 63, short in 0_u32..64) {
        let (dividend, divisor) = (dividend >> cut, (divisor >> short).max(1));
        prop_assert_eq!(divided(dividend, divisor), dividend / divisor);
        prop_assert_eq!(bitwise_divided(dividend, divisor), dividend / divisor);
    }

    #[test]
    fn a_fraction_is_exact(value: u32, bits in 0_u32..=32) {
        let expected = f64::from(value) / (1_u64 << bits) as f64;
        prop_assert_eq!(fraction(value, bits).to_bits(), expected.to_bits());
    }

    #[test]
    fn scaling_is_exact(span in 0_u64..1 << 47, factor: u32) {
        let expected = (u128::from(span) * u128::from(factor)) >> 16;
        prop_assert_eq!(u128::from(scaled_q16(span, factor)), expected);
        prop_assert_eq!(u128::from(scaled_in_halves_q16(span, factor)), expected);
    }

    #[test]
    fn improbability_follows_the_logarithm(part in 1_u32..) {
        let exact = 1_000.0 * libm::log10(4_294_967_296.0 / f64::from(part));
        prop_assert!((f64::from(improbability_milli(part)) - exact).abs() <= 1.0);
    }
}

#[test]
fn the_ends_of_the_range_are_defined() {
    assert_eq!(bitwise_divided(0, 7), 0);
    assert_eq!(divided(0, 0), 0);
    assert_eq!(scaled_q16(u64::MAX, u32::MAX), u64::MAX);
    assert_eq!(scaled_in_halves_q16(u64::MAX, u32::MAX), u64::MAX);
    assert_eq!(fraction(0, 16).to_bits(), 0.0_f64.to_bits());
    assert_eq!(
        fraction(u32::MAX, 0).to_bits(),
        f64::from(u32::MAX).to_bits()
    );
    assert_eq!(improbability_milli(0), 9_633);
    assert_eq!(improbability_milli(u32::MAX), 0);
    assert_eq!(improbability_milli(1 << 31), 301);
}
