//! The live view on a terminal of its own: what it shows, and that it gives the terminal back.

use std::io::Write;
use std::net::TcpListener;

use crate::terminal::Terminal;
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
