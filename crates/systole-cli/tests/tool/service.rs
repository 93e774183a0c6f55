//! What surrounds a watch: programs that run at changes, a service manager, probes of the watch
//! itself, and single verdicts.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::echo::Echo;
use crate::tool::{Watch, tool};
use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::process::free_port;
use systole_testkit::servers::signal::signal;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_program_runs_when_a_verdict_changes() {
    let (peer, folder) = (Echo::start(), Folder::new("hook"));
    let file = folder.file("changes");
    let script = format!(
        "echo $SYSTOLE_FROM $SYSTOLE_TO >> {}; echo told",
        file.display()
    );
    let config = folder.text(
        "watch.toml",
        &format!(
            "targets = [{:?}]\nevery = \"50ms\"\ndetect_within = \"500ms\"\non_change = [\"/bin/sh\", \"-c\", {script:?}]\n",
            peer.target
        ),
    );
    let mut watch = Watch::start(["--config", config.to_str().unwrap()]);
    watch.until("life", 5 * SECOND, |line| {
        line["event"] == "hook" && line["note"] == "told"
    });
    peer.silence(true);
    watch.verdict("dead", 5 * SECOND);
    let born = Instant::now();
    while !std::fs::read_to_string(&file).unwrap().contains("dead") {
        assert!(born.elapsed() < 5 * SECOND);
    }
    watch.stop("TERM");
    let told = std::fs::read_to_string(&file).unwrap();
    assert!(told.starts_with("unknown alive\n"), "{told}");
    let lines: Vec<_> = told
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    assert!(
        lines.windows(2).all(|two| two[0].1 == two[1].0),
        "no change is left out: {told}"
    );
}

#[test]
fn a_service_manager_is_told_what_it_waits_for() {
    let (peer, folder) = (Echo::start(), Folder::new("notify"));
    let path = folder.file("socket");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(5 * SECOND)).unwrap();
    let config = folder.text("watch.toml", &format!("targets = [{:?}]\n", peer.target));
    let mut child = Command::new("/bin/sh")
        .args(["-c", "WATCHDOG_PID=$$ exec \"$0\" watch --config \"$1\""])
        .arg(tool().get_program())
        .arg(config)
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "200000")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let until = |wanted: &str| {
        let mut text = [0; 256];
        loop {
            let length = manager.recv(&mut text).unwrap();
            if String::from_utf8_lossy(&text[..length]).contains(wanted) {
                return;
            }
        }
    };
    until("READY=1");
    for _ in 0..3 {
        until("WATCHDOG=1");
    }
    signal(child.id(), "HUP");
    until("RELOADING=1");
    until("READY=1");
    signal(child.id(), "TERM");
    until("STOPPING=1");
    child.wait().unwrap();
}

fn get(address: &str, request: &str) -> String {
    let born = Instant::now();
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(error) => assert!(born.elapsed() < 5 * SECOND, "{error}"),
        }
    };
    let mut text = String::new();
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_watch_can_be_probed_and_serves_nothing_else() {
    let peer = Echo::start();
    let address = format!("127.0.0.1:{}", free_port());
    let mut watch = Watch::start([&*peer.target, "--every", "100ms", "--metrics", &address]);
    watch.verdict("alive", 5 * SECOND);
    for (request, status) in [
        ("GET /healthz", "HTTP/1.1 200 OK"),
        ("GET /metrics", "HTTP/1.1 200 OK"),
        ("GET /", "HTTP/1.1 404 Not Found"),
        ("POST /metrics", "HTTP/1.1 405 Method Not Allowed"),
    ] {
        let answer = get(&address, request);
        assert!(answer.starts_with(status), "{request}: {answer}");
    }
    // clients that send no request do not lock out the others
    let idle: Vec<_> = (0..15)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    assert!(get(&address, "GET /healthz").contains("ok"));
    drop(idle);
    assert_eq!(watch.stop("TERM").1, 0);
}

fn check(target: &str, more: &[&str]) -> (Option<i32>, String) {
    let mut command: Command = tool();
    let output = command.args(["check", target]).args(more).output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn one_verdict_is_an_exit_status_and_a_line() {
    let peer = Echo::start();
    let (status, said) = check(&peer.target, &[]);
    assert_eq!(status, Some(0));
    assert!(
        said.starts_with(&format!("{}: alive, round trip", peer.target)),
        "{said}"
    );

    let refuses = format!("tcp://127.0.0.1:{}", free_port());
    let (status, said) = check(&refuses, &["--within", "500ms"]);
    assert_eq!(
        (status, said),
        (Some(1), format!("{refuses}: dead, refused\n"))
    );
    assert_eq!(check("gopher://h:1", &[]).0, Some(2));
}

/// It accepts, and never replies.
#[test]
fn a_check_of_a_target_that_hangs_takes_as_long_as_was_said() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let began = Instant::now();
    assert_eq!(check(&target, &["--within", "2s"]).0, Some(1));
    let took = began.elapsed();
    assert!(took <= 2 * SECOND + SECOND / 2, "{took:?}");
}

#[test]
fn a_check_waits_until_the_target_is_there() {
    let port = free_port();
    let target = format!("tcp://127.0.0.1:{port}");
    let waits = std::thread::spawn(move || check(&target, &["--within", "500ms", "--wait", "20s"]));
    std::thread::sleep(SECOND);
    let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert_eq!(waits.join().unwrap().0, Some(0));
}
