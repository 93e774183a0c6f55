//! Fixed-point arithmetic: division, scaling, and a logarithm.

use crate::math::cpu::NATIVE_64;
use crate::math::saturating;

/// One, in 16 fractional bits.
pub(crate) const ONE_Q16: u32 = 1 << 16;

/// Returns `dividend / divisor`, where at least one of the two is below 2^63. 0 divided by 0 is 0.
pub(crate) const fn divided(dividend: u64, divisor: u64) -> u64 {
    match dividend.checked_div(divisor) {
        Some(quotient) if NATIVE_64 => quotient,
        _ => bitwise_divided(dividend, divisor),
    }
}

/// Does the same as [`divided`], one bit per turn, where the standard library's division would take
/// a kilobyte of flash.
const fn bitwise_divided(dividend: u64, divisor: u64) -> u64 {
    let mut turns = saturating::leading_zeros(dividend);
    // A dividend of 0 is shifted by 64.
    let (mut quotient, mut rest) = (dividend.wrapping_shl(turns), 0);
    while turns < 64 {
        rest = rest << 1 | quotient >> 63;
        quotient <<= 1;
        if rest >= divisor {
            rest -= divisor;
            quotient |= 1;
        }
        turns += 1;
    }
    debug_assert!(divisor == 0 || rest < divisor);
    quotient
}

/// Returns `value / 2^bits`, exactly, for up to 32 `bits`. It assembles the result from its bits,
/// because floating-point arithmetic takes a kilobyte of flash on a core without a floating-point
/// unit.
pub(crate) const fn fraction(value: u32, bits: u32) -> f64 {
    const MANTISSA_BITS: u32 = 52;
    const BIAS: u32 = 1_023;
    let Some(power) = value.checked_ilog2() else {
        return 0.0;
    };
    debug_assert!(bits < BIAS);
    // The leading bit of `mantissa` is not masked out: it adds the one that the exponent lacks.
    let exponent = BIAS - 1 + power - bits;
    let mantissa = (value as u64) << (MANTISSA_BITS - power);
    f64::from_bits(((exponent as u64) << MANTISSA_BITS) + mantissa)
}

/// Returns `span * factor`, with `factor` in 16 fractional bits, rounded down and saturating.
#[allow(clippy::cast_possible_truncation)] // compared on the line
pub(crate) const fn scaled_q16(span: u64, factor: u32) -> u64 {
    if NATIVE_64 {
        let wide = (span as u128 * factor as u128) >> 16;
        return if wide >> 64 == 0 {
            wide as u64
        } else {
            u64::MAX
        };
    }
    scaled_in_halves_q16(span, factor)
}

/// Does the same as [`scaled_q16`] in products of 32 by 32 bits.
const fn scaled_in_halves_q16(span: u64, factor: u32) -> u64 {
    let (low, high) = (span & 0xffff_ffff, span >> 32);
    let high = high * factor as u64;
    if high >> 48 != 0 {
        return u64::MAX;
    }
    saturating::plus(high << 16, (low * factor as u64) >> 16)
}

/// Returns the decimal logarithm of `2^32 / part` in thousandths, rounded to nearest. It states how
/// improbable an event is whose probability is `part` in 2^32. The result is at most 9,633, for a
/// `part` of 1; a `part` of 0 counts as 1.
#[allow(clippy::cast_possible_truncation)] // bit counts are below 33, and the result is below 9,634
pub(crate) const fn improbability_milli(part: u32) -> u32 {
    let part = if part == 0 { 1 } else { part };
    let zeros = saturating::leading_zeros(part as u64) - 32;
    let fraction = log2_fraction_q12((part << zeros) >> 16);
    let log2_q12 = ((zeros + 1) << 12) - fraction;
    debug_assert!(log2_q12 <= 33 << 12);
    // 1000 * log10(2) = 301.03 = 19_266 / 2^6. `log2_q12` is below 33 * 2^12, so 32 bits hold the
    // product.
    (log2_q12 * 19_266 + (1 << 17)) >> 18
}

/// Returns log2 of `mantissa / 2^15` in 12 fractional bits, for a 16-bit mantissa whose highest bit
/// is set. Each squaring gives one bit.
const fn log2_fraction_q12(mut mantissa: u32) -> u32 {
    debug_assert!(mantissa >> 15 == 1);
    let mut fraction = 0;
    let mut bit = 0;
    while bit < 12 {
        let square = mantissa * mantissa;
        let carry = square >> 31;
        mantissa = square >> (15 + carry);
        fraction = fraction << 1 | carry;
        bit += 1;
    }
    fraction
}

#[cfg(test)]
mod tests;
