#![allow(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)] // figures of a test

use super::*;

fn numbers() -> impl Iterator<Item = f32> {
    (0..4_000).map(|k| libm::exp2f(k as f32 * 0.06 - 120.0))
}

#[test]
fn logarithms_are_exact_to_the_precision_of_f32() {
    for value in numbers().chain([1.0, 0.5, 2.0, 0.707, 0.708, 1.414, 1.415]) {
        let exact = libm::log2(f64::from(value));
        let off = (f64::from(log2(value)) - exact).abs();
        assert!(off < 3e-7 + 6e-8 * exact.abs(), "{value}: {off}");
    }
}

#[test]
fn powers_are_inverse_to_logarithms() {
    for power in (-2_500_i16..2_500).map(|k| f32::from(k) * 0.05) {
        let exact = libm::exp2(f64::from(power));
        let off = f64::from(exp2(power)) / exact - 1.0;
        assert!(off.abs() < 3e-7, "{power}: {off}");
    }
    assert!((f64::from(exp(-1.5)) / libm::exp(-1.5) - 1.0).abs() < 1e-6);
}

#[test]
fn numbers_are_rounded_to_the_nearest_integer() {
    for (value, nearest) in [(0.0, 0), (0.49, 0), (0.51, 1), (3.2, 3), (65_535.4, 65_535)] {
        assert_eq!(rounded(value), nearest);
    }
}

#[test]
fn powers_are_limited_to_normal_numbers() {
    assert_eq!(exp2(-1e9), f32::MIN_POSITIVE);
    assert!(exp2(1e9).is_finite());
}
