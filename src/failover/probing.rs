//! How the endpoints of a group are probed.

use crate::config::Config as MonitorConfig;

/// The configurations with which the active endpoint and all others are probed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Probing<P> {
    pub(super) active: MonitorConfig<P>,
    pub(super) standby: MonitorConfig<P>,
}

/// Returns the seed of an endpoint, derived from that of the group. The multiplier is 2^64 divided
/// by the golden ratio, as in `SplitMix64`, so that neighbouring endpoints get very different
/// seeds.
pub(super) const fn seed_of(seed: u64, endpoint: usize) -> u64 {
    seed ^ (endpoint as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
