//! Exit statuses, as `timeout` and shells have them.

use std::io::{Error, ErrorKind};

use nix::sys::wait::WaitStatus;

/// The lease was never held.
pub(super) const NEVER: u8 = 123;
/// The lease was lost, and the command was stopped.
pub(super) const LOST: u8 = 124;
/// Invalid arguments, or an error of the tool.
pub(crate) const USAGE: u8 = 125;
pub(super) const NOT_EXECUTABLE: u8 = 126;
pub(super) const NOT_FOUND: u8 = 127;
const SIGNAL: i32 = 128;

/// Returns the status for a command that cannot be run.
pub(super) fn of_error(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::NotFound => NOT_FOUND,
        _ => NOT_EXECUTABLE,
    }
}

/// Returns the status for a process that ended; `None` for one that did not.
pub(super) fn of_wait(status: WaitStatus) -> Option<u8> {
    match status {
        WaitStatus::Exited(_, code) => u8::try_from(code & 0xff).ok(),
        WaitStatus::Signaled(_, signal, _) => Some(of_signal(signal as i32)),
        _ => None,
    }
}

/// Returns the status for a process that was ended by a signal.
pub(super) fn of_signal(signal: i32) -> u8 {
    u8::try_from(SIGNAL + signal).unwrap_or(u8::MAX)
}
