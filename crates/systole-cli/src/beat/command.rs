//! The command beside which heartbeats are sent.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, IsTerminal};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;

/// The exit status where a command cannot be run, and where there is none of that name.
const CANNOT_RUN: u8 = 126;
const NOT_FOUND: u8 = 127;
/// The exit status of a command that a signal ended, less the number of the signal.
const SIGNALLED: i32 = 128;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended(u8);

impl Ended {
    /// Returns the exit status, as a shell reports it.
    pub(super) const fn status(self) -> u8 {
        self.0
    }
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        let signalled = status
            .signal()
            .map(|signal| SIGNALLED.saturating_add(signal));
        let code = status.code().or(signalled).unwrap_or(SIGNALLED);
        Self(u8::try_from(code).unwrap_or(u8::MAX))
    }
}

pub(super) struct Command {
    child: Child,
    /// Whether the terminal itself sends its interrupts to the command.
    has_terminal: bool,
}

impl Command {
    /// Starts the command, which has the standard streams of this process.
    ///
    /// # Errors
    /// As what it counts where it cannot be started, and why.
    pub(super) fn start(program: &OsStr, arguments: &[OsString]) -> Result<Self, (Ended, String)> {
        let started = tokio::process::Command::new(program)
            .args(arguments)
            .spawn();
        let child = started.map_err(|error| {
            let ended = if error.kind() == ErrorKind::NotFound {
                NOT_FOUND
            } else {
                CANNOT_RUN
            };
            let why = format!("{} cannot be run: {error}", program.display());
            (Ended(ended), why)
        })?;
        Ok(Self {
            child,
            has_terminal: io::stdin().is_terminal(),
        })
    }

    /// Waits until the command has ended. Cancel safe.
    pub(super) async fn ended(&mut self) -> Ended {
        match self.child.wait().await {
            Ok(status) => status.into(),
            Err(_) => Ended(CANNOT_RUN), // it was waited for by nobody else
        }
    }

    /// Passes a signal on, unless the terminal has sent it to the command already.
    pub(super) fn pass_on(&self, number: i32) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        if let (Some(pid), Ok(signal)) = (pid, Signal::try_from(number))
            && !(signal == Signal::SIGINT && self.has_terminal)
        {
            let _ = kill(Pid::from_raw(pid), signal); // it may have ended
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_status_is_that_of_a_shell() {
        for (raw, status) in [(0, 0), (3 << 8, 3), (255 << 8, 255), (9, 137), (15, 143)] {
            assert_eq!(Ended::from(ExitStatus::from_raw(raw)).status(), status);
        }
    }
}
