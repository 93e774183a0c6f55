//! Leases on a real Redis.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use systole_testkit::servers::process::Server;
use systole_testkit::servers::redis::{redis, redis_with};
use systole_testkit::servers::signal::signal;

use super::{Holder, Ledger, SECOND, STUBBORN, children, eventually, hold, text_of};
use crate::tool::tool;

fn lease(server: &Server) -> String {
    format!("redis://127.0.0.1:{}/nightly", server.port)
}

/// Asks the server by its own client.
fn cli(server: &Server, words: &[&str]) -> String {
    let port = server.port.to_string();
    let text = text_of(Command::new("redis-cli").args(["-p", &port]).args(words));
    text.trim().into()
}

#[test]
fn the_command_runs_once_with_its_own_input_output_and_exit_status() {
    let Some(server) = redis() else { return };
    let mut command = tool();
    let script =
        "read word; echo got $word in epoch $SYSTOLE_EPOCH; cat $SYSTOLE_FENCE_FILE; exit 7";
    command.args(["hold", &lease(&server), "--ttl", "30s", "sh", "-c", script]);
    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"this\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("got this in epoch 1"));
    assert_eq!(lines.next(), Some("epoch=1"));
    let fence = lines.next().unwrap().strip_prefix("fence_ns=").unwrap();
    let left = fence.parse::<f64>().unwrap() / 1e9 - uptime();
    assert!((20.0..30.0).contains(&left), "{left}");
    assert_eq!(cli(&server, &["EXISTS", "nightly"]), "0", "it was released");
    assert_eq!(cli(&server, &["GET", "{nightly}:epoch"]), "1");
}

