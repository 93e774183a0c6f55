//! Leases on a real etcd.

use std::process::Command;

use systole_testkit::servers::etcd::command;
use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::process::{Server, find};
use systole_testkit::servers::signal::signal;

use super::chaos::disturb;
use super::{Holder, Ledger, STUBBORN, eventually, hold, text_of};

/// Starts an etcd, or says how to install one.
fn etcd() -> Option<(Server, Folder)> {
    find("etcd", "etcd-server")?;
    let folder = Folder::new("hold-etcd");
    let server = Server::start(|port| command(&folder, "http", port));
    Some((server, folder))
}

fn at(port: u16) -> String {
    format!("etcd://127.0.0.1:{port}/locks/nightly")
}

/// Calls the gateway by another client.
fn gateway(server: &Server, name: &str, request: &str) -> String {
    let url = format!("http://127.0.0.1:{}/v3/{name}", server.port);
    text_of(Command::new("curl").args(["-s", "-m", "10", "-d", request, &url]))
}

/// `locks/nightly`, as JSON has it.
const KEY: &str = "bG9ja3MvbmlnaHRseQ==";

#[test]
fn the_command_runs_in_the_epoch_of_its_key_which_is_gone_afterwards() {
    let Some((server, _folder)) = etcd() else {
        return;
    };
    let arguments = |option| {
        let script = "echo $SYSTOLE_EPOCH; exit 7";
        [
            at(server.port),
            option,
            "--ttl=5s".into(),
            "sh".into(),
            "-c".into(),
            script.into(),
        ]
    };
    let mut last = 1;
    for _ in 0..2 {
        let (code, output, errors) = hold(arguments("--once".to_owned()));
        assert_eq!(code, 7, "{errors}");
        let epoch: u64 = output.trim().parse().unwrap();
        assert!(epoch > last, "{epoch} after {last}");
        last = epoch;
        let range = format!(r#"{{"key":"{KEY}"}}"#);
        let found = gateway(&server, "kv/range", &range);
        assert!(
            found.contains("revision") && !found.contains("kvs"),
            "{found}"
        );
        let leases = gateway(&server, "lease/leases", "{}");
        assert!(!leases.contains("ID"), "no lease is left behind: {leases}");
    }
}

#[test]
fn a_key_that_another_has_is_waited_for_and_one_that_is_deleted_is_lost() {
    let Some((server, _folder)) = etcd() else {
        return;
    };
    let ledger = Ledger::new();
    let start = |option: &str| {
        let options = [&*at(server.port), "--ttl", "3s", option].map(str::to_owned);
        Holder::start(options.into_iter().chain(ledger.command(STUBBORN)))
    };
    let first = start("--quiet");
    let epoch = ledger.until_epoch(1);
    let (code, _, errors) = hold([&*at(server.port), "--once", "true"]);
    assert_eq!(code, 123);
    let holder = format!("(process {}) holds", first.pid());
    assert!(
        errors.contains(&holder) && errors.contains("another holds it"),
        "{errors}"
    );
    gateway(&server, "kv/deleterange", &format!(r#"{{"key":"{KEY}"}}"#));
    let (code, _, errors) = first.end();
    assert_eq!(code, 124, "{errors}");
    assert!(errors.contains("the server says: "), "{errors}");
    let second = start("--retry");
    ledger.until_epoch(epoch + 1);
    ledger.assert_no_overlap();
    signal(second.pid(), "TERM");
    assert_eq!(second.end().0, 128 + 9, "it ignores SIGTERM");
}

#[test]
fn a_ttl_is_in_whole_seconds() {
    let (code, _, errors) = hold(["etcd://h/x", "--ttl", "2500ms", "true"]);
    assert_eq!(code, 125);
    assert!(errors.contains("for example --ttl 3s"), "{errors}");
}

#[test]
fn passwords_are_used_and_not_shown() {
    let Some((server, _folder)) = etcd() else {
        return;
    };
    let user = |name: &str, request: &str| {
        let reply = gateway(&server, name, request);
        assert!(reply.contains("revision"), "{reply}");
    };
    user("auth/user/add", r#"{"name":"root","password":"hunter2"}"#);
    user("auth/role/add", r#"{"name":"root"}"#);
    user("auth/user/grant", r#"{"user":"root","role":"root"}"#);
    let enabled = || {
        let reply = gateway(&server, "auth/enable", "{}");
        reply.contains("revision").then_some(())
    };
    eventually("users", enabled);
    for (options, code, words) in [
        ("#user=root&password_env=RIGHT", 0, ""),
        ("#user=root&password_env=WRONG", 123, "was not held: etcd: "),
        ("", 123, "was not held: etcd: "),
    ] {
        let mut command = crate::tool::tool();
        let lease = format!("{}{options}", at(server.port));
        command.args(["hold", &lease, "--ttl", "20s", "--once", "true"]);
        command.env("RIGHT", "hunter2").env("WRONG", "hunter3");
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{options}: {said}");
        assert!(!said.contains("hunter") && said.contains(words), "{said}");
    }
}

#[test]
fn nothing_that_happens_to_rivals_for_etcd_makes_two_of_them_hold() {
    let Some((server, _folder)) = etcd() else {
        return;
    };
    disturb(&server, at, &[server.pid()]);
}
