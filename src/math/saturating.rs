//! Saturating 64-bit arithmetic. On cores without a 32-bit divide these functions are never
//! inlined, because each copy would take a dozen instructions.

use crate::math::cpu::DIVIDES;

macro_rules! called_on_small_cores {
    ($($(#[$doc:meta])* fn $name:ident($a:ident, $b:ident) = $value:expr;)*) => {
        $(
            $(#[$doc])*
            #[cfg_attr(target_has_atomic = "32", inline)]
            #[cfg_attr(not(target_has_atomic = "32"), inline(never))]
            pub(crate) const fn $name($a: u64, $b: u64) -> u64 {
                $value
            }
        )*
    };
}

called_on_small_cores! {
    /// Returns the lesser of the two.
    fn min(a, b) = if a < b { a } else { b };
    /// Returns the greater of the two.
    fn max(a, b) = if a > b { a } else { b };
    /// Returns the sum, or `u64::MAX` where it would overflow.
    fn plus(a, b) = min(a, !b) + b;
    /// Returns the difference, or 0 where it would be negative.
    fn minus(a, b) = max(a, b) - b;
}

/// Returns `value` limited to `least..=most`. Unlike `Ord::clamp` it does not panic where `least`
/// is above `most`; the result is then `least`.
pub(crate) const fn within(value: u64, least: u64, most: u64) -> u64 {
    max(min(value, most), least)
}

/// Returns the same as [`u64::leading_zeros`].
#[cfg_attr(target_has_atomic = "32", inline)]
#[cfg_attr(not(target_has_atomic = "32"), inline(never))]
pub(crate) const fn leading_zeros(value: u64) -> u32 {
    if DIVIDES {
        value.leading_zeros()
    } else {
        zeros_by_halves(value)
    }
}

/// Counts the zeros by bisection, where the standard library's function takes three times the
/// flash.
#[allow(clippy::cast_possible_truncation)] // each cast takes one half
const fn zeros_by_halves(value: u64) -> u32 {
    let (high, low) = ((value >> 32) as u32, value as u32);
    let (mut word, mut zeros) = if high > 0 { (high, 0) } else { (low, 32) };
    let mut width = 16;
    while width > 0 {
        if word >> (32 - width) == 0 {
            word <<= width;
            zeros += width;
        }
        width /= 2;
    }
    let zeros = zeros + (word == 0) as u32;
    debug_assert!(zeros <= 64);
    zeros
}

#[cfg(test)]
mod tests;
