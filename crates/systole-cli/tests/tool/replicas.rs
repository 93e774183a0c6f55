//! Several targets in one watch: replicas of which one is in use, and a file of settings that changes meanwhile.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::echo::Echo;
use crate::tool::{Watch, tool};
use serde_json::Value;
use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::process::free_port;
use systole_testkit::servers::signal::signal;

const SECOND: Duration = Duration::from_secs(1);

/// The bound is 200 ms and three timeouts of 100 ms.
#[test]
fn a_silent_replica_is_left_for_the_other_and_quarantined() {
    let (first, second) = (Echo::start(), Echo::start());
    let folder = Folder::new("replicas");
    let text = format!(
        "targets = [{:?}, {:?}]\nevery = \"200ms\"\nmax = \"200ms\"\ntimeout_ms = 100\nretry_attempts = 2\nfailover_enabled = true\nquarantine = \"1s\"\n",
        first.target, second.target
    );
    let config = folder.text("watch.toml", &text);
    let mut watch = Watch::start(["--config", config.to_str().unwrap()]);
    let is_health = |line: &Value| line["event"] == "condition" && line["to"] == "healthy";
    for _ in 0..2 {
        watch.until("health", 5 * SECOND, is_health);
    }
    first.silence(true);
    let crash = Instant::now();
    let switched = watch.until("switch", 5 * SECOND, |line| line["event"] == "switched");
    assert!(crash.elapsed() < SECOND, "{:?}", crash.elapsed());
    assert_eq!(
        (&switched["target"], &switched["from"]),
        (&(*second.target).into(), &(*first.target).into())
    );
    let quarantined = watch.until("quarantine", SECOND, |line| line["event"] == "quarantined");
    assert_eq!(
        (&quarantined["target"], &quarantined["span_ms"]),
        (&(*first.target).into(), &1_000.0.into())
    );
    first.silence(false);
    watch.until("release", 5 * SECOND, |line| {
        line["event"] == "released" && line["target"] == *first.target
    });
    assert_eq!(watch.stop("TERM").1, 0, "the one in use is alive");
}

#[test]
fn targets_and_groups_of_a_file_have_names_and_settings_of_their_own() {
    let (gate, first, second) = (Echo::start(), Echo::start(), Echo::start());
    let folder = Folder::new("own");
    let text = format!(
        "every = \"50ms\"\n[[target]]\nurl = {:?}\nalias = \"gate\"\nevery = \"9s\"\n\
         [[group]]\nname = \"pair\"\ntargets = [{:?}, {:?}]\n",
        gate.target, first.target, second.target
    );
    let config = folder.text("watch.toml", &text);
    let mut watch = Watch::start(["--config", config.to_str().unwrap(), "--for", "2s"]);
    assert_eq!(watch.end().1, 0);
    let probes = |name: &str| {
        let answers = watch.seen.iter().filter(|line| line["event"] == "answer");
        answers.filter(|line| line["target"] == name).count()
    };
    assert_eq!(probes("gate"), 1, "its interval is its own");
    assert!(probes(&first.target) > 10 && probes(&second.target) > 0);
}

#[test]
fn targets_of_one_watch_are_told_apart() {
    let (alive, silent) = (Echo::start(), Echo::start());
    silent.silence(true);
    let options = "--every 50ms --detect-within 500ms --for 1s";
    let mut watch = Watch::start(
        [&*alive.target, &*silent.target]
            .into_iter()
            .chain(options.split(' ')),
    );
    let (_, status) = watch.end();
    assert_eq!(status, 1, "one of them is dead");
    let answered = |line: &&Value| line["event"] == "answer";
    assert!(watch.seen.iter().filter(answered).count() > 1);
    assert!(
        watch
            .seen
            .iter()
            .filter(answered)
            .all(|line| line["target"] == *alive.target)
    );
    let dead = watch
        .seen
        .iter()
        .find(|line| line["event"] == "verdict" && line["verdict"] == "dead")
        .unwrap();
    assert_eq!(dead["target"], *silent.target);
}

