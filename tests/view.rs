//! The live view on a terminal of its own: what it shows, and that it gives the terminal back.
#![cfg(all(feature = "cli", unix))]
#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used
)] // a test

#[allow(dead_code)] // shared: each test uses its part
#[path = "common/tool.rs"]
mod tool;

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tool::{signal, tool};
use vt100::Parser;

const PATIENCE: Duration = Duration::from_secs(10);
const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

struct Terminal {
    child: Child,
    /// The side of the terminal's user.
    keys: File,
    /// The side of the program, held open.
    line: OwnedFd,
    output: Receiver<Vec<u8>>,
    /// What is on the screen.
    parser: Parser,
}

impl Terminal {
    fn start(arguments: &[&str]) -> Self {
        let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&user).unwrap();
        unlockpt(&user).unwrap();
        let name = ptsname(&user, Vec::new()).unwrap().into_string().unwrap();
        let open = || OwnedFd::from(File::options().read(true).write(true).open(&name).unwrap());
        let line = open();
        let size = Winsize {
            ws_row: ROWS,
            ws_col: COLUMNS,
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
            parser: Parser::new(ROWS, COLUMNS, 0),
        }
    }

    /// Waits until the screen says `text`.
    fn until(&mut self, text: &str) {
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

    /// Waits for the end, and checks that the terminal is as it was; returns what is on it then.
    fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.until("recovered"); // the summary
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

/// A peer, watched until the picture says that it is alive.
fn alive() -> (TcpListener, Terminal) {
    let peer = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("tcp://{}", peer.local_addr().unwrap());
    let mut terminal = Terminal::start(&[&target, "--every", "100ms"]);
    terminal.until("unknown → alive: it answers");
    (peer, terminal)
}

#[test]
fn a_picture_says_what_there_is_to_see() {
    let (_peer, mut terminal) = alive();
    for text in [
        "round trip",
        "interval",
        "timeout",
        "suspicion",
        "verdict",
        "next probe in",
        "events",
    ] {
        terminal.until(text);
    }
    terminal.keys.write_all(b"?").unwrap();
    terminal.until("from sending a probe to the first byte");
    terminal.keys.write_all(b"q").unwrap();
    assert_eq!(terminal.end().0.code(), Some(0));
}

#[test]
fn however_it_ends_the_terminal_is_as_it_was() {
    let by_key = |terminal: &mut Terminal| terminal.keys.write_all(b"\x03").unwrap();
    let by_signal =
        |name: &'static str| move |terminal: &mut Terminal| signal(terminal.child.id(), name);
    let ways: [&dyn Fn(&mut Terminal); 4] = [
        &by_key,
        &by_signal("INT"),
        &by_signal("TERM"),
        &by_signal("HUP"),
    ];
    for end in ways {
        let (_peer, mut terminal) = alive();
        end(&mut terminal);
        let (status, after) = terminal.end();
        assert_eq!(status.code(), Some(0));
        assert!(
            after.contains("alive") && after.contains("0 lost"),
            "{after}"
        );
    }
}

#[test]
fn plain_lines_take_no_screen() {
    let mut terminal = Terminal::start(&["--plain", "--for", "1s"]);
    terminal.until("the peer is starting");
    assert!(!terminal.parser.screen().alternate_screen());
    assert_eq!(terminal.end().0.code(), Some(1), "never heard");
}
