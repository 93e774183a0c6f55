//! A digest of what comes out of a world.

/// `sum`, and `value` after it.
#[must_use]
pub const fn mixed(sum: u64, value: u64) -> u64 {
    (sum.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95)
}
