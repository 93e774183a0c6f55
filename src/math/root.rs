//! Integer square roots, and the ratio of a square root to a number.
//!
//! Operands are normalised to 32-bit words first, so that a Cortex-M0 needs no 128-bit root or
//! division.

use crate::math::cpu::{DIVIDES, NATIVE_64};
use crate::math::saturating;

/// Returns `sqrt(square) / divisor` in `fraction` fractional bits, rounded to nearest. It is 0
/// where `square` is 0, and saturates from 2^31 on.
///
/// `square` must be below 2^96, and `divisor` may be 0 only where `square` is. Apart from the last
/// rounding, the result is up to 1.3e-5 of itself too large: see [`ratio`].
#[inline]
#[allow(clippy::cast_possible_truncation)] // compared before
pub(crate) const fn root_ratio(square: u128, divisor: u64, fraction: u32) -> u32 {
    if square >> 64 == 0 {
        return ratio(square as u64, divisor, fraction);
    }
    debug_assert!(square >> 96 == 0);
    ratio((square >> 32) as u64, divisor, fraction + 16) // the lowest 32 bits are dropped
}

/// Returns the same as [`root_ratio`] for squares of 64 bits.
///
/// It improves an estimate x of the root by one step of Heron's method, (x + square / x) / 2. An x
/// within 0.51 % of the root becomes one within 1.3e-5. The step is computed as (x^2 + square) / 2x
/// and the 2x is merged into the division by `divisor`, so it costs no division of its own.
#[allow(clippy::cast_possible_truncation)] // each cast keeps at most 32 bits, see the ranges
const fn ratio(square: u64, divisor: u64, fraction: u32) -> u32 {
    // An even shift lets the exponent be halved.
    let spare = saturating::leading_zeros(square | 1) & !1;
    let top = (square << spare) >> 32;
    if top == 0 {
        return 0;
    }
    let (mantissa, zeros) = normal(divisor);
    let near = near_root(top as u32); // in 2^15..2^16
    let dividend = (((near * near) as u64 + top) >> 4) as u32; // in 2^27..2^29
    debug_assert!(near >> 15 == 1 && dividend >> 27 > 0 && dividend >> 29 == 0);
    let by = ((near as u64 * mantissa as u64) >> 16) as u32 | 1; // in 2^29..2^31
    let left = (fraction + zeros).cast_signed() - (spare / 2 + 30).cast_signed();
    match left {
        0..=32 => quotient(dividend, by, left.cast_unsigned()),
        33 => quotient(dividend, by, 32).saturating_mul(2),
        34.. => u32::MAX,
        _ => 0,
    }
}

/// Returns `(mantissa, zeros)` such that `value` = mantissa * 2^(33 - zeros), rounded down. The
/// mantissa is in 2^30..2^31 unless `value` is 0.
#[allow(clippy::cast_possible_truncation)] // 31 bits are left
const fn normal(value: u64) -> (u32, u32) {
    let zeros = saturating::leading_zeros(value | 1);
    (((value << zeros) >> 33) as u32, zeros)
}

/// Returns the root of `square`, within 0.51 %, by the best parabola (Remez' algorithm). `square`
/// must be at least 2^30.
const fn near_root(square: u32) -> u32 {
    debug_assert!(square >> 30 > 0);
    let high = square >> 16;
    16_992 + ((high * (68_945 - ((high * 20_730) >> 16))) >> 16)
}

/// Returns the root of `square`, rounded down to 32 significant bits.
#[allow(clippy::cast_possible_truncation)] // shifted down to 64 bits
pub(crate) const fn root(square: u128) -> u64 {
    let excess = 64_u32.saturating_sub(square.leading_zeros());
    let half = excess.div_ceil(2);
    ((square >> (2 * half)) as u64).isqrt() << half
}

/// Returns `dividend * 2^left / divisor`, rounded to nearest. `dividend` must be below 2^29,
/// `divisor` in 2^29..2^31 and `left` at most 32, and the result must fit 32 bits.
#[allow(clippy::cast_possible_truncation)] // the caller ensures that the result fits
const fn quotient(dividend: u32, divisor: u32, left: u32) -> u32 {
    let wide = ((dividend as u64) << left) + divisor as u64 / 2;
    match wide.checked_div(divisor as u64) {
        Some(quotient) if NATIVE_64 => quotient as u32,
        _ if DIVIDES => digitwise_quotient(dividend, divisor, left),
        _ => bitwise_quotient(dividend, divisor, left),
    }
}

/// Does the same as [`quotient`] on cores that divide 32-bit words: sixteen bits per turn (Knuth,
/// The Art of Computer Programming, volume 2, algorithm D).
const fn digitwise_quotient(dividend: u32, divisor: u32, left: u32) -> u32 {
    let spare = divisor.leading_zeros();
    let (divisor, mut left) = (divisor << spare, left + spare);
    let (mut rest, mut quotient) = (dividend, 0);
    while left > 16 {
        let digit = digit(rest, divisor, 16);
        rest = (rest << 16).wrapping_sub(digit.wrapping_mul(divisor));
        quotient = quotient << 16 | digit;
        left -= 16;
    }
    let digit = digit(rest, divisor, left);
    rest = (rest << left).wrapping_sub(digit.wrapping_mul(divisor));
    (quotient << left | digit) + (rest >= divisor - rest) as u32
}

/// Returns `rest * 2^bits / divisor`, rounded down, for at most 16 `bits` and a `rest` below
/// `divisor`, whose top bit must be set.
const fn digit(rest: u32, divisor: u32, bits: u32) -> u32 {
    debug_assert!(divisor >> 31 == 1 && rest < divisor && bits <= 16);
    let (high, low) = (divisor >> 16 | 1 << 15, divisor & 0xffff);
    let top = rest >> (16 - bits);
    let mut digit = top / high;
    let mut left = top - digit * high;
    let bottom = (rest << bits) & 0xffff;
    // The estimate is too large by at most two.
    while left >> 16 == 0 && digit * low > (left << 16 | bottom) {
        digit -= 1;
        left += high;
    }
    digit
}

/// Does the same as [`quotient`], one bit per turn, where a division would take 400 bytes of flash.
const fn bitwise_quotient(dividend: u32, divisor: u32, left: u32) -> u32 {
    let (mut rest, mut quotient, mut turns) = (dividend, 0, left);
    while turns > 0 {
        quotient <<= 1;
        rest <<= 1;
        if rest >= divisor {
            rest -= divisor;
            quotient |= 1;
        }
        turns -= 1;
    }
    quotient + (rest << 1 >= divisor) as u32
}

#[cfg(test)]
mod tests;
