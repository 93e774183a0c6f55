//! Powers and logarithms in single precision, in a third of the flash that general functions take.
//!
//! They use additions, multiplications and one division, so the results are the same on every
//! target, bit for bit.

use core::f32::consts::LOG2_E;

/// The bits of the square root of 1/2, the least mantissa.
const LEAST: u32 = 0x3f35_04f3;
/// The bits of 1.
const ONE: u32 = 0x3f80_0000;
const MANTISSA_BITS: u32 = 23;
/// 1.5 * 2^23. Adding a number to it rounds the number to a whole one.
const ROUNDING: f32 = 12_582_912.0;

/// Returns the base-2 logarithm of a positive normal number, to 3e-7 near 1 and to a unit in the
/// last place elsewhere.
#[allow(clippy::cast_possible_wrap, clippy::cast_precision_loss)] // an exponent: 8 bits
pub(super) fn log2(value: f32) -> f32 {
    let bits = value.to_bits().wrapping_sub(LEAST);
    let exponent = (bits as i32) >> MANTISSA_BITS;
    let mantissa = f32::from_bits((bits & ((1 << MANTISSA_BITS) - 1)) + LEAST);
    // The series of the inverse hyperbolic tangent, with fitted coefficients.
    let part = (mantissa - 1.0) / (mantissa + 1.0);
    let square = part * part;
    let series = 2.885_391_3 + square * (0.961_471_5 + square * 0.598_955_35);
    exponent as f32 + part * series
}

/// Returns 2 to the power `log2`, to 2e-7 of itself, limited to normal numbers.
#[allow(clippy::manual_clamp)] // takes less flash, and NaN does not occur
pub(super) fn exp2(log2: f32) -> f32 {
    let log2 = log2.max(-126.0).min(127.0);
    let rounded = log2 + ROUNDING;
    let rest = log2 - (rounded - ROUNDING);
    let mut series = 0.001_321_867_2;
    for next in [0.009_671_698, 0.055_508_93, 0.240_222_38, 0.693_146_9, 1.0] {
        series = series * rest + next;
    }
    let scale = (rounded.to_bits() << MANTISSA_BITS).wrapping_add(ONE);
    series * f32::from_bits(scale)
}

/// Returns the nearest whole number, for numbers from 0 to 4 million.
pub(super) const fn rounded(value: f32) -> u32 {
    (value + ROUNDING).to_bits() & 0x003f_ffff
}

/// Returns e to the power `power`.
pub(super) fn exp(power: f32) -> f32 {
    exp2(power * LOG2_E)
}

#[cfg(test)]
mod tests;
