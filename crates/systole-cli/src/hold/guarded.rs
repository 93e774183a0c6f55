//! The guard as the supervisor sees it.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::ValueEnum;
use systole::Instant;
use tokio::net::UnixStream;

use super::deadline::Deadline;
use super::fence_file::{self, FenceFile};
use super::message::{Order, Report, send_first};
use super::settings::Settings;

/// The most bytes of a line, and the most that are read at once.
const LINE_MAX: usize = 4_096;

/// A command that runs under a guard.
#[derive(Debug)]
pub(super) struct Guarded {
    stream: UnixStream,
    child: Child,
    fence_file: FenceFile,
    received: Vec<u8>,
    reports: VecDeque<Report>,
}

impl Guarded {
    /// Starts the guard, which starts the command.
    pub(super) fn start(
        settings: &Settings,
        fence_file: FenceFile,
        epoch: u64,
        fence: Instant,
    ) -> io::Result<Self> {
        fence_file.write(epoch, fence)?;
        let (ours, theirs) = StdStream::pair()?;
        let confine = settings.confine.to_possible_value();
        let confine = confine.map_or_else(String::new, |value| value.get_name().to_owned());
        let mut command = Command::new("/proc/self/exe");
        command
            .arg("hold-guard")
            .args(["--confine", &confine])
            .args(["--grace-ms", &settings.grace.as_millis().to_string()])
            .arg("--")
            .args(&settings.command)
            .env("SYSTOLE_EPOCH", epoch.to_string())
            .env(fence_file::VARIABLE, fence_file.path())
            .stdin(Stdio::from(OwnedFd::from(theirs)));
        let child = command.spawn()?;
        let until = Order::Until(Deadline::of(fence, settings.grace));
        send_first(&ours, &until.line(), io::stdin().as_fd())?;
        ours.set_nonblocking(true)?;
        Ok(Self {
            stream: UnixStream::from_std(ours)?,
            child,
            fence_file,
            received: Vec::new(),
            reports: VecDeque::new(),
        })
    }

    /// Passes on that the lease is held until `fence`.
    ///
    /// # Errors
    /// The file of the command cannot be written. The guard was told nevertheless.
    pub(super) fn extend(&self, epoch: u64, fence: Instant, grace: Duration) -> io::Result<()> {
        self.order(Order::Until(Deadline::of(fence, grace)));
        self.fence_file.write(epoch, fence)
    }

    /// Sends an order. A guard that does not take it is stopped or has ended, and what it was told
    /// before holds.
    pub(super) fn order(&self, order: Order) {
        let _ = self.stream.try_write(order.line().as_bytes());
    }

    /// Waits for the next report; `None` if the guard has ended. Cancel safe.
    pub(super) async fn report(&mut self) -> Option<Report> {
        while self.reports.is_empty() {
            self.stream.readable().await.ok()?;
            let mut chunk = [0; LINE_MAX];
            match self.stream.try_read(&mut chunk) {
                Ok(length @ 1..) => self.take(chunk.get(..length).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                _ => return None,
            }
        }
        self.reports.pop_front()
    }

    fn take(&mut self, bytes: &[u8]) -> Option<()> {
        self.received.extend_from_slice(bytes);
        while let Some(end) = self.received.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.received.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            self.reports.extend(Report::of(line.trim_end()));
        }
        (self.received.len() <= LINE_MAX).then_some(())
    }

    /// Collects the guard, which has ended.
    pub(super) fn end(mut self) {
        let _ = self.child.try_wait(); // init collects it otherwise
    }
}
