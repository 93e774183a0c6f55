//! `systole record`, end to end: what was recorded is on disk whatever ends the recording, and `replay` reads it.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::tool::tool;
use systole_lab::Trace;
use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::signal::signal;

const PATIENCE: Duration = Duration::from_secs(20);

/// A peer that loses every tenth probe; its address, and the number of each probe as it arrives.
fn peer() -> (String, Receiver<usize>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = format!("udp://{}", socket.local_addr().unwrap());
    let (sender, heard) = channel();
    std::thread::spawn(move || {
        let mut datagram = [0; 64];
        for number in 1.. {
            let (length, from) = socket.recv_from(&mut datagram).unwrap();
            if number % 10 != 0 {
                socket.send_to(&datagram[..length], from).unwrap();
            }
            if sender.send(number).is_err() {
                return;
            }
        }
    });
    (target, heard)
}

fn record(target: &str, file: &Path, more: &[&str]) -> Child {
    let mut command = tool();
    command.args(["record", target, "-o", file.to_str().unwrap()]);
    command.args(more).stderr(Stdio::null()).spawn().unwrap()
}

/// Records until the peer has heard `probes`, then sends the signal.
fn interrupted(file: &Path, probes: usize, by: &str) -> ExitStatus {
    let (target, heard) = peer();
    let mut child = record(
        &target,
        file,
        &["--every", "10ms", "--reply-window", "50ms"],
    );
    while heard.recv_timeout(PATIENCE).unwrap() < probes {}
    signal(child.id(), by);
    child.wait().unwrap()
}

/// In order of sending, with the losses of the peer, and with all but the probes of the last moments.
fn check(trace: &Trace, probes: usize) {
    assert!(trace.len() + 15 >= probes, "{} of {probes}", trace.len());
    assert!(trace.losses() + 2 >= trace.len() / 10, "{}", trace.losses());
    assert!(trace.losses() < trace.len() / 2, "{}", trace.losses());
    let header = trace.header().join("\n");
    for note in ["recorded by: systole", "target: udp://", "every: 10ms"] {
        assert!(header.contains(note), "{header}");
    }
}

#[test]
fn ctrl_c_and_sigterm_leave_a_recording_that_replay_reads() {
    let folder = Folder::new("record");
    for by in ["INT", "TERM"] {
        let file = folder.file(&format!("{by}.csv"));
        let status = interrupted(&file, 100, by);
        assert_eq!(status.code(), Some(0), "{by}");
        check(&Trace::load(&file).unwrap(), 100);
        let mut replay = tool();
        replay.args(["replay", "--json", "--detect-within", "200ms"]);
        let output = replay.args(["--crashes", "20"]).arg(&file).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        let rows = String::from_utf8(output.stdout).unwrap();
        assert!(
            rows.starts_with(&format!("{{\"trace\":\"{by}\",")),
            "{rows}"
        );
        assert_eq!(rows.lines().count(), 2);
    }
}

/// Nobody can tidy up after this one: every row was on disk before.
#[test]
fn a_killed_recording_is_on_disk() {
    let folder = Folder::new("killed");
    let file = folder.file("t.csv");
    let status = interrupted(&file, 60, "KILL");
    assert_eq!(status.code(), None);
    check(&Trace::load(&file).unwrap(), 60);
}

#[test]
fn it_ends_by_itself_and_says_how_much_there_is() {
    let folder = Folder::new("ends");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("tcp://{}", listener.local_addr().unwrap());
    let file = folder.file("t.csv");
    let mut command = tool();
    command.args(["record", &*target, "-o", file.to_str().unwrap()]);
    let output = command.args(["--every", "20ms", "--for", "300ms"]).output();
    let output = output.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let trace = Trace::load(&file).unwrap();
    let sum = format!("t.csv: {} rows, {} lost\n", trace.len(), trace.losses());
    assert!(said.ends_with(&sum), "{said}, not {sum}");
    assert!(trace.len() >= 5, "{said}");
}

/// A web server that asks once to be left alone for a second, and answers gladly then.
fn pushing_back() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut head = "503 Service Unavailable\r\nRetry-After: 1";
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4_096];
            while stream.read(&mut request).is_ok_and(|length| length > 0) {
                let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).unwrap();
                head = "200 OK";
            }
        }
    });
    target
}

#[test]
fn a_server_that_pushes_back_is_left_alone() {
    let folder = Folder::new("pushback");
    let file = folder.file("t.csv");
    let limits = ["--every", "20ms", "--for", "1500ms"];
    let ended = record(&pushing_back(), &file, &limits).wait();
    assert_eq!(ended.unwrap().code(), Some(0));
    let trace = Trace::load(&file).unwrap();
    let sent: Vec<_> = trace.rows().map(|row| row.sent).collect();
    let gap = sent[1].saturating_duration_since(sent[0]);
    assert!(gap >= Duration::from_millis(980), "{gap:?}"); // the answer took a moment
    assert!(sent.len() > 2 && trace.losses() == 0, "{trace:?}");
}

#[test]
fn nothing_heard_is_nothing_recorded_and_troubles_are_one_line() {
    let folder = Folder::new("troubles");
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = format!("udp://{}", silent.local_addr().unwrap());
    let ended = record(&target, &folder.file("silent.csv"), &["--for", "100ms"]).wait();
    assert_eq!(ended.unwrap().code(), Some(1));
    let taken = folder.text("taken.csv", "precious");
    for (target, file, words) in [
        (&*target, &taken, "there is such a file already"),
        ("ftp://localhost:21", &folder.file("no.csv"), "ftp"),
        (&*target, &folder.file("no/where.csv"), "where.csv: "),
    ] {
        let mut command = tool();
        command.args(["record", target, "-o", file.to_str().unwrap()]);
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
    assert_eq!(std::fs::read_to_string(taken).unwrap(), "precious");
}

#[test]
fn several_targets_are_recorded_at_the_same_moments_into_a_folder() {
    let folder = Folder::new("several");
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let targets = listeners
        .each_ref()
        .map(|listener| format!("tcp://{}", listener.local_addr().unwrap()));
    let output = folder.file("trips");
    let mut command = tool();
    command.arg("record").args(&targets).arg("-o").arg(&output);
    let ended = command.args(["--every", "20ms", "--for", "400ms"]).output();
    let ended = ended.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{said}");
    let sent = targets.map(|target| {
        let name = target.replace("://", "_").replace(':', "_");
        let trace = Trace::load(output.join(format!("{name}.csv"))).unwrap();
        trace.rows().map(|row| row.sent).collect::<Vec<_>>()
    });
    let shorter = sent[0].len().min(sent[1].len());
    assert!(shorter >= 5, "{said}");
    assert_eq!(sent[0][..shorter], sent[1][..shorter], "one clock");
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_without_space_is_said_to_have_none() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("tcp://{}", listener.local_addr().unwrap());
    let mut command = tool();
    let output = command
        .args(["record", &target, "-o", "/dev/full"])
        .output();
    let output = output.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("/dev/full: ") && said.contains("space"),
        "{said}"
    );
}