#[test]
fn settings_are_read_again_and_what_stays_keeps_its_verdict() {
    let (stays, goes, comes) = (Echo::start(), Echo::start(), Echo::start());
    let folder = Folder::new("reload");
    let write = |text: &str| folder.text("watch.toml", text);
    let config = write(&format!(
        "targets = [{:?}, {:?}]\nevery = \"100ms\"\n",
        stays.target, goes.target
    ));
    let mut watch = Watch::start(["--config", config.to_str().unwrap()]);
    let of = |peer: &Echo| {
        let target = peer.target.clone();
        move |line: &Value, event: &str| line["event"] == event && line["target"] == *target
    };
    let (of_stays, of_goes, of_comes) = (of(&stays), of(&goes), of(&comes));
    watch.until("answer", 5 * SECOND, |line| of_goes(line, "answer"));

    write("targets = []\nretry_atempts = 1\n");
    signal(watch.pid(), "HUP");
    let refused = watch.until("refusal", 5 * SECOND, |line| line["event"] == "refused");
    assert!(refused.get("target").is_none(), "it concerns all of them");
    let why = refused["note"].as_str().unwrap();
    assert!(
        why.contains("watch.toml:2: unknown field `retry_atempts`"),
        "{why}"
    );

    write(&format!(
        "targets = [{:?}, {:?}]\nevery = \"300ms\"\n",
        stays.target, comes.target
    ));
    signal(watch.pid(), "HUP");
    let reloaded = watch.until("reload", 5 * SECOND, |line| of_stays(line, "reloaded"));
    assert_eq!(reloaded["verdict"], "alive");
    assert!(
        reloaded["interval_ms"].as_f64() >= Some(270.0),
        "{reloaded}"
    );
    watch.until("answer", 5 * SECOND, |line| of_comes(line, "answer"));
    assert!(watch.seen.iter().any(|line| of_goes(line, "summary")));
    assert!(
        watch
            .seen
            .iter()
            .filter(|line| of_stays(line, "start"))
            .count()
            == 1
    );
    assert_eq!(watch.stop("TERM").1, 0);
}

#[test]
fn every_replica_has_series_of_its_own() {
    let (first, second) = (Echo::start(), Echo::start());
    let address = format!("127.0.0.1:{}", free_port());
    let targets = [&*first.target, &*second.target];
    let options = ["--failover", "--every", "100ms", "--metrics", &address];
    let _watch = Watch::start(targets.into_iter().chain(options));
    let active =
        |target, value| format!("systole_active{{group=\"watch\",peer=\"{target}\"}} {value}");
    let wanted = [active(&first.target, 1), active(&second.target, 0)];
    let born = Instant::now();
    while !wanted.iter().all(|line| scrape(&address).contains(line)) {
        assert!(born.elapsed() < 5 * SECOND, "{}", scrape(&address));
    }
}

/// Nothing where it is not served yet.
fn scrape(address: &str) -> String {
    let mut text = String::new();
    if let Ok(mut stream) = TcpStream::connect(address) {
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        stream.read_to_string(&mut text).unwrap();
    }
    text
}

#[test]
fn a_file_with_a_mistake_is_one_clear_line() {
    let folder = Folder::new("mistakes");
    for (text, words) in [
        (
            "targets = [\"tcp://h:1\"]\n\ntimeout = 800\n",
            "watch.toml:3: unknown field `timeout`",
        ),
        (
            "targets = [\n\"ftp://h:1\"]\n",
            "watch.toml:2: unknown scheme 'ftp'",
        ),
        ("every = \"1s\"\n", "there is no target"),
        (
            "targets = [\"tcp://127.0.0.1:1\", \"tcp://127.0.0.1:1/\"]\n",
            "is given twice",
        ),
        (
            "targets = [\"tcp://127.0.0.1:1\"]\n\ntimeout_ms = 0\n",
            "watch.toml:3: the shortest timeout of 0 s is out of range",
        ),
        (
            "failover_enabled = true\ntargets = [\"tcp://127.0.0.1:1\"]\n# none\nquarantine = \"0s\"\n",
            "watch.toml:4: the first quarantine of 0 s is out of range",
        ),
        (
            "targets = [\"tcp://127.0.0.1:1\"]\nmin = \"9s\"\n",
            "watch.toml:2: the longest interval of 4 s is out of range",
        ),
        (
            "min = \"1s\"\n[[target]]\nurl = \"tcp://127.0.0.1:1\"\nmin = \"9s\"\n",
            "watch.toml:4: the longest interval of 4 s is out of range",
        ),
        (
            "[[target]]\nurl = \"tcp://h:1\"\nalias = \"x\"\n[[target]]\nurl = \"tcp://h:2\"\nalias = \"x\"\n",
            "x is given twice",
        ),
    ] {
        let file = folder.text("watch.toml", text);
        let output = tool()
            .args(["watch", "--for", "1s", "--config"])
            .arg(file)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}: {said}");
        assert!(
            said.contains(words) && said.lines().count() == 1,
            "{text}: {said}"
        );
    }
}
