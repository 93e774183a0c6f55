//! The closure that runs when a probing thread stops.

use alloc::boxed::Box;
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;
use std::sync::mpsc::sync_channel;
use std::thread::Builder;

use super::StopOutcome;

/// A closure that runs once, at the stop, and the time that it may take.
pub(super) struct StopAction {
    pub(super) within: Duration,
    pub(super) say: Box<dyn FnOnce(Duration) + Send>,
}

impl StopAction {
    /// Runs the closure on a thread of its own. If it takes too long, that thread is left running,
    /// since no thread can be ended from outside.
    pub(super) fn say(self) -> StopOutcome {
        let Self { within, say } = self;
        let (sender, said) = sync_channel(1);
        let speaker = move || {
            let whole = catch_unwind(AssertUnwindSafe(|| say(within))).is_ok();
            // Fails once the time has passed.
            let _ = sender.send(whole);
        };
        // If this fails, the sender is dropped and the wait below ends at once.
        let _ = Builder::new().name("systole-stop".into()).spawn(speaker);
        match said.recv_timeout(within) {
            Ok(true) => StopOutcome::Completed,
            Ok(false) => StopOutcome::Panicked,
            Err(_) => StopOutcome::TimedOut,
        }
    }
}
