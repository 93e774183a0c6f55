//! Which operations the target's processor computes in few instructions.

/// Whether the target computes 64-bit roots and divisions in a few instructions. Other targets
/// compute one bit per loop turn, with a tenth of the flash and the same results.
pub(crate) const NATIVE_64: bool = cfg!(target_pointer_width = "64");

/// Whether the target has instructions to divide 32-bit words and to count their leading zeros. A
/// Cortex-M0 has neither. It also lacks compare-and-swap, and only that is visible in the
/// compiler's `cfg` values.
pub(crate) const DIVIDES: bool = cfg!(target_has_atomic = "32");
