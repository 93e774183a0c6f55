//! The first process of a command. In a PID namespace it stays, as the process that adopts and reaps
//! the others. Elsewhere it becomes the command.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::thread::Builder;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::Pid;

use super::message::{Report, Socket};
use super::{exit_code, signals};
use crate::args;

/// What the guard sends to ask the processes of a namespace to end.
pub(super) const TERMINATE: &str = "terminate\n";
/// What the guard sends when the command may start.
pub(super) const START: &str = "start\n";

pub(crate) fn run(options: &args::HoldInit) -> ExitCode {
    match begin(options) {
        Ok(code) => code,
        Err(_) => ExitCode::from(exit_code::USAGE), // the guard has gone, or sees the socket close
    }
}

fn begin(options: &args::HoldInit) -> io::Result<ExitCode> {
    signals::block()?;
    set_pdeathsig(Signal::SIGKILL)?;
    let mut guard = Socket::on_stdin()?;
    let (_, input) = guard.receive_first()?;
    if has_gone(&guard)? {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let Some((program, arguments)) = options.command.split_first() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let command = command(program, arguments, input);
    if options.reap {
        stay(guard, command)
    } else {
        Ok(become_it(guard, command))
    }
}

/// Returns whether the guard ended before its death would have been noticed by the kernel.
fn has_gone(guard: &Socket) -> io::Result<bool> {
    let mut polled = [PollFd::new(guard.as_fd(), PollFlags::POLLIN)];
    poll(&mut polled, PollTimeout::ZERO)?;
    let events = polled.iter().filter_map(PollFd::revents);
    Ok(events
        .fold(PollFlags::empty(), |all, one| all | one)
        .contains(PollFlags::POLLHUP))
}

fn command(program: &OsString, arguments: &[OsString], input: OwnedFd) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::from(input));
    command
}

fn cannot_run(command: &Command, error: &io::Error) -> String {
    let program = command.get_program().to_string_lossy();
    Report::Failed(exit_code::of_error(error), format!("{program}: {error}")).line()
}

fn become_it(mut guard: Socket, mut command: Command) -> ExitCode {
    let error = match signals::unblock() {
        Ok(()) => command.exec(),
        Err(error) => error.into(),
    };
    guard.send(&cannot_run(&command, &error));
    ExitCode::from(exit_code::of_error(&error))
}

/// Starts the command and waits until no process of the namespace is left.
fn stay(mut guard: Socket, mut command: Command) -> io::Result<ExitCode> {
    signals::unblock()?; // none of them ends the first process of a namespace
    let started = command.spawn();
    signals::block()?;
    let child = match started {
        Ok(child) => Pid::from_raw(i32::try_from(child.id()).unwrap_or_default()),
        Err(error) => {
            guard.send(&cannot_run(&command, &error));
            return Ok(ExitCode::from(exit_code::of_error(&error)));
        }
    };
    drop(command); // and with it our copy of the input
    let mut reports = Socket::new(UnixStream::from(guard.as_fd().try_clone_to_owned()?));
    Builder::new().spawn(move || obey(guard))?;
    loop {
        match wait() {
            Ok(status) if status.pid() == Some(child) => report(&mut reports, status),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return Ok(ExitCode::SUCCESS), // no child is left
        }
    }
}

/// Reports how the command ended, and asks what it left behind to end too.
fn report(guard: &mut Socket, status: WaitStatus) {
    if let Some(code) = exit_code::of_wait(status) {
        guard.send(&Report::Exited(code).line());
        terminate();
    }
}

/// Obeys the guard until it has gone; then the kernel ends all processes of the namespace with this
/// one.
fn obey(mut guard: Socket) {
    while let Some(lines) = guard.receive() {
        if !lines.is_empty() {
            terminate();
        }
    }
    std::process::exit(exit_code::USAGE.into());
}

/// Asks all other processes of the namespace to end, stopped ones too.
fn terminate() {
    let all = Pid::from_raw(-1);
    let _ = kill(all, Signal::SIGTERM); // there may be none
    let _ = kill(all, Signal::SIGCONT);
}
