//! The guard: a process beside the supervisor which ends the command in time, whatever becomes of
//! the supervisor. Two clocks of the kernel stand behind it: a timer wakes it, and a second one
//! kills it where it does not answer, for example because it is stopped. Its death is the death of
//! the first process of the command, which the kernel sees to as well.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use systole::Instant;

use super::clock::{self, Alarm};
use super::confinement::{Confinement, enter_user_namespace};
use super::deadline::Deadline;
use super::fence_file;
use super::init::{START, TERMINATE};
use super::last_resort::LastResort;
use super::message::{Order, Report, Socket, send_first};
use super::{exit_code, signals};
use crate::args;

/// How often the processes that are left are killed again.
const AGAIN: Duration = Duration::from_millis(5);

pub(crate) fn run(options: &args::HoldGuard) -> ExitCode {
    let ended = if options.probe {
        probe()
    } else {
        Guard::begin(options).and_then(Guard::watch)
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(exit_code::USAGE), // the supervisor sees the socket close
    }
}

/// Finds out whether processes in a user namespace are permitted, by starting one.
fn probe() -> io::Result<()> {
    enter_user_namespace()?;
    let started = Command::new("/proc/self/exe")
        .arg("--version")
        .stdout(Stdio::null())
        .status()?;
    started
        .success()
        .then_some(())
        .ok_or_else(|| io::ErrorKind::PermissionDenied.into())
}

struct Guard {
    supervisor: Socket,
    /// Whether the supervisor can still say something.
    supervised: bool,
    /// The socket of the first process, until that has closed it.
    first: Option<Socket>,
    pid: Pid,
    confinement: Confinement,
    deadline: Deadline,
    grace: Duration,
    stage: Stage,
    /// Whether it was told how the command ended.
    told_exit: bool,
    alarm: Alarm,
    last_resort: LastResort,
    children: SignalFd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The command runs.
    Running,
    /// It was asked to end, and is killed at this time.
    Ending(Instant),
    /// It was killed, and is killed again at this time if any process is left.
    Killed(Instant),
}

impl Guard {
    fn begin(options: &args::HoldGuard) -> io::Result<Self> {
        signals::block()?;
        let mut supervisor = Socket::on_stdin()?;
        let (lines, input) = supervisor.receive_first()?;
        let deadline = lines.iter().find_map(|line| match Order::of(line) {
            Some(Order::Until(deadline)) => Some(deadline),
            _ => None,
        });
        let deadline = deadline.ok_or(io::ErrorKind::InvalidInput)?;
        let last_resort = LastResort::new(deadline)?;
        let children = [Signal::SIGCHLD].into_iter().collect::<SigSet>();
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let children = SignalFd::with_flags(&children, flags)?;
        let started = start(options, &input);
        let (confinement, pid, first) = started.inspect_err(|error| {
            let why = format!("the command cannot be confined: {error}");
            supervisor.send(&Report::Failed(exit_code::USAGE, why).line());
        })?;
        Ok(Self {
            supervisor,
            supervised: true,
            first: Some(first),
            pid,
            confinement,
            deadline,
            grace: Duration::from_millis(options.grace_ms),
            stage: Stage::Running,
            told_exit: false,
            alarm: Alarm::new()?,
            last_resort,
            children,
        })
    }

    /// Watches until no process of the command is left.
    fn watch(mut self) -> io::Result<()> {
        while !self.reap() {
            self.alarm.set(self.next())?;
            self.wait()?;
            self.look(clock::now());
        }
        if !self.told_exit {
            let killed = exit_code::of_signal(Signal::SIGKILL as i32);
            self.supervisor.send(&Report::Exited(killed).line());
        }
        fence_file::remove();
        drop(self.confinement);
        self.supervisor.send(&Report::Gone.line());
        Ok(())
    }

    const fn next(&self) -> Instant {
        match self.stage {
            Stage::Running => self.deadline.term_at,
            Stage::Ending(at) | Stage::Killed(at) => at,
        }
    }

    /// Waits for something to do, and hears what the others say.
    fn wait(&mut self) -> io::Result<()> {
        let (from_supervisor, from_first) = self.poll()?;
        if from_supervisor {
            self.hear_supervisor();
        }
        if from_first {
            self.hear_first();
        }
        while let Ok(Some(_)) = self.children.read_signal() {}
        Ok(())
    }

