//! A reader of the output that stops, goes away or is full does not stop the watch.

use std::fs::File;
use std::io::Read;
use std::net::UdpSocket;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::tool::tool;
use systole_testkit::servers::signal::signal;

const SECOND: Duration = Duration::from_secs(1);

/// A peer that counts what it echoes.
fn peer() -> (String, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = format!("udp://{}", socket.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        let mut datagram = [0; 64];
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            counted.fetch_add(1, Ordering::Relaxed);
            socket.send_to(&datagram[..length], from).unwrap();
        }
    });
    (target, count)
}

fn start(target: &str, every: &str, more: &[&str], output: Stdio) -> Child {
    let arguments = ["watch", target, "--json", "--every", every];
    let mut command = tool();
    command.args(arguments).args(more).stdout(output);
    command.spawn().unwrap()
}

fn wait_for(probes: &AtomicUsize, count: usize) {
    let born = Instant::now();
    while probes.load(Ordering::Relaxed) < count {
        assert!(born.elapsed() < 20 * SECOND, "it has stopped probing");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits for the end; returns how long that took, and the exit status.
fn end(child: &mut Child) -> (Duration, Option<i32>) {
    let asked = Instant::now();
    let status = child.wait().unwrap().code();
    (asked.elapsed(), status)
}

/// A pipe holds 64 KiB, which is less than 300 lines.
#[test]
fn a_reader_that_stops_reading_delays_neither_probes_nor_the_end() {
    let (target, probes) = peer();
    let mut child = start(&target, "2ms", &[], Stdio::piped());
    wait_for(&probes, 1_500);
    signal(child.id(), "TERM");
    let (took, status) = end(&mut child);
    assert!(took < SECOND, "{took:?}");
    assert_eq!(status, Some(0));
}

#[test]
fn a_full_disk_is_survived() {
    let (target, probes) = peer();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut child = start(&target, "5ms", &[], full.into());
    wait_for(&probes, 200);
    signal(child.id(), "TERM");
    assert_eq!(end(&mut child).1, Some(0));
}

#[test]
fn a_reader_that_goes_away_ends_a_watch_that_has_no_other_reader() {
    let (target, probes) = peer();
    let mut child = start(&target, "5ms", &[], Stdio::piped());
    drop(child.stdout.take());
    assert_eq!(end(&mut child).1, Some(0));

    let metrics = ["--metrics", "127.0.0.1:0"];
    let mut child = start(&target, "5ms", &metrics, Stdio::piped());
    drop(child.stdout.take());
    wait_for(&probes, probes.load(Ordering::Relaxed) + 200);
    signal(child.id(), "TERM");
    assert_eq!(end(&mut child).1, Some(0));
}

#[test]
fn single_probes_can_be_left_out() {
    let (target, _) = peer();
    let options = ["--events-only", "--for", "1s"];
    let mut child = start(&target, "100ms", &options, Stdio::piped());
    let mut said = String::new();
    let mut output = child.stdout.take().unwrap();
    output.read_to_string(&mut said).unwrap();
    child.wait().unwrap();
    for event in ["start", "verdict", "summary"] {
        assert!(said.contains(&format!("\"event\":\"{event}\"")), "{said}");
    }
    for event in ["answer", "lost", "late", "failed"] {
        assert!(!said.contains(&format!("\"event\":\"{event}\"")), "{said}");
    }
}
