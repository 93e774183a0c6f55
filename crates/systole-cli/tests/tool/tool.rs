//! The tool as a child process, read line by line.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use systole_testkit::servers::signal::signal;

/// `systole watch --json`, or another command, and its lines.
pub(crate) struct Watch {
    child: Child,
    lines: Receiver<Value>,
    /// All lines so far.
    pub(crate) seen: Vec<Value>,
}

pub(crate) fn tool() -> Command {
    Command::new(env!("CARGO_BIN_EXE_systole"))
}

impl Watch {
    pub(crate) fn start<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        Self::of("watch", arguments)
    }

    pub(crate) fn of<S: AsRef<OsStr>>(
        command: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut child = tool()
            .args([command, "--json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines() {
                let value = serde_json::from_str(&line.unwrap()).unwrap();
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that `wanted` likes; panics where none comes within `reply_window`.
    pub(crate) fn until(
        &mut self,
        what: &str,
        reply_window: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let born = Instant::now();
        loop {
            match self
                .lines
                .recv_timeout(reply_window.saturating_sub(born.elapsed()))
            {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if wanted(&line) {
                        return line;
                    }
                }
                Err(error) => panic!(
                    "no {what} within {reply_window:?}, {error}: {:#?}",
                    self.seen.last()
                ),
            }
        }
    }

    pub(crate) fn verdict(&mut self, verdict: &str, reply_window: Duration) -> Value {
        self.until(verdict, reply_window, |line| line["verdict"] == verdict)
    }

    /// Reads on for `span`.
    pub(crate) fn listen(&mut self, span: Duration) {
        let born = Instant::now();
        loop {
            match self.lines.recv_timeout(span.saturating_sub(born.elapsed())) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => panic!("it ended"),
            }
        }
    }

    pub(crate) fn has_seen(&self, event: &str) -> bool {
        self.seen.iter().any(|line| line["event"] == event)
    }

    /// Reads to the end; returns the summary and the exit status.
    pub(crate) fn end(&mut self) -> (Value, i32) {
        self.seen.extend(self.lines.iter());
        let status = self.child.wait().unwrap().code().unwrap();
        (self.seen.pop().unwrap(), status)
    }

    /// Asks it to end with signal `name`.
    pub(crate) fn stop(mut self, name: &str) -> (Value, i32) {
        signal(self.pid(), name);
        self.end()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}