    /// Returns whether there is something to read from the supervisor, and from the first process.
    fn poll(&self) -> io::Result<(bool, bool)> {
        let mut polled = vec![
            PollFd::new(self.alarm.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.children.as_fd(), PollFlags::POLLIN),
        ];
        if self.supervised {
            polled.push(PollFd::new(self.supervisor.as_fd(), PollFlags::POLLIN));
        }
        if let Some(first) = &self.first {
            polled.push(PollFd::new(first.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut polled, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = polled.iter().skip(2).map(|one| one.any().unwrap_or(false));
        let from_supervisor = self.supervised && ready.next().unwrap_or(false);
        Ok((from_supervisor, ready.next().unwrap_or(false)))
    }

    fn hear_supervisor(&mut self) {
        let Some(lines) = self.supervisor.receive() else {
            self.supervised = false;
            return self.terminate();
        };
        for order in lines.iter().filter_map(|line| Order::of(line)) {
            match order {
                Order::Until(deadline) => self.postpone(deadline),
                Order::Stop => self.terminate(),
                Order::Kill => self.kill(),
            }
        }
    }

    fn postpone(&mut self, deadline: Deadline) {
        if self.stage == Stage::Running && self.last_resort.arm(deadline).is_ok() {
            self.deadline = deadline;
        }
    }

    fn hear_first(&mut self) {
        let Some(lines) = self.first.as_mut().and_then(Socket::receive) else {
            self.first = None;
            return;
        };
        for report in lines.iter().filter_map(|line| Report::of(line)) {
            self.supervisor.send(&report.line());
            self.told_exit = true;
            self.begin_ending();
        }
    }

    /// Does what the time demands.
    fn look(&mut self, now: Instant) {
        match self.stage {
            Stage::Running if now >= self.deadline.term_at => {
                self.supervisor.send(&Report::Stopping.line());
                self.terminate();
            }
            Stage::Ending(at) | Stage::Killed(at) if now >= at => self.kill(),
            _ => {}
        }
    }

    /// Asks the command to end.
    fn terminate(&mut self) {
        if self.stage == Stage::Running {
            self.begin_ending();
            match &mut self.first {
                Some(first) if self.confinement.has_init() => first.send(TERMINATE),
                _ => {
                    self.confinement.signal(self.pid, Signal::SIGTERM);
                    self.confinement.signal(self.pid, Signal::SIGCONT);
                }
            }
        }
    }

    fn begin_ending(&mut self) {
        if self.stage == Stage::Running {
            let at = clock::now().saturating_add(self.grace);
            let kill_at = self.deadline.kill_at.min(at);
            self.stage = Stage::Ending(kill_at);
        }
    }

    fn kill(&mut self) {
        self.confinement.signal(self.pid, Signal::SIGKILL);
        self.stage = Stage::Killed(clock::now().saturating_add(AGAIN));
        self.last_resort.disarm(); // this process is needed until all are gone
    }

    /// Collects children that have ended. Returns whether no process of the command is left.
    fn reap(&mut self) -> bool {
        loop {
            match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => return false,
                Ok(status) => self.collect(status),
                Err(Errno::EINTR) => {}
                Err(_) => return self.confinement.is_empty(),
            }
        }
    }

    fn collect(&mut self, status: WaitStatus) {
        if status.pid() != Some(self.pid) {
            return;
        }
        while self.first.is_some() {
            self.hear_first(); // what it said before it ended
        }
        if self.told_exit {
            return;
        }
        if let (false, Some(code)) = (self.confinement.has_init(), exit_code::of_wait(status)) {
            self.supervisor.send(&Report::Exited(code).line());
            self.told_exit = true;
            self.terminate(); // what it left behind
        }
    }
}

/// Starts the first process, which waits until it is told to start the command.
fn start(options: &args::HoldGuard, input: &OwnedFd) -> io::Result<(Confinement, Pid, Socket)> {
    let confinement = Confinement::prepare(options.confine)?;
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new("/proc/self/exe");
    command
        .arg("hold-init")
        .stdin(Stdio::from(OwnedFd::from(theirs)));
    if confinement.has_init() {
        command.arg("--reap");
    }
    let child = command.arg("--").args(&options.command).spawn()?;
    drop(command); // and with it our copy of the other end
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    let pid = Pid::from_raw(pid);
    confinement.admit(pid)?;
    send_first(&ours, START, input.as_fd())?;
    Ok((confinement, pid, Socket::new(ours)))
}
