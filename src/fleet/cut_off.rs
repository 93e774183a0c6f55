//! The time in which a fleet cannot send.

use crate::time::Instant;

/// A cut-off: since a send failed, no probe is known to have been sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct CutOff {
    /// When the first probe was tried that could not be sent.
    pub(super) since: Instant,
    /// How many probes could not be sent since, including the first.
    pub(super) denied: u64,
    /// The least number of probes counted as sent after any of these failures.
    pub(super) sent: u64,
    /// Whether the last drain found more probes counted as sent than that.
    pub(super) is_over: bool,
}
