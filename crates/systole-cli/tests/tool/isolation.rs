//! What is wrong with one target does not concern the others, at the start and at SIGHUP.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::echo::Echo;
use crate::tool::{Watch, tool};
use serde_json::Value;
use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::process::free_port;
use systole_testkit::servers::signal::signal;

const SECOND: Duration = Duration::from_secs(1);

/// A name that is too long for any resolver, so that none is asked.
fn without_address() -> String {
    format!("redis://{}.test:6379", "a".repeat(70))
}

#[test]
fn a_name_without_an_address_is_the_state_of_its_target_alone() {
    let (good, bad) = (Echo::start(), without_address());
    let options = "--every 100ms --detect-within 500ms --for 2s";
    let mut watch = Watch::start([&*good.target, &bad].into_iter().chain(options.split(' ')));
    let (_, status) = watch.end();
    assert_eq!(status, 1, "one of them is not alive");
    let of = |target: &str, event: &str| {
        let is = |line: &&Value| line["target"] == target && line["event"] == event;
        watch.seen.iter().filter(is).count()
    };
    assert!(of(&good.target, "answer") >= 5, "{:?}", watch.seen);
    assert!(of(&bad, "unsent") >= 2, "it is told, and tried again");
    let mut of_bad = watch.seen.iter().filter(|line| line["target"] == *bad);
    assert!(
        of_bad.all(|line| line["verdict"] == "unknown"),
        "what cannot be sent is no evidence"
    );
}

/// The first of two replicas refuses, so that the second one is in use.
#[test]
fn a_group_whose_file_is_read_again_stays_with_its_active_endpoint() {
    let (second, folder) = (Echo::start(), Folder::new("group"));
    let text = format!(
        "targets = [\"udp://127.0.0.1:{}\", {:?}]\nevery = \"100ms\"\nfailover_enabled = true\ntimeout_ms = 50\n",
        free_port(),
        second.target
    );
    let config = folder.text("watch.toml", &text);
    let mut watch = Watch::start(["--config", config.to_str().unwrap()]);
    watch.until("switch", 5 * SECOND, |line| line["event"] == "switched");
    signal(watch.pid(), "HUP");
    watch.until("reload", 5 * SECOND, |line| line["event"] == "reloaded");
    watch.listen(2 * SECOND);
    // neither with other settings nor with one more target
    let third = Echo::start();
    let more = text
        .replace("100ms", "110ms")
        .replace("targets = [", &format!("targets = [{:?}, ", third.target));
    folder.text("watch.toml", &more);
    signal(watch.pid(), "HUP");
    watch.until("health", 5 * SECOND, |line| {
        line["target"] == *third.target && line["to"] == "healthy"
    });
    watch.listen(SECOND);
    let switches = watch.seen.iter().filter(|line| line["event"] == "switched");
    assert_eq!(switches.count(), 1);
    assert_eq!(watch.stop("TERM").1, 0);
}

#[test]
fn a_group_can_be_watched_every_second_and_within_three() {
    let (first, second) = (Echo::start(), Echo::start());
    let options = "--failover --every 1s --detect-within 3s --for 1s";
    let targets = [&*first.target, &*second.target];
    let (_, status) = Watch::start(targets.into_iter().chain(options.split(' '))).end();
    assert_eq!(status, 0);
}

/// It accepts, and never replies.
#[test]
fn a_target_that_hangs_holds_two_connections_at_most() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let watch = Watch::start([&*target, "--every", "50ms", "--detect-within", "5s"]);
    let mut open: Vec<TcpStream> = Vec::new();
    listener.set_nonblocking(true).unwrap();
    let (born, mut most) = (Instant::now(), 0);
    while born.elapsed() < 3 * SECOND {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(true).unwrap();
            open.push(stream);
        }
        open.retain_mut(|stream| !matches!(stream.read(&mut [0; 4_096]), Ok(0)));
        most = most.max(open.len());
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!((1..=3).contains(&most), "{most}, one of them being closed");
    assert_eq!(watch.stop("TERM").1, 1);
}

#[test]
fn what_a_server_says_cannot_move_the_cursor() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1_024]);
            let _ =
                stream.write_all(b"HTTP/1.1 500 \x1b[2J\xc2\x9b31m\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let options = ["--every", "100ms", "--for", "1s", "--plain"];
    let output = tool()
        .arg("watch")
        .arg(target)
        .args(options)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        !said.chars().any(|one| one.is_control() && one != '\n'),
        "{said:?}"
    );
}
