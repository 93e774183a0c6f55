//! Leases on a real PostgreSQL.

use std::process::Command;

use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::postgres::postgres;
use systole_testkit::servers::process::Server;
use systole_testkit::servers::signal::signal;

use super::chaos::disturb;
use super::{Holder, Ledger, STUBBORN, eventually, hold, text_of};

fn at(port: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/postgres/nightly")
}

/// Starts a server and waits until it takes connections.
fn started() -> Option<(Server, Folder)> {
    let started = postgres()?;
    let ready = || (sql(&started.0, "SELECT 1") == "1").then_some(());
    eventually("a server that is ready", ready);
    Some(started)
}

/// Asks the server by its own client.
fn sql(server: &Server, statement: &str) -> String {
    let port = server.port.to_string();
    let mut psql = Command::new("psql");
    psql.args([
        "-h",
        "127.0.0.1",
        "-p",
        &port,
        "-U",
        "postgres",
        "-Atc",
        statement,
    ]);
    text_of(&mut psql).trim().into()
}

#[test]
fn the_epoch_rises_with_each_command_and_the_row_is_released() {
    let Some((server, _folder)) = started() else {
        return;
    };
    for epoch in 1..=2 {
        let script = "echo $SYSTOLE_EPOCH; exit 7";
        let lease = at(server.port);
        let (code, output, errors) = hold([&*lease, "--once", "--ttl=5s", "sh", "-c", script]);
        assert_eq!((code, output.trim()), (7, &*epoch.to_string()), "{errors}");
        let row = "SELECT epoch, expires <= clock_timestamp() FROM systole_leases";
        assert_eq!(sql(&server, row), format!("{epoch}|t"));
    }
}

#[test]
fn a_row_that_another_has_is_waited_for_and_one_that_is_deleted_is_lost() {
    let Some((server, _folder)) = started() else {
        return;
    };
    let ledger = Ledger::new();
    let start = |option: &str| {
        let options = [&*at(server.port), "--ttl", "3s", option].map(str::to_owned);
        Holder::start(options.into_iter().chain(ledger.command(STUBBORN)))
    };
    let first = start("--quiet");
    ledger.until_epoch(1);
    let (code, _, errors) = hold([&*at(server.port), "--once", "true"]);
    assert_eq!(code, 123);
    let holder = format!("(process {}) holds", first.pid());
    assert!(
        errors.contains(&holder) && errors.contains("another holds it"),
        "{errors}"
    );
    sql(&server, "UPDATE systole_leases SET expires = '-infinity'");
    let (code, _, errors) = first.end();
    assert_eq!(code, 124, "{errors}");
    assert!(errors.contains("the server says: "), "{errors}");
    let second = start("--retry");
    ledger.until_epoch(2);
    ledger.assert_no_overlap();
    signal(second.pid(), "TERM");
    assert_eq!(second.end().0, 128 + 9, "it ignores SIGTERM");
}

#[test]
fn nothing_that_happens_to_rivals_for_postgres_makes_two_of_them_hold() {
    let Some((server, _folder)) = started() else {
        return;
    };
    disturb(&server, at, &[server.pid()]);
}
