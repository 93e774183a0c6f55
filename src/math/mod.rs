//! Exact integer arithmetic (fixed point, roots, saturation), the normal tail and random numbers.

pub(crate) mod cpu;
pub(crate) mod fixed_point;
#[cfg(feature = "alloc")]
pub(crate) mod narrow;
pub(crate) mod normal_tail;
pub(crate) mod random;
pub(crate) mod root;
pub(crate) mod saturating;
