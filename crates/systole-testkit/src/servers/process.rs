//! Servers that Debian has, each a child process on a port of the system's choosing.

use std::ffi::OsStr;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::ignored;

/// A child process, gone when dropped.
pub struct Server {
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

/// Returns the path of `program`, or `None` where it is not installed: the test is then shown as
/// ignored, with the command that installs `package`. Under CI it fails.
pub fn find(program: &str, package: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = [PathBuf::from("/usr/sbin")]
        .into_iter()
        .chain(postgres_folders());
    let found = std::env::split_paths(&path)
        .chain(debian)
        .map(|folder| folder.join(program))
        .find(|file| file.exists());
    if found.is_none() {
        let why = format!("{program} is missing: apt-get install {package}");
        assert!(std::env::var_os("CI").is_none(), "{why}");
        ignored::note(&why);
    }
    found
}

/// Debian keeps each version in a folder of its own.
fn postgres_folders() -> impl Iterator<Item = PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    versions.flatten().map(|version| version.path().join("bin"))
}

impl Server {
    /// Starts what `command` makes of a port, and again on another one where somebody else took that meanwhile.
    pub fn start(mut command: impl FnMut(u16) -> Command) -> Self {
        loop {
            let port = free_port();
            if let Some(server) = Self::on(port, &mut command(port)) {
                return server;
            }
        }
    }

    /// Nothing where it ends before it listens on `port`.
    pub fn on(port: u16, command: &mut Command) -> Option<Self> {
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { child, port };
        server.is_up(Duration::from_secs(20)).then_some(server)
    }

    /// Whether it listens before it ends.
    fn is_up(&mut self, patience: Duration) -> bool {
        let born = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(born.elapsed() < patience, "it neither listens nor ends");
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may be gone, as the test wants it
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Runs `program` to its end as a user that is not root: some servers insist.
pub fn as_nobody(user: &str, program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args([
        OsStr::new("-u"),
        user.as_ref(),
        "--".as_ref(),
        program.as_os_str(),
    ]);
    command
}

/// Whether this process may do everything.
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}
