//! Signals that must not end or stop the guard and the first process of a command.

use nix::sys::signal::{SigSet, Signal};

/// Blocks what a terminal, a closed one and a service manager send to whole groups of processes: the
/// supervisor decides what becomes of the command. Programs that are started inherit the mask, so
/// [`unblock`] it for the command, or it would never get the signal that asks it to end.
pub(super) fn block() -> nix::Result<()> {
    [
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGTSTP,
        Signal::SIGTTIN,
        Signal::SIGTTOU,
        Signal::SIGPIPE,
        Signal::SIGCHLD,
    ]
    .into_iter()
    .collect::<SigSet>()
    .thread_block()
}

/// Empties the mask of this thread.
pub(super) fn unblock() -> nix::Result<()> {
    SigSet::empty().thread_set_mask()
}
