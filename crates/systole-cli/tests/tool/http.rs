//! Against a real nginx: what a status means, a server that hangs, certificates.

use std::time::Duration;

use crate::certificate;
use crate::hang;
use crate::prometheus::{free_address, get};
use crate::terminal::Terminal;
use crate::tool::{Watch, tool};
use serde_json::Value;
use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::nginx::nginx;

fn of<'a>(lines: &'a [Value], target: &str) -> impl Iterator<Item = &'a Value> {
    lines.iter().filter(move |line| line["target"] == target)
}

#[test]
fn the_status_says_whether_it_is_alive() {
    let Some((server, _folder)) = nginx("status", "") else {
        return;
    };
    let target = |path| format!("http://127.0.0.1:{}/{path}", server.port);
    let targets = ["fine", "moved", "many", "later", "broken", "none"].map(target);
    let mut watch = Watch::start(
        targets
            .iter()
            .map(String::as_str)
            .chain("--every 50ms --max 10s --detect-within 1s --for 2s".split(' ')),
    );
    let (_, status) = watch.end();
    assert_eq!(status, 1, "three of them are dead");
    let lines = &watch.seen;
    for alive in &targets[..3] {
        assert!(
            of(lines, alive).any(|line| line["event"] == "answer"),
            "{alive}"
        );
        assert!(
            of(lines, alive).all(|line| line["verdict"] != "dead"),
            "{alive}"
        );
    }
    let longest = |target| {
        of(lines, target)
            .filter_map(|line| line["interval_ms"].as_f64())
            .fold(0.0, f64::max)
    };
    for pushing in &targets[2..3] {
        assert!(
            of(lines, pushing).any(|line| line["pushback"] == true),
            "{pushing}"
        );
        assert!(longest(pushing) >= 400.0, "{pushing}: {}", longest(pushing));
    }
    for (broken, words) in [
        (&targets[3], "HTTP 503"),
        (&targets[4], "HTTP 500"),
        (&targets[5], "HTTP 404"),
    ] {
        let said = |line: &Value| {
            line["reason"] == "unhealthy"
                && line["note"].as_str().unwrap_or_default().starts_with(words)
        };
        assert!(of(lines, broken).any(said), "{broken}");
        assert!(
            of(lines, broken).all(|line| line["event"] != "answer"),
            "{broken}"
        );
    }
}

#[test]
fn a_stopped_server_is_dead_within_the_bound_and_recovers() {
    let Some((server, _folder)) = nginx("stopped", "") else {
        return;
    };
    let target = format!("http://127.0.0.1:{}/fine", server.port);
    hang::is_noticed(&target, server.pid());
}

#[test]
fn a_certificate_is_believed_where_somebody_vouches_for_it() {
    let files = Folder::new("certificate");
    let [certificate, key] = certificate::self_signed(&files);
    let ssl = format!(
        "ssl; ssl_certificate {}; ssl_certificate_key {}",
        certificate.display(),
        key.display()
    );
    let Some((server, _folder)) = nginx("https", &ssl) else {
        return;
    };
    let target = format!("https://localhost:{}/fine", server.port);
    let refused = |arguments: &[&str], words: &str| {
        let output = tool()
            .args(["watch", "--for", "3s"])
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    };
    let fails = |arguments: &[&str], words: &str| {
        let quickly = [
            "--every",
            "100ms",
            "--detect-within",
            "500ms",
            "--for",
            "2s",
        ];
        let mut watch = Watch::start([arguments, &quickly].concat());
        assert_eq!(watch.end().1, 1);
        let said = |line: &Value| line["note"] == words;
        assert!(watch.seen.iter().any(said), "{:?}", watch.seen);
    };
    fails(
        &[&target],
        "nobody vouches for it (--ca FILE adds one who does)",
    );
    let other_name = target.replace("localhost", "127.0.0.1");
    let certificate = certificate.to_str().unwrap();
    fails(
        &[&other_name, "--ca", certificate],
        "it is made out to another name",
    );
    refused(
        &[&target, "--ca", key.to_str().unwrap()],
        "there is no certificate in it",
    );
    refused(&[&target, "--ca", "no-such.pem"], "no-such.pem");

    let mut terminal = Terminal::start(&[&target, "--for", "3s"]);
    terminal.until("nobody vouches for it");
    assert_eq!(terminal.end("failed").0.code(), Some(1));

    let recording = files.file("recording.csv");
    let recorded = tool()
        .args(["record", &target, "-o"])
        .arg(&recording)
        .output()
        .unwrap();
    assert_eq!(
        (recorded.status.code(), recording.exists()),
        (Some(2), false)
    );

    let mut watch = Watch::start([
        &*target,
        "--ca",
        certificate,
        "--every",
        "100ms",
        "--for",
        "3s",
    ]);
    let (summary, status) = watch.end();
    assert!(!watch.has_seen("certificate"), "it is good for long");
    assert_eq!((status, &summary["verdict"]), (0, &"alive".into()));
    assert!(
        summary["answered"].as_u64() > Some(1) && summary["failed"] == 0,
        "{summary}"
    );
}

#[test]
fn a_certificate_that_expires_soon_is_told_and_exported() {
    let files = Folder::new("expires");
    let nine_days = Duration::from_secs(9 * 24 * 3_600 + 3_600);
    let [certificate, key] = certificate::expiring_in(&files, nine_days);
    let ssl = format!(
        "ssl; ssl_certificate {}; ssl_certificate_key {}",
        certificate.display(),
        key.display()
    );
    let Some((server, _folder)) = nginx("expires", &ssl) else {
        return;
    };
    let target = format!("https://localhost:{}/fine", server.port);
    let (certificate, address) = (certificate.to_str().unwrap(), free_address());
    let metrics = address.to_string();
    let options = [
        "--ca",
        certificate,
        "--every",
        "100ms",
        "--metrics",
        &metrics,
    ];
    let more = ["--events-only"];
    let mut watch = Watch::start([&[&*target], &options[..], &more].concat());
    let told = watch.until("certificate", Duration::from_secs(10), |line| {
        line["event"] == "certificate"
    });
    assert_eq!(told["note"], "its certificate expires in 9 days");
    let body = get(address, "/metrics").unwrap();
    let series = format!("systole_certificate_expires_timestamp_seconds{{peer=\"{target}\"}}");
    assert!(body.contains(&series), "{body}");
    watch.listen(Duration::from_millis(500));
    let (_, status) = watch.stop("TERM");
    assert_eq!(status, 0);
}