fn uptime() -> f64 {
    let text = fs::read_to_string("/proc/uptime").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn every_confinement_ends_what_the_command_leaves_behind() {
    let Some(server) = redis() else { return };
    for confine in ["namespace", "cgroup", "descendants"] {
        let ledger = Ledger::new();
        let script = format!(
            "(setsid sh -c '{}' &) ; sleep 0.2; exit 5",
            STUBBORN.replace('\'', "\"")
        );
        let [dashes, program, option, script] = ledger.command(&script);
        let arguments = [&*lease(&server), "--confine", confine, "--grace", "200ms"];
        let command = [&*dashes, &program, &option, &script];
        let (code, _, errors) = hold(arguments.into_iter().chain(command));
        if confine == "cgroup" && errors.contains("cannot be confined") {
            systole_testkit::ignored::note("no control group may be made here");
            continue;
        }
        assert_eq!(code, 5, "{confine}: {errors}");
        let lines = ledger.lines();
        assert!(lines.len() > 2, "{confine}: it ran");
        sleep(SECOND / 5);
        assert_eq!(ledger.lines(), lines, "{confine}: it runs no longer");
        assert_eq!(cli(&server, &["EXISTS", "nightly"]), "0");
    }
}

#[test]
fn a_lease_that_another_holds_is_waited_for_or_not() {
    let Some(server) = redis() else { return };
    let lease = lease(&server);
    let ledger = Ledger::new();
    let arguments = |more: &[&str]| {
        let command = ledger.command("echo start $SYSTOLE_EPOCH >>ledger; sleep 60");
        let options = [&[&*lease, "--ttl", "2s"], more].concat();
        options
            .iter()
            .map(|&option| option.to_owned())
            .chain(command)
            .collect::<Vec<_>>()
    };
    let first = Holder::start(arguments(&[]));
    eventually("start", || (!ledger.lines().is_empty()).then_some(()));
    let (code, _, errors) = hold(arguments(&["--once"]));
    assert_eq!(code, 123);
    let holder = format!("(process {}) holds", first.pid());
    assert!(
        errors.contains(&holder) && errors.contains("was not held"),
        "{errors}"
    );
    let (code, ..) = hold(arguments(&["--wait", "300ms"]));
    assert_eq!(code, 123);
    let second = Holder::start(arguments(&[]));
    signal(first.pid(), "TERM");
    assert_eq!(
        first.end().0,
        128 + 15,
        "the command was ended by the signal"
    );
    eventually("second start", || {
        (ledger.epochs().1 == [1, 2]).then_some(())
    });
    signal(second.pid(), "INT");
    assert_eq!(second.end().0, 128 + 15);
    assert_eq!(cli(&server, &["EXISTS", "nightly"]), "0");
}

#[test]
fn a_lease_that_is_taken_away_is_lost_at_once_and_with_retry_waited_for_again() {
    let Some(server) = redis() else { return };
    let ledger = Ledger::new();
    let command = ledger.command(STUBBORN);
    let lease = lease(&server);
    let start = |option: &str| {
        let options = [&*lease, "--ttl", "2s", option].map(str::to_owned);
        Holder::start(options.into_iter().chain(command.clone()))
    };
    let retrying = start("--retry");
    ledger.until_epoch(1);
    cli(&server, &["DEL", "nightly"]);
    ledger.until_epoch(2);
    ledger.assert_no_overlap();
    signal(retrying.pid(), "TERM");
    assert_eq!(retrying.end().0, 128 + 9, "it ignores SIGTERM");
    let once = start("--quiet");
    ledger.until_epoch(3);
    cli(&server, &["SET", "nightly", "somebody/else/has/it"]);
    let (code, _, errors) = once.end();
    assert_eq!(code, 124, "{errors}");
    assert!(
        errors.contains("the lease is lost (the server says: held by another)"),
        "{errors}"
    );
    assert_eq!(
        cli(&server, &["GET", "nightly"]),
        "somebody/else/has/it",
        "it is not deleted"
    );
}

#[test]
fn a_server_that_stops_fences_the_command_before_the_lease_ends() {
    let Some(server) = redis() else { return };
    let ledger = Ledger::new();
    let options = [&*lease(&server), "--ttl", "2s", "--grace", "200ms"].map(str::to_owned);
    let holder = Holder::start(options.into_iter().chain(ledger.command(STUBBORN)));
    ledger.until_epoch(1);
    let stopped = uptime();
    signal(server.pid(), "STOP");
    let (code, _, errors) = holder.end();
    signal(server.pid(), "CONT");
    assert_eq!(code, 124, "{errors}");
    assert!(
        errors.contains("late") && errors.contains("is asked to end"),
        "{errors}"
    );
    let last = ledger.lines().pop().unwrap();
    let last: f64 = last.split_once(' ').unwrap().1.parse().unwrap();
    assert!(last < stopped + 2.0, "it wrote after the end of the lease");
}

/// Programs inherit the signal mask of what starts them, and the guard blocks the signal.
#[test]
fn the_command_is_asked_to_end_before_it_is_killed() {
    let Some(server) = redis() else { return };
    let ledger = Ledger::new();
    let options = [&*lease(&server), "--ttl", "4s", "--grace", "1s"].map(str::to_owned);
    let command = ledger.command(
        "trap 'echo asked >>ledger; exit' TERM; echo start $SYSTOLE_EPOCH >>ledger; \
         while :; do sleep 0.02; done",
    );
    let holder = Holder::start(options.into_iter().chain(command));
    let started = || (!ledger.lines().is_empty()).then_some(());
    eventually("start of the command", started);
    signal(holder.pid(), "KILL");
    let asked = || ledger.lines().contains(&"asked".into()).then_some(());
    eventually("request to end", asked);
}

#[test]
fn the_death_of_the_supervisor_or_of_the_guard_ends_the_command() {
    let Some(server) = redis() else { return };
    for victim in ["supervisor", "guard"] {
        let ledger = Ledger::new();
        let options = [&*lease(&server), "--ttl", "2s", "--grace", "100ms"].map(str::to_owned);
        let command = ledger.command(STUBBORN);
        let holder = Holder::start(options.into_iter().chain(command));
        ledger.until_epoch(1);
        let guard = holder.guard();
        if victim == "guard" {
            signal(guard, "KILL");
            let (code, _, errors) = holder.end();
            assert_eq!(code, 124);
            assert!(errors.contains("the guard was killed"), "{errors}");
            let exists = cli(&server, &["EXISTS", "nightly"]);
            assert_eq!(exists, "1", "it is not released");
        } else {
            signal(holder.pid(), "KILL");
            let gone = || children(guard).is_empty().then_some(());
            eventually("end of the command", gone);
        }
        sleep(SECOND / 10);
        let lines = ledger.lines();
        sleep(SECOND / 5);
        assert_eq!(ledger.lines(), lines, "{victim}: the command runs on");
    }
}

#[test]
fn passwords_are_used_and_not_shown() {
    let password = |_: u16| ["--requirepass", "hunter2"].map(str::to_owned).to_vec();
    let Some(server) = redis_with(password) else {
        return;
    };
    let right = format!("{}#password_env=RIGHT", lease(&server));
    let wrong = format!("{}#password_env=WRONG", lease(&server));
    for (lease, code) in [(right, 0), (wrong, 123)] {
        let mut command = tool();
        command.args(["hold", &lease, "--ttl", "1s", "--once", "true"]);
        command.env("RIGHT", "hunter2").env("WRONG", "hunter3");
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(!said.contains("hunter"), "{said}");
        assert_eq!(code != 0, said.contains("WRONGPASS"), "{said}");
    }
}

#[test]
fn a_server_that_is_not_there_is_told_once_and_waited_for() {
    let lease = format!(
        "redis://127.0.0.1:{}/x",
        systole_testkit::servers::process::free_port()
    );
    let (code, _, errors) = hold([&*lease, "--ttl", "1s", "--wait", "1s", "true"]);
    assert_eq!(code, 123);
    assert_eq!(errors.lines().count(), 2, "{errors}");
    assert!(
        errors.lines().all(|line| line.contains("refused")),
        "{errors}"
    );
}

/// A server that cannot be asked has not been asked, so nothing is given back to it.
#[test]
fn once_gives_up_at_the_first_request_that_fails() {
    let port = systole_testkit::servers::process::free_port();
    let lease = format!("redis://127.0.0.1:{port}/x");
    let born = std::time::Instant::now();
    let (code, _, errors) = hold([&*lease, "--ttl", "60s", "--once", "true"]);
    assert_eq!(code, 123);
    assert!(born.elapsed() < 20 * SECOND, "it went on asking");
    assert_eq!(errors.lines().count(), 2, "{errors}");
    assert!(errors.contains("was not held: no answer"), "{errors}");
}

#[test]
fn a_server_that_hangs_is_not_said_to_have_another_holder() {
    let Some(server) = redis() else { return };
    signal(server.pid(), "STOP");
    let (code, _, errors) = hold([&*lease(&server), "--ttl", "10s", "--wait", "1s", "true"]);
    signal(server.pid(), "CONT");
    assert_eq!(code, 123);
    assert!(
        errors.contains("was not held: the server does not answer"),
        "{errors}"
    );
}

/// The time that a guard has, whatever the supervisor does.
#[test]
fn a_stopped_supervisor_causes_no_overlap() {
    let Some(server) = redis() else { return };
    let ledger = Ledger::new();
    let start = || {
        let options = [&*lease(&server), "--ttl", "1500ms", "--grace", "100ms"].map(str::to_owned);
        Holder::start(options.into_iter().chain(ledger.command(STUBBORN)))
    };
    let first = start();
    ledger.until_epoch(1);
    let second = start();
    signal(first.pid(), "STOP");
    ledger.until_epoch(2);
    signal(first.pid(), "CONT");
    assert_eq!(first.end().0, 124);
    sleep(Duration::from_millis(200));
    ledger.assert_no_overlap();
    drop(second);
}
