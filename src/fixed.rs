//! Fixed-point arithmetic: a ratio of a root, and a logarithm.
//!
//! Everything runs in 32-bit words once normalised, so that a Cortex-M0 pays no 128-bit root or division.

/// One, in 16 fractional bits.
pub(crate) const ONE_Q16: u32 = 1 << 16;

/// `sqrt(square) / divisor` in 16 fractional bits, saturating; 0 where `divisor` is 0. `square` is below 2^96.
pub(crate) const fn root_ratio_q16(square: u128, divisor: u64) -> u32 {
    root_ratio(square, divisor, 16)
}

/// `sqrt(square) / divisor` in `fraction` fractional bits, saturating; 0 where `divisor` is 0. `square` is below 2^96.
///
/// Relative error at most 6.2e-5 (half a unit in 2^15 for the root, the divisor and the quotient each 2^-16 to
/// 2^-15), plus half a unit of the last rounding.
pub(crate) const fn root_ratio(square: u128, divisor: u64, fraction: i32) -> u32 {
    if square == 0 || divisor == 0 {
        return 0;
    }
    let (root, half) = normal_root(square);
    let (divisor, exponent) = normal(divisor);
    let quotient = quotient_q15(root, divisor);
    scale(quotient, half - exponent - 15 + fraction)
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
    let spare = value.leading_zeros() & !1; // even, so that the exponent can be halved
    let top = ((value << spare) >> 32) as u32;
    (rounded_root(top), (dropped + 32 - spare.cast_signed()) / 2)
}

/// `(mantissa, exponent)` with `value` = mantissa * 2^exponent, rounded to nearest, and the mantissa in 2^15..=2^16.
#[allow(clippy::cast_possible_truncation)] // the high word
const fn normal(value: u64) -> (u32, i32) {
    let spare = value.leading_zeros();
    let top = ((value << spare) >> 32) as u32;
    (rounded_shift(top, 16), 48 - spare.cast_signed())
}

/// The root of `square`, rounded down to 32 significant bits.
#[allow(clippy::cast_possible_truncation)] // shifted down to 64 bits
pub(crate) const fn root(square: u128) -> u64 {
    let excess = 64_u32.saturating_sub(square.leading_zeros());
    let half = excess.div_ceil(2);
    ((square >> (2 * half)) as u64).isqrt() << half
}

/// Whether roots and divisions are had for a few instructions. Elsewhere they take one bit a turn, in a tenth of the flash; the results are the same.
const WIDE: bool = cfg!(target_pointer_width = "64");

