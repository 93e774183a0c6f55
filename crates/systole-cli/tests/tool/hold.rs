//! `systole hold`: a command that runs while a lease is held, on real servers.

mod chaos;
mod etcd;
mod limits;
mod postgres;
mod redis;
mod usage;

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::signal::signal;

use crate::tool::tool;

const SECOND: Duration = Duration::from_secs(1);
/// What a busy machine may take to start or schedule processes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A supervisor, which is killed when dropped.
struct Holder(Child);

impl Holder {
    fn start<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let mut command = tool();
        command.arg("hold").args(arguments);
        let piped = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self(piped.spawn().unwrap())
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn guard(&self) -> u32 {
        let guard = || children(self.pid()).first().copied();
        eventually("a guard", guard)
    }

    /// Waits for the end; returns the exit status, the output, and what was said beside it.
    fn end(mut self) -> (i32, String, String) {
        let (mut output, mut errors) = (String::new(), String::new());
        let code = eventually("an end", || self.0.try_wait().unwrap())
            .code()
            .unwrap();
        self.0
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut output)
            .unwrap();
        self.0
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut errors)
            .unwrap();
        (code, output, errors)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended
        let _ = self.0.wait();
    }
}

/// Runs `hold` to its end.
fn hold<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> (i32, String, String) {
    Holder::start(arguments).end()
}

/// Returns the children of a process.
fn children(process: u32) -> Vec<u32> {
    let file = format!("/proc/{process}/task/{process}/children");
    let text = fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace()
        .map(|id| id.parse().unwrap())
        .collect()
}

/// Waits until there is a value.
fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let born = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(born.elapsed() < PATIENCE, "no {what} within {PATIENCE:?}");
        sleep(Duration::from_millis(5));
    }
}

/// A file to which commands append lines: `start EPOCH` once, then `EPOCH UPTIME` again and again.
struct Ledger {
    folder: Folder,
}

/// Appends to the ledger, ignoring SIGTERM, so that only SIGKILL ends it.
const STUBBORN: &str = "trap '' TERM; echo start $SYSTOLE_EPOCH >>ledger; \
    while :; do read up rest </proc/uptime; echo $SYSTOLE_EPOCH $up >>ledger; sleep 0.02; done";

/// Appends only while the fence file says that it may.
const CAREFUL: &str = "trap '' TERM; echo start $SYSTOLE_EPOCH >>ledger; \
    while :; do read up rest </proc/uptime; . $SYSTOLE_FENCE_FILE || exit; \
    [ ${up%.*}${up#*.} -lt $((fence_ns / 10000000)) ] && echo $SYSTOLE_EPOCH $up >>ledger; sleep 0.02; done";

impl Ledger {
    fn new() -> Self {
        let folder = Folder::new("hold");
        folder.text("ledger", "");
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.file("ledger")
    }

    /// Returns `script` as a command that runs in the folder of the ledger.
    fn command(&self, script: &str) -> [String; 4] {
        let script = format!("cd {} || exit; {script}", self.folder.0.display());
        ["--".into(), "sh".into(), "-c".into(), script]
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.file()).unwrap();
        text.lines().map(Into::into).collect()
    }

    /// Returns the epochs in the order in which they were written, and those that started.
    fn epochs(&self) -> (Vec<u64>, Vec<u64>) {
        let (mut written, mut started) = (Vec::new(), Vec::new());
        for line in self.lines() {
            let (first, second) = line.split_once(' ').unwrap();
            match first {
                "start" => started.push(second.parse().unwrap()),
                _ => written.push(first.parse().unwrap()),
            }
        }
        (written, started)
    }

    /// Waits until a command of at least `epoch` writes; returns its epoch.
    fn until_epoch(&self, epoch: u64) -> u64 {
        let reached = || {
            self.epochs()
                .0
                .last()
                .copied()
                .filter(|&last| last >= epoch)
        };
        eventually("later epoch", reached)
    }

    /// No command wrote after one with a later epoch, and no epoch started twice or went back.
    fn assert_no_overlap(&self) {
        let (written, started) = self.epochs();
        assert!(
            written.is_sorted(),
            "two wrote at once: {:#?}",
            self.lines()
        );
        assert!(
            started.windows(2).all(|pair| pair[0] < pair[1]),
            "{started:?}"
        );
    }
}

/// Stops a process now; the caller continues or kills it.
fn stop(process: u32) {
    signal(process, "STOP");
}

fn text_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
