//! `systole listen`: expected senders, jobs, programs, keys, names used twice, and metrics.

use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;
use systole_testkit::servers::signal::signal;

#[test]
fn expected_senders_that_never_come_and_overdue_jobs_are_told_and_a_program_runs() {
    let folder = Folder::new("expected");
    let keys = folder.keys(&format!("* {KEY}\n"));
    let log = folder.path("log");
    let program = folder.write(
        "hook",
        &format!(
            "#!/bin/sh\necho $SYSTOLE_TARGET $SYSTOLE_FROM $SYSTOLE_TO >> {}\n",
            text(&log)
        ),
    );
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let config = folder.write(
        "config",
        &format!(
            "key_file = {keys:?}\non_change = [{program:?}]\ndetect_within = \"2s\"\n\
            [[sender]]\nid = \"web-1\"\nevery = \"500ms\"\nlabel = \"rack-1\"\n\
            [[sender]]\nid = \"backup\"\noverdue = \"1s\"\n"
        ),
    );
    let (mut listen, to) = listen(&["--config", text(&config)]);
    let overdue = listen.until("overdue", PATIENCE, |line| line["event"] == "overdue");
    assert_eq!(overdue["sender"], "backup");
    let dead = listen.until("dead", PATIENCE, is("web-1", "dead"));
    assert_eq!(
        (&dead["reason"], &dead["label"]),
        (&"never heard".into(), &"rack-1".into())
    );
    let arguments = ["--key-file", text(&keys), "--", "true"];
    assert!(
        beat_command(to, "backup", &folder, &arguments)
            .status()
            .unwrap()
            .success()
    );
    listen.until("left", PATIENCE, is("backup", "left"));
    listen.stop("TERM");
    let log = fs::read_to_string(log).unwrap();
    for line in ["backup unknown overdue", "web-1 unknown dead"] {
        assert!(log.contains(line), "{log}");
    }
    assert!(log.contains("backup overdue"), "it is well again: {log}");
}

#[test]
fn a_key_is_replaced_without_a_gap_and_an_old_one_is_refused_then() {
    let folder = Folder::new("keys");
    let new = "f".repeat(32);
    let keys = folder.keys(&format!("* {new}\n* {KEY}\n"));
    let (mut listen, to) = listen(&["--key-file", text(&keys)]);
    let crowd = Crowd::start(to, 1, 100 * MS); // has the old key
    listen.until("alive", PATIENCE, |line| line["verdict"] == "alive");
    folder.keys(&format!("* {KEY} x\n"));
    signal(listen.pid(), "HUP");
    let refused = listen.until("refused", PATIENCE, |line| line["event"] == "notice");
    let note = refused["note"].as_str().unwrap();
    assert!(
        note.contains("settings not read") && note.contains("keys:1"),
        "{note}"
    );
    folder.keys(&format!("* {new}\n"));
    signal(listen.pid(), "HUP");
    listen.until("dead", PATIENCE, |line| line["verdict"] == "dead");
    drop(crowd);
}

#[test]
fn a_name_that_two_senders_use_is_told() {
    let (mut listen, to) = listen(&[]);
    let sockets = [0; 2].map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
    let beats = spawn(move || {
        for sequence in 0..20 {
            for (socket, incarnation) in sockets.iter().zip([1, 2]) {
                let beat = Beat::new(sequence, 100 * MS).with_id(7);
                let beat = beat.with_incarnation(incarnation);
                socket.send_to(&wire::encode(&beat), to).unwrap();
            }
            sleep(100 * MS);
        }
    });
    let told = listen.until("two", PATIENCE, |line| line["event"] == "contested");
    assert!(told["note"].as_str().unwrap().contains("127.0.0.1:"));
    beats.join().unwrap();
    let (sum, _) = listen.stop("TERM");
    assert_eq!(sum["alive"], 1);
}

#[test]
fn metrics_count_by_label_and_have_no_series_of_a_sender_unless_asked() {
    let port = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let metrics = format!("127.0.0.1:{port}");
    let scrape = |path: &str| {
        let mut stream = TcpStream::connect(&metrics).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    };
    for per_sender in [false, true] {
        let more: &[_] = if per_sender {
            &["--metrics-per-sender"]
        } else {
            &[]
        };
        let (mut listen, to) = listen(&[&["--metrics", &metrics], more].concat());
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let beat = Beat::new(0, 1_000 * MS).with_id(7);
        socket.send_to(&wire::encode(&beat), to).unwrap();
        listen.until("alive", PATIENCE, |line| line["verdict"] == "alive");
        let text = scrape("/metrics");
        assert!(
            text.contains("systole_listen_senders{label=\"\",verdict=\"alive\"} 1"),
            "{text}"
        );
        assert_eq!(text.contains("systole_listen_sender_up"), per_sender);
        assert!(scrape("/").contains("404") && scrape("/healthz").contains("ok"));
        listen.stop("TERM");
    }
}