/// The root of `square`, rounded to nearest.
const fn rounded_root(square: u32) -> u32 {
    let root = if WIDE {
        square.isqrt()
    } else {
        bitwise_root(square)
    };
    root + (square - root * root > root) as u32
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

/// `dividend / divisor` in 15 fractional bits, rounded to nearest; both are in 2^15..=2^16.
const fn quotient_q15(dividend: u32, divisor: u32) -> u32 {
    match ((dividend << 15) + divisor / 2).checked_div(divisor) {
        Some(quotient) if WIDE => quotient,
        _ => bitwise_quotient_q15(dividend, divisor),
    }
}

/// The same where a division takes 400 bytes of flash.
const fn bitwise_quotient_q15(dividend: u32, divisor: u32) -> u32 {
    let (mut rest, mut quotient, mut turns) = (dividend, 0, 16);
    while turns > 0 {
        quotient <<= 1;
        if rest >= divisor {
            rest -= divisor;
            quotient |= 1;
        }
        rest <<= 1;
        turns -= 1;
    }
    quotient + (rest >= divisor) as u32
}

/// `(dividend / divisor, dividend % divisor)`; `divisor` is at most 2^31, and 0 divided by 0 is 0.
#[allow(clippy::cast_possible_truncation)] // a remainder is below its divisor
pub(crate) const fn div_rem(dividend: u64, divisor: u32) -> (u64, u32) {
    let by = divisor as u64;
    match (dividend.checked_div(by), dividend.checked_rem(by)) {
        (Some(quotient), Some(rest)) if WIDE => (quotient, rest as u32),
        _ => bitwise_div_rem(dividend, divisor),
    }
}

/// The same for whom it takes a kilobyte of flash to divide 64 bits by 64: one bit a turn, in 60 bytes.
const fn bitwise_div_rem(dividend: u64, divisor: u32) -> (u64, u32) {
    let mut turns = dividend.leading_zeros();
    let (mut quotient, mut rest) = (dividend.unbounded_shl(turns), 0);
    while turns < 64 {
        rest = rest << 1 | (quotient >> 63) as u32;
        quotient <<= 1;
        if rest >= divisor {
            rest -= divisor;
            quotient |= 1;
        }
        turns += 1;
    }
    (quotient, rest)
}

/// `dividend % divisor`, of any 64 bits; 0 where `divisor` is 0. A division takes a kilobyte of flash, this takes 40 bytes.
pub(crate) const fn remainder(dividend: u64, divisor: u64) -> u64 {
    if dividend < divisor || divisor == 0 {
        return dividend * (divisor > 0) as u64;
    }
    let mut rest = dividend;
    let mut turns = divisor.leading_zeros() - dividend.leading_zeros() + 1;
    while turns > 0 {
        turns -= 1;
        if let Some(less) = rest.checked_sub(divisor << turns) {
            rest = less;
        }
    }
    rest
}

/// `value / 2^right`, rounded to nearest; `right` is 1 to 31.
const fn rounded_shift(value: u32, right: u32) -> u32 {
    (value >> right) + ((value >> (right - 1)) & 1)
}

/// `value * 2^left`, rounded to nearest and saturating.
const fn scale(value: u32, left: i32) -> u32 {
    if left < -31 {
        0
    } else if left < 0 {
        rounded_shift(value, left.unsigned_abs())
    } else if left > value.leading_zeros().cast_signed() {
        u32::MAX
    } else {
        value << left
    }
}

/// `span * factor`, with `factor` in 16 fractional bits, rounded down and saturating.
pub(crate) const fn scaled_q16(span: u64, factor: u32) -> u64 {
    let (low, high) = (span & 0xffff_ffff, span >> 32);
    let high = high * factor as u64;
    if high >> 48 != 0 {
        return u64::MAX;
    }
    (high << 16).saturating_add((low * factor as u64) >> 16)
}

/// The decimal logarithm of `2^32 / part`, in thousandths, rounded to nearest: how improbable a chance of `part`
/// in 2^32 is. At most 9,633 (for a `part` of 0 as for 1).
#[allow(clippy::cast_possible_truncation)] // bits counts are below 33, and the result below 9,634
pub(crate) const fn improbability_milli(part: u32) -> u32 {
    let part = if part == 0 { 1 } else { part };
    let whole = part.leading_zeros() + 1;
    let fraction = log2_fraction_q12(part << part.leading_zeros());
    let log2_q12 = (whole << 12) - fraction;
    // 1000 * log10(2) = 301.03 = 308_255 / 2^10
    ((log2_q12 as u64 * 308_255 + (1 << 21)) >> 22) as u32
}

/// log2 of `mantissa / 2^31`, for a mantissa with its highest bit set, in 12 fractional bits: one bit a squaring.
#[allow(clippy::cast_possible_truncation)] // a product of two 32-bit mantissas, shifted back to 32 bits
const fn log2_fraction_q12(mut mantissa: u32) -> u32 {
    let mut fraction = 0;
    let mut bit = 0;
    while bit < 12 {
        let square = (mantissa as u64 * mantissa as u64) >> 31;
        let carry = (square >> 32) as u32;
        mantissa = (square >> carry) as u32;
        fraction = fraction << 1 | carry;
        bit += 1;
    }
    fraction
}

#[cfg(test)]
mod tests {
    #![allow(clippy::cast_precision_loss)] // references in floating point
    use super::*;
    use proptest::prelude::*;

    #[allow(clippy::cast_precision_loss)] // a reference, not the real thing
    fn ratio_error(square: u128, divisor: u64) -> f64 {
        let exact = libm::sqrt(square as f64) / divisor as f64;
        let found = f64::from(root_ratio_q16(square, divisor)) / 65_536.0;
        (found - exact).abs() / (1.0 + exact)
    }

    proptest! {
        #[test]
        fn a_ratio_of_a_root_is_right_to_6e_5(root in 0_u64..1 << 48, fuzz in 0_u128..1 << 20, divisor in 1_u64..1 << 48) {
            let square = u128::from(root) * u128::from(root) + fuzz;
            prop_assume!(root / divisor < 60_000);
            prop_assert!(ratio_error(square, divisor) < 7e-5, "{}", ratio_error(square, divisor));
        }

        #[test]
        fn division_is_division(dividend: u64, cut in 0_u32..64, divisor in 1_u32..=1 << 31) {
            let dividend = dividend >> cut;
            let by = u64::from(divisor);
            let expected = (dividend / by, crate::time::saturate(dividend % by));
            prop_assert_eq!(div_rem(dividend, divisor), expected);
            prop_assert_eq!(bitwise_div_rem(dividend, divisor), expected);
        }

        #[test]
        fn quotients_are_alike(dividend in 1_u32 << 15..=1 << 16, divisor in 1_u32 << 15..=1 << 16) {
            let expected = ((dividend << 15) + divisor / 2) / divisor;
            prop_assert_eq!(bitwise_quotient_q15(dividend, divisor), expected);
        }

        #[test]
        fn a_root_is_the_nearest(square: u32) {
            let root = libm::sqrt(f64::from(square));
            prop_assert!((f64::from(rounded_root(square)) - root).abs() <= 0.5);
            prop_assert_eq!(bitwise_root(square), square.isqrt());
        }

        #[test]
        fn scaling_is_exact(span in 0_u64..1 << 47, factor: u32) {
            prop_assert_eq!(u128::from(scaled_q16(span, factor)), (u128::from(span) * u128::from(factor)) >> 16);
        }

        #[test]
        fn improbability_follows_the_logarithm(part in 1_u32..) {
            let exact = 1_000.0 * libm::log10(4_294_967_296.0 / f64::from(part));
            prop_assert!((f64::from(improbability_milli(part)) - exact).abs() <= 1.0);
        }
    }

    #[test]
    fn the_ends_of_the_range_are_defined() {
        assert_eq!(root_ratio_q16(0, 7), 0);
        assert_eq!(root_ratio_q16(7, 0), 0);
        assert_eq!(root_ratio_q16((1 << 96) - 1, 1), u32::MAX);
        assert_eq!(bitwise_div_rem(0, 7), (0, 0));
        assert_eq!(bitwise_root(u32::MAX), 65_535);
        assert_eq!(bitwise_quotient_q15(1 << 16, 1 << 15), 1 << 16);
        assert_eq!(root_ratio_q16(1, u64::MAX), 0);
        assert_eq!(scaled_q16(u64::MAX, u32::MAX), u64::MAX);
        assert_eq!(improbability_milli(0), 9_633);
        assert_eq!(improbability_milli(u32::MAX), 0);
        assert_eq!(improbability_milli(1 << 31), 301);
    }
}
