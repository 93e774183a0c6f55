//! The messages between the loop and its worker.

use core::time::Duration;

use super::machine::ProbeResult;
use crate::{Instant, ProbeId};

/// A probe to send.
pub(super) struct Task {
    pub(super) id: ProbeId,
    pub(super) due: Instant,
    /// How long the closure may take.
    pub(super) allowed: Duration,
}

/// A message that wakes the loop before its deadline.
#[derive(Clone, Copy, Debug)]
pub(super) enum Note {
    /// The closure returned.
    ProbeResult(ProbeResult<()>),
    /// The machine was changed through the handle, or the loop has to end.
    Look,
}
