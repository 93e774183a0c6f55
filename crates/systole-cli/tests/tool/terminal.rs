//! The tool on a terminal of its own.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use vt100::Parser;

use crate::tool::tool;

const PATIENCE: Duration = Duration::from_secs(10);
const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

pub(crate) struct Terminal {
    pub(crate) child: Child,
    /// The side of the terminal's user.
    pub(crate) keys: File,
    /// The side of the program, held open.
    line: OwnedFd,
    output: Receiver<Vec<u8>>,
    /// What is on the screen.
    pub(crate) parser: Parser,
}

impl Terminal {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::sized(ROWS, COLUMNS, arguments)
    }

    pub(crate) fn sized(rows: u16, columns: u16, arguments: &[&str]) -> Self {
        let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&user).unwrap();
        unlockpt(&user).unwrap();
        let name = ptsname(&user, Vec::new()).unwrap().into_string().unwrap();
        let open = || OwnedFd::from(File::options().read(true).write(true).open(&name).unwrap());
        let line = open();
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&line, size).unwrap();
        let mut command = tool();
        command
            .arg("watch")
            .args(arguments)
            .stdin(open())
            .stdout(open())
            .stderr(open());
        let child = command.spawn().unwrap();
        let keys = File::from(user);
        let output = read(keys.try_clone().unwrap());
        Self {
            child,
            keys,
            line,
            output,
            parser: Parser::new(rows, columns, 0),
        }
    }

    /// Waits until the screen says `text`.
    pub(crate) fn until(&mut self, text: &str) {
        let born = Instant::now();
        while !self.shown().contains(text) {
            let rest = PATIENCE.saturating_sub(born.elapsed());
            match self.output.recv_timeout(rest) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(error) => panic!("no {text:?}, {error}:\n{}", self.shown()),
            }
        }
    }

    fn shown(&self) -> String {
        self.parser.screen().contents()
    }

    /// Waits for the end and for its `last` words, and checks that the terminal is as it was; returns what is on it then.
    pub(crate) fn end(mut self, last: &str) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.until(last);
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor());
        let modes = tcgetattr(&self.line).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
        (status, self.shown())
    }
}

fn read(mut output: File) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut chunk = [0; 4_096];
        while let Ok(length @ 1..) = output.read(&mut chunk) {
            let bytes = chunk.get(..length).unwrap_or_default().to_vec();
            if sender.send(bytes).is_err() {
                return;
            }
        }
    });
    receiver
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}
