//! Square roots, and the ratio of one to a number, in integers.
//!
//! Both are normalised to 32-bit words first, so that a Cortex-M0 pays no 128-bit root or division.

use crate::fixed::WIDE;
use crate::time::saturate;

/// `sqrt(square) / divisor` in `fraction` fractional bits, to nearest; 0 where `square` is 0. Saturates from 2^31 on.
///
/// `square` is below 2^96, and `divisor` is 0 only where `square` is. Relative error at most 1.6e-5, half a unit in 2^15 for
/// the root, plus half a unit of the result.
pub(crate) const fn root_ratio(square: u128, divisor: u64, fraction: i32) -> u32 {
    if square == 0 {
        return 0;
    }
    let (root, half) = normal_root(square);
    let (mantissa, exponent) = normal(divisor);
    match half + fraction - exponent {
        ..0 => 0,
        left @ 0..=46 if WIDE => quotient(root, mantissa, left),
        left @ 0..=46 => bitwise_quotient(root, mantissa, left),
        _ => u32::MAX,
    }
}

/// `(root, half)` with `square` = root^2 * 2^(2 * half) and the root in 2^15..=2^16. Shifts to the left alone: they are cheap on 32 bits.
#[allow(clippy::cast_possible_truncation)] // the words are cut apart
const fn normal_root(square: u128) -> (u32, i32) {
    debug_assert!(square >> 96 == 0);
    let (value, dropped) = if square >> 64 == 0 {
        (square as u64, 0)
    } else {
        ((square >> 32) as u64, 32)
    };
    let spare = leading_zeros(value) & !1; // even, so that the exponent can be halved
    let top = ((value << spare) >> 32) as u32;
    (rounded_root(top), (dropped + 32 - spare.cast_signed()) / 2)
}

/// `(mantissa, exponent)` with `value` = mantissa * 2^exponent, rounded down, and the mantissa in 2^30..2^31.
#[allow(clippy::cast_possible_truncation)] // 31 bits are left
const fn normal(value: u64) -> (u32, i32) {
    let spare = leading_zeros(value);
    let mantissa = ((value << spare) >> 33) as u32;
    (mantissa | 1 << 30, 33 - spare.cast_signed())
}

/// Of 0 as of 1, which spares the processors that cannot count the zeros of 0 a branch.
const fn leading_zeros(value: u64) -> u32 {
    (value | 1).leading_zeros()
}

/// The root of `square`, rounded down to 32 significant bits.
#[allow(clippy::cast_possible_truncation)] // shifted down to 64 bits
pub(crate) const fn root(square: u128) -> u64 {
    let excess = 64_u32.saturating_sub(square.leading_zeros());
    let half = excess.div_ceil(2);
    ((square >> (2 * half)) as u64).isqrt() << half
}

/// The root of `square`, rounded to nearest; `square` is at least 2^30.
const fn rounded_root(square: u32) -> u32 {
    let near = if WIDE {
        near_root(square)
    } else {
        bitwise_root(square)
    };
    nearest_root(square, near)
}

/// Which of `near` and its successor is the nearest to the root of `square`.
const fn nearest_root(square: u32, near: u32) -> u32 {
    near + (square as u64 > near as u64 * (near as u64 + 1)) as u32
}

/// The root of `square`, rounded to nearest, or one less: a parabola that is right to 0.51 % over 2^30..2^32, and one step of
/// Heron's, which leaves it 0 to 0.83 too large; half a unit is taken off.
#[allow(clippy::cast_possible_truncation)] // the start is below 2^17
const fn near_root(square: u32) -> u32 {
    let wide = square as u64;
    let start = 16_992 + ((wide * (68_945 - ((wide * 20_730) >> 32))) >> 32);
    let start = start as u32;
    match square.checked_div(start) {
        Some(other) => (start + other - 1) >> 1,
        None => 0,
    }
}

/// The root of `square`, rounded down: no division, no table.
const fn bitwise_root(square: u32) -> u32 {
    let (mut rest, mut root, mut bit) = (square, 0, 1 << 30);
    while bit > 0 {
        let trial = root + bit;
        root >>= 1;
        if rest >= trial {
            rest -= trial;
            root += bit;
        }
        bit >>= 2;
    }
    root
}

/// `dividend * 2^left / divisor`, rounded to nearest; `dividend` is in 2^15..=2^16, `divisor` in 2^30..2^31.
const fn quotient(dividend: u32, divisor: u32, left: i32) -> u32 {
    let wide = ((dividend as u64) << left) + divisor as u64 / 2;
    match wide.checked_div(divisor as u64) {
        Some(quotient) => saturate(quotient),
        None => 0,
    }
}

/// The same where a division takes 400 bytes of flash: one bit a turn.
const fn bitwise_quotient(dividend: u32, divisor: u32, left: i32) -> u32 {
    // 2^13 dividends are at most half a divisor: whatever is left of them to divide, the first bit is one too high
    let (mut rest, mut quotient, mut turns) = (dividend << 13, 0, left - 13);
    while turns > 0 {
        quotient <<= 1;
        rest <<= 1;
        if rest >= divisor {
            rest -= divisor;
            quotient |= 1;
        }
        turns -= 1;
    }
    quotient + (turns == 0 && rest << 1 >= divisor) as u32
}

#[cfg(test)]
mod tests {
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
        fn a_ratio_of_a_root_is_right_to_1_6e_5(root in 0_u64..1 << 48, fuzz in 0_u128..1 << 20, divisor in 1_u64..1 << 48) {
            let square = u128::from(root) * u128::from(root) + fuzz;
            prop_assume!(root / divisor < 30_000);
            prop_assert!(ratio_error(square, divisor) < 1.6e-5, "{}", ratio_error(square, divisor));
        }

        #[test]
        fn quotients_are_alike(dividend in 1_u32 << 15..=1 << 16, divisor in 1_u32 << 30..1 << 31, left in 0..=46) {
            let expected = ((u64::from(dividend) << left) + u64::from(divisor) / 2) / u64::from(divisor);
            prop_assert_eq!(u64::from(bitwise_quotient(dividend, divisor, left)), expected);
            prop_assert_eq!(u64::from(quotient(dividend, divisor, left)), expected);
        }
    }

    /// At the squares where the nearest root rises, where one that is wrong shows.
    #[test]
    fn roots_are_the_nearest() {
        for root in 1_u32 << 15..1 << 16 {
            let rises = root * root + root;
            for (square, nearest) in [(rises, root), (rises.saturating_add(1), root + 1)] {
                assert_eq!(nearest_root(square, near_root(square)), nearest);
                assert_eq!(nearest_root(square, bitwise_root(square)), nearest);
            }
        }
    }

    #[test]
    fn the_ends_of_the_range_are_defined() {
        assert_eq!(root_ratio(0, 0, 16), 0);
        assert_eq!(root_ratio(0, 7, 16), 0);
        assert_eq!(root_ratio(1, u64::MAX, 16), 0);
        assert_eq!(root_ratio((1 << 96) - 1, 1, 16), u32::MAX);
        assert_eq!(bitwise_quotient(1 << 16, 1 << 30, 14), 1);
        assert_eq!(bitwise_quotient(1 << 16, 1 << 30, 0), 0);
    }
}
