//! The worker thread, which calls the probe closure.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;
use std::sync::mpsc::{Receiver, Sender};

use super::machine::ProbeResult;
use super::message::{Note, Task};
use super::{Epoch, ProbeError};
use crate::Failure;
use crate::runtime::reply::result_of;

/// Calls the closure for one probe after another until the loop has ended.
pub(super) fn work<F, A, E>(
    mut probe: F,
    epoch: Epoch,
    tasks: &Receiver<Task>,
    notes: &Sender<Note>,
) where
    F: FnMut(Duration) -> Result<A, E>,
    A: 'static,
    E: Into<ProbeError>,
{
    while let Ok(Task { id, due, allowed }) = tasks.recv() {
        let began = epoch.now();
        let result = catch_unwind(AssertUnwindSafe(|| probe(allowed)));
        let result = match result {
            Ok(reply) => result_of(reply),
            Err(_) => Err(ProbeError::Failed(Failure::ProbePanicked)),
        };
        let settled = ProbeResult {
            held: began.saturating_duration_since(due),
            ..ProbeResult::new((), id, result, epoch.now())
        };
        if notes.send(Note::ProbeResult(settled)).is_err() {
            return;
        }
    }
}
