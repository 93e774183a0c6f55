//! A fleet that cannot send.

use crate::time::Instant;

/// No probe is known to have been sent since one could not be.
#[derive(Clone, Copy, Debug)]
pub(super) struct CutOff {
    /// When the first one was tried that could not be sent.
    pub(super) since: Instant,
    /// How many could not be, this one and all since.
    pub(super) denied: u64,
    /// The fewest that had been sent after any that could not be.
    pub(super) sent: u64,
    /// Whether more have been since, unless that is yet to be denied.
    pub(super) is_over: bool,
}
