//! Against a real Postgres server: alive, stopped, continued; and what it says when it will not serve us.
#![cfg(all(feature = "cli", unix))]
#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used
)] // a test

#[allow(dead_code)] // shared: each test uses its part
#[path = "common/folder.rs"]
mod folder;
#[allow(dead_code)]
#[path = "common/server.rs"]
mod server;
#[allow(dead_code)]
#[path = "common/tool.rs"]
mod tool;

use std::process::Command;
use std::time::{Duration, Instant};

use folder::Folder;
use server::{Server, as_nobody, find, is_root};
use tool::{Watch, signal};

const SECOND: Duration = Duration::from_secs(1);
/// What a busy machine may take to schedule us and the tool.
const SLACK: Duration = Duration::from_millis(500);

/// A cluster of its own, in which everybody is trusted.
fn postgres() -> Option<(Server, Folder)> {
    let (initdb, postgres) = (
        find("initdb", "postgresql")?,
        find("postgres", "postgresql")?,
    );
    let folder = Folder::new("postgres");
    if is_root() {
        let owned = Command::new("chown")
            .arg("postgres")
            .arg(&folder.0)
            .status();
        assert!(owned.unwrap().success());
    }
    let data = folder.file("data");
    let mut made = as_nobody("postgres", &initdb);
    made.args(["--no-sync", "-A", "trust", "-U", "postgres", "-D"])
        .arg(&data)
        .current_dir(&folder.0);
    assert!(made.output().unwrap().status.success());
    let server = Server::start(|port| {
        let mut command = Command::new(&postgres);
        if is_root() {
            command = Command::new("setpriv");
            command
                .args([
                    "--reuid",
                    "postgres",
                    "--regid",
                    "postgres",
                    "--clear-groups",
                ])
                .arg(&postgres);
        }
        command.args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off",
            "-p",
        ]);
        command
            .arg(port.to_string())
            .arg("-D")
            .arg(&data)
            .current_dir(&folder.0);
        command
    });
    Some((server, folder))
}

/// The server, and the processes that serve its connections.
fn signal_all(server: &Server, name: &str) {
    let children = Command::new("ps")
        .args(["-o", "pid=", "--ppid", &server.pid().to_string()])
        .output()
        .unwrap();
    signal(server.pid(), name);
    for child in String::from_utf8(children.stdout)
        .unwrap()
        .split_whitespace()
    {
        signal(child.parse().unwrap(), name);
    }
}

#[test]
fn a_stopped_server_is_dead_within_the_bound_and_recovers() {
    let Some((server, _folder)) = postgres() else {
        return;
    };
    let stranger = format!("postgres://nobody@127.0.0.1:{}/postgres", server.port);
    let mut watch = Watch::start([&*stranger, "--every", "200ms", "--detect-within", "1s"]);
    let refused = watch.until("refusal", 5 * SECOND, |line| {
        line["note"] == "PostgreSQL: role \"nobody\" does not exist" // once it has started up
    });
    assert_eq!(
        (&refused["event"], &refused["reason"]),
        (&"failed".into(), &"unhealthy".into())
    );
    assert_eq!(watch.stop("TERM").1, 1);

    let target = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port);
    let mut watch = Watch::start([&*target, "--every", "200ms", "--detect-within", "1s"]);
    watch.verdict("alive", 5 * SECOND);
    watch.listen(SECOND);
    signal_all(&server, "STOP");
    let crash = Instant::now();
    watch.verdict("dead", 5 * SECOND);
    let took = crash.elapsed();
    signal_all(&server, "CONT");
    assert!(took <= SECOND + SLACK, "{took:?}");
    watch.verdict("alive", 5 * SECOND);
    assert_eq!(watch.stop("TERM").1, 0);
}
