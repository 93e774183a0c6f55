//! What the settings of a file lead to: names that tell targets apart, reasons in every output, and
//! fair shares of what is scarce.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread::spawn;
use std::time::Duration;

use crate::echo::Echo;
use crate::tool::{Watch, tool};
use serde_json::Value;
use systole_testkit::deep;
use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::process::free_port;
use systole_testkit::servers::signal::signal;

/// Runs a watch with a file to its end; returns its lines.
fn watch(text: &str, more: &[&str]) -> Vec<Value> {
    let folder = Folder::new("settings");
    let config = folder.text("watch.toml", text);
    let config = ["--config", config.to_str().unwrap()];
    let mut watch = Watch::start(config.iter().chain(more));
    let (last, _) = watch.end();
    watch.seen.push(last);
    std::mem::take(&mut watch.seen)
}

/// What a file that is refused is told.
fn refused(text: &str) -> String {
    let folder = Folder::new("refused");
    let config = folder.text("watch.toml", text);
    let output = tool().arg("watch").arg("--config").arg(config).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn targets_that_are_shown_alike_are_told_apart() {
    let peer = Echo::start();
    let (echo, port) = (&peer.target, free_port());
    let text = format!(
        "targets = [\"http://127.0.0.1:{port}/?a\", \"http://127.0.0.1:{port}/?b\", \
         \"redis://127.0.0.1:{port}/?role=primary\", \"redis://127.0.0.1:{port}?role=replica\"]\n\
         [[target]]\nurl = {echo:?}\n[[group]]\nname = \"pair\"\ntargets = [{echo:?}]\n"
    );
    let lines = watch(&text, &["--for", "500ms"]);
    let summaries = lines.iter().filter(|line| line["event"] == "summary");
    let names: Vec<_> = summaries
        .map(|line| line["target"].as_str().unwrap())
        .collect();
    let expected = [
        &format!("http://127.0.0.1:{port}/"),
        &format!("http://127.0.0.1:{port}/ (2)"),
        &format!("redis://127.0.0.1:{port}?role=primary"),
        &format!("redis://127.0.0.1:{port}?role=replica"),
        echo,
        &format!("{echo} (pair)"),
    ];
    assert_eq!(names, expected);
}

#[test]
fn what_could_be_confused_is_refused() {
    let group = "[[group]]\nname = \"db\"\ntargets = [\"tcp://a:1\"]\n";
    for (text, words) in [
        (
            format!("{group}[[target]]\nurl = \"tcp://b:1\"\nalias = \"db\""),
            "db is given twice",
        ),
        (
            "targets = [\"tcp://a:1\"]\n[[target]]\nurl = \"tcp://b:1\"\nalias = \"tcp://a:1\""
                .into(),
            "tcp://a:1 is given twice",
        ),
        (
            "targets = [\"tcp://a:1\"]\nevery = 1".into(),
            ":2: 1 has no unit",
        ),
        (
            "targets = [\"tcp://a:1\"]\nretry_attempts = 99999".into(),
            ":2: 99999 retries",
        ),
        (
            "targets = [\"tcp://a:99999\"]".into(),
            "port 99999 is not 1 to 65535",
        ),
    ] {
        let said = refused(&text);
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn the_reason_is_told_where_single_probes_are_not() {
    let refuses = format!("tcp://127.0.0.1:{}", free_port());
    let options = [
        "--events-only",
        "--every",
        "100ms",
        "--detect-within",
        "500ms",
        "--for",
        "2s",
    ];
    let nowhere = "redis://a..b:6379";
    let mut watch = Watch::start([&*refuses, nowhere].iter().chain(&options));
    watch.end();
    let of = |target: &str, event: &str| {
        let is_it = |line: &&Value| line["target"] == target && line["event"] == event;
        watch
            .seen
            .iter()
            .find(is_it)
            .unwrap_or_else(|| panic!("{event}: {:?}", watch.seen))
    };
    assert_eq!(of(&refuses, "verdict")["note"], "refused");
    let blind = of(nowhere, "blind");
    assert_eq!(
        (&blind["reason"], &blind["verdict"]),
        (&"cannot send".into(), &"unknown".into())
    );
    let why = blind["note"].as_str().unwrap();
    assert!(why.contains("no address for a..b: it is no name"), "{why}");
}

/// 60 targets that keep connections open have 25 descriptors.
#[test]
fn scarce_descriptors_are_shared_by_all_targets() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    spawn(move || {
        for stream in listener.incoming() {
            spawn(move || {
                let mut stream = stream.unwrap();
                while stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                }
            });
        }
    });
    let targets: Vec<_> = (0..60)
        .map(|n| format!("http://127.0.0.1:{port}/{n}"))
        .collect();
    let run = "ulimit -n 100; exec \"$@\"";
    let output = Command::new("sh")
        .args([
            "-c",
            run,
            "sh",
            env!("CARGO_BIN_EXE_systole"),
            "watch",
            "--json",
        ])
        .args(["--every", "500ms", "--for", "5s"])
        .args(&targets)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut summaries = lines.iter().filter(|line| line["event"] == "summary");
    assert!(summaries.all(|line| line["verdict"] == "alive"), "{text}");
    assert!(!lines.iter().any(|line| line["verdict"] == "dead"));
}

/// `SYSTOLE_DEEP=1` sends a thousand.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_changes_again_and_again_leaves_nothing_behind() {
    let (folder, peers) = (Folder::new("reloads"), [(); 4].map(|()| Echo::start()));
    let refuses = free_port();
    let write = |turn: usize| {
        let stays = &peers[0].target;
        let comes = &peers[1 + turn % 3].target;
        let text = format!(
            "every = \"{}ms\"\ntargets = [{stays:?}, {comes:?}, \"http://127.0.0.1:{refuses}/{turn}\"]\n\
             [[group]]\nname = \"g{}\"\ntargets = [\"redis://127.0.0.1:{refuses}/?role=primary\"]\n",
            100 + turn % 7,
            turn % 5
        );
        folder.text("watch.toml", &text)
    };
    let config = write(0);
    let options = ["--events-only", "--config", config.to_str().unwrap()];
    let mut watch = Watch::start(options);
    watch.verdict("alive", Duration::from_secs(10));
    let turns = if deep::is_wanted() { 1_000 } else { 60 };
    let (mut early, mut last) = ((0, 0), (0, 0));
    for turn in 1..=turns {
        write(turn);
        signal(watch.pid(), "HUP");
        watch.until("reload", Duration::from_secs(10), |line| {
            line["event"] == "reloaded" && line["target"] == *peers[0].target
        });
        last = crate::hostile::usage(watch.pid());
        if turn <= turns / 2 {
            early = (early.0.max(last.0), early.1.max(last.1));
        }
    }
    assert!(last.1 <= early.1 + 4, "{last:?} after {early:?}");
    assert!(
        last.0 <= early.0 + 4 * 1024 * 1024,
        "{last:?} after {early:?}"
    );
    let (_, status) = watch.stop("TERM");
    assert_eq!(status, 1, "one of them refuses");
}
