//! A bound that is looser than planned, for a while.

use crate::time::Instant;

/// The bound in force since a reconfiguration, or since what was under way was voided, until a probe sent after it is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Looser {
    /// 0: the planned one.
    pub(super) bound_us: u64,
    pub(super) since: Instant,
}
