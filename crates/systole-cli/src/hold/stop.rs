//! The signals that ask `hold` to end.

use std::io;

use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C and SIGTERM. A closed terminal ends this process, and the guard ends the command.
#[derive(Debug)]
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal; returns its number. Cancel safe.
    pub(super) async fn next(&mut self) -> i32 {
        select! {
            _ = self.interrupt.recv() => SignalKind::interrupt().as_raw_value(),
            _ = self.terminate.recv() => SignalKind::terminate().as_raw_value(),
        }
    }
}
