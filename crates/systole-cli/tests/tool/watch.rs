//! The tool from end to end: every verdict, every field, one line for every trouble.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use crate::tool::{Watch, tool};
use systole_testkit::servers::process::free_port;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_demonstration_shows_every_verdict_within_half_a_minute() {
    let born = Instant::now();
    let mut watch = Watch::start::<&str>([]);
    let (summary, status) = watch.end();
    assert!(born.elapsed() < 30 * SECOND, "{:?}", born.elapsed());
    for verdict in ["unknown", "alive", "suspect", "dead"] {
        assert!(
            watch.seen.iter().any(|line| line["verdict"] == verdict),
            "{verdict}"
        );
    }
    assert!(watch.has_seen("recovered"));
    assert_eq!((status, &summary["verdict"]), (0, &"alive".into()));
    assert_eq!(
        (summary["recovered"].as_u64(), summary["refuted"].as_u64()),
        (Some(1), Some(0))
    );
    let intervals: Vec<f64> = watch
        .seen
        .iter()
        .map(|line| line["interval_ms"].as_f64().unwrap())
        .collect();
    let (least, most) = (
        intervals.iter().copied().fold(f64::MAX, f64::min),
        intervals.iter().copied().fold(0.0, f64::max),
    );
    assert!(
        most > 1.3 * least,
        "the interval moves: {least} to {most} ms"
    );
}

#[test]
fn every_line_has_every_field_and_the_last_one_sums_up() {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = format!("udp://{}", peer.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut datagram = [0; 64];
        while let Ok((length, from)) = peer.recv_from(&mut datagram) {
            peer.send_to(&datagram[..length], from).unwrap();
        }
    });
    let mut watch = Watch::start([&*target, "--every", "50ms", "--for", "1s"]);
    let (summary, status) = watch.end();
    assert_eq!((status, &summary["event"]), (0, &"summary".into()));
    for line in watch.seen.iter().chain([&summary]) {
        for field in ["at_s", "interval_ms", "timeout_ms", "bound_ms", "level"] {
            assert!(line[field].is_number(), "{field} in {line}");
        }
        assert!(
            line["event"].is_string() && line["verdict"].is_string(),
            "{line}"
        );
        assert_eq!(
            line["rtt_us"].is_number(),
            line["event"] == "answer" || line["event"] == "late",
            "{line}"
        );
    }
    for field in ["probes", "answered", "lost", "late", "refuted", "recovered"] {
        assert!(summary[field].is_u64(), "{field}");
    }
    assert!(summary["answered"].as_u64() >= Some(10), "{summary}");
}

#[test]
fn ctrl_c_and_sigterm_end_it_with_a_summary() {
    for name in ["INT", "TERM"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = format!("tcp://{}", listener.local_addr().unwrap());
        let mut watch = Watch::start([&*target, "--every", "100ms"]);
        watch.verdict("alive", 5 * SECOND);
        let asked = Instant::now();
        let (summary, status) = watch.stop(name);
        assert!(asked.elapsed() < SECOND);
        assert_eq!(
            (status, &summary["event"]),
            (0, &"summary".into()),
            "{name}"
        );
    }
}

/// For long enough to be called dead.
fn watch_briefly(target: &str) -> Watch {
    let quickly = ["--every", "100ms", "--detect-within", "500ms"];
    Watch::start([&[target], &quickly[..], &["--for", "1s"]].concat())
}

/// A probe that is refused is evidence at once, and the verdict comes with the bound.
#[test]
fn a_refused_connection_is_dead_at_the_end() {
    let port = free_port();
    for scheme in ["tcp", "redis", "udp", "http", "grpc", "postgres"] {
        let target = format!("{scheme}://127.0.0.1:{port}");
        let mut watch = watch_briefly(&target);
        let (summary, status) = watch.end();
        assert_eq!(
            (status, &summary["verdict"]),
            (1, &"dead".into()),
            "{scheme}"
        );
        let refused =
            |line: &serde_json::Value| line["event"] == "failed" && line["reason"] == "refused";
        assert!(watch.seen.iter().any(refused), "{scheme}");
    }
}

#[test]
fn a_target_that_never_answers_is_dead_and_was_never_heard() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = format!("udp://{}", silent.local_addr().unwrap());
    let mut watch = watch_briefly(&target);
    let (summary, status) = watch.end();
    assert_eq!((status, &summary["verdict"]), (1, &"dead".into()));
    assert!(
        watch
            .seen
            .iter()
            .any(|line| line["reason"] == "never heard")
    );
}

#[test]
fn a_wrong_answer_is_garbage_and_no_sign_of_life() {
    for (scheme, answer) in [
        ("redis", "HTTP/1.1 400 Bad Request\r\n"),
        ("http", "+PONG\r\n"),
        ("grpc", "HTTP/1.1 400 Bad Request\r\n\r\n"),
        ("postgres", "+PONG\r\n"),
    ] {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = format!("{scheme}://{}", server.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in server.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 1_024]); // it may have gone already
                let _ = stream.write_all(answer.as_bytes());
                let _ = stream.shutdown(Shutdown::Write);
                let _ = io::copy(&mut stream, &mut io::sink()); // what is left unread would reset the connection
            }
        });
        let options = "--every 100ms --detect-within 500ms --for 1s";
        let mut watch = Watch::start([&*target].into_iter().chain(options.split(' ')));
        let (_, status) = watch.end();
        assert_eq!(status, 1, "{scheme}");
        let garbage = |line: &serde_json::Value| line["reason"] == "garbage";
        assert!(watch.seen.iter().any(garbage), "{scheme}: {:?}", watch.seen);
        assert!(!watch.has_seen("answer"), "{scheme}");
    }
}

#[test]
fn every_trouble_is_one_clear_line() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    for (arguments, words) in [
        (&["gopher://localhost:80"][..], "unknown scheme 'gopher'"),
        (&["localhost:80"], "is no target"),
        (&["tcp://localhost"], "is no target"),
        (&["--port", &taken], "is already taken"),
        (
            &["--every", "5s", "--detect-within", "1s"],
            "bound on detection time",
        ),
        (&["--every", "0s"], "interval"),
    ] {
        let output = tool().arg("watch").args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn lines_for_people_have_no_colour_in_a_pipe() {
    let output = tool().args(["watch", "--for", "2s"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("unknown → alive: it answers"), "{said}");
    assert!(!said.contains('\x1b'));
}
