//! The live view on a terminal of its own: what it shows, and that it gives the terminal back.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread::spawn;

use crate::terminal::Terminal;
use systole_testkit::servers::process::free_port;
use systole_testkit::servers::signal::signal;

/// A word of the summary, which is told in lines.
const SUMMARY: &str = "recovered";

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
        "overdue",
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
    assert_eq!(terminal.end(SUMMARY).0.code(), Some(0));
}

/// Where there is little room, what tells targets apart and whether they answer comes first.
#[test]
fn a_small_terminal_shows_what_matters() {
    let peers = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let targets = peers.map(|peer| (format!("tcp://{}", peer.local_addr().unwrap()), peer));
    let names: Vec<_> = targets.iter().map(|(name, _)| name.as_str()).collect();
    let mut terminal = Terminal::sized(15, 60, &[&names[..], &["--every", "100ms"]].concat());
    for name in names {
        terminal.until(name);
    }
    for text in ["● alive", "next in", "loss", "round trip", "events"] {
        terminal.until(text);
    }
    terminal.keys.write_all(b"q").unwrap();
    assert_eq!(terminal.end(SUMMARY).0.code(), Some(0));
}

/// Where few of many targets fit, counts and those that fail are seen.
#[test]
fn of_many_targets_those_that_fail_come_first() {
    let peer = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = peer.local_addr().unwrap().port();
    spawn(move || peer.incoming().for_each(drop));
    let fine = |n| format!("tcp://127.0.0.{}:{port}", n + 1);
    let refuses = format!("tcp://127.0.0.1:{}", free_port());
    let mut targets: Vec<_> = (0..199).map(fine).collect();
    targets.push(refuses.clone());
    let options = ["--every", "2s", "--detect-within", "5s"];
    let arguments: Vec<_> = targets.iter().map(String::as_str).chain(options).collect();
    let mut terminal = Terminal::start(&arguments);
    terminal.until("200 targets: 1 dead");
    terminal.until("199 alive");
    terminal.until(&format!("▸  {refuses}"));
    terminal.until("nothing heard yet: refused");
    terminal.keys.write_all(b"q").unwrap();
    assert_eq!(terminal.end(SUMMARY).0.code(), Some(1));
}

#[test]
fn a_password_is_asked_for_and_not_shown() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let (sender, asked) = channel();
    spawn(move || {
        for stream in server.incoming() {
            let (mut stream, mut request) = (stream.unwrap(), [0; 1024]);
            while let Ok(length @ 1..) = stream.read(&mut request) {
                let text = String::from_utf8_lossy(&request[..length]).into_owned();
                let reply = if text.contains("AUTH") {
                    "+OK\r\n"
                } else {
                    "+PONG\r\n"
                };
                let _ = sender.send(text);
                let _ = stream.write_all(reply.as_bytes());
            }
        }
    });
    let target = format!("redis://{address}#password_prompt=yes");
    let mut terminal = Terminal::start(&[&target, "--every", "100ms"]);
    terminal.until(&format!("password of redis://{address}:"));
    terminal.keys.write_all(b"hunter2\r").unwrap();
    terminal.until("unknown → alive: it answers");
    assert!(asked.recv().unwrap().contains("hunter2"));
    assert!(!terminal.parser.screen().contents().contains("hunter2"));
    terminal.keys.write_all(b"q").unwrap();
    let (status, after) = terminal.end(SUMMARY);
    assert!(status.success() && !after.contains("hunter2"), "{after}");
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
        let (status, after) = terminal.end(SUMMARY);
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
    assert_eq!(terminal.end(SUMMARY).0.code(), Some(1), "never heard");
}
