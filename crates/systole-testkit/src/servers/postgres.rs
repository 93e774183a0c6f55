//! A Postgres server.

use std::path::Path;
use std::process::Command;

use crate::servers::folder::Folder;
use crate::servers::process::{Server, as_nobody, find, is_root};
use crate::servers::signal::signal;

/// The password of the user `postgres`, where one is asked for.
pub const PASSWORD: &str = "hunter2";

/// A cluster of its own, in which everybody is trusted; none where Postgres is not installed.
pub fn postgres() -> Option<(Server, Folder)> {
    postgres_with(|_| {})
}

/// The same after `prepare`, which is passed the folder of its data before it starts.
pub fn postgres_with(prepare: impl FnOnce(&Path)) -> Option<(Server, Folder)> {
    let (initdb, postgres) = (
        find("initdb", "postgresql")?,
        find("postgres", "postgresql")?,
    );
    let folder = Folder::new("postgres");
    let password = folder.text("password", PASSWORD);
    give_to_postgres(&folder.0);
    let data = folder.file("data");
    let mut made = as_nobody("postgres", &initdb);
    made.args(["--no-sync", "-A", "trust", "-U", "postgres", "--pwfile"])
        .arg(password)
        .arg("-D")
        .arg(&data)
        .current_dir(&folder.0);
    assert!(made.output().unwrap().status.success());
    prepare(&data);
    give_to_postgres(&folder.0);
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

/// Makes the files of `folder` those of the user as whom the server runs, if that is not our own.
fn give_to_postgres(folder: &Path) {
    if is_root() {
        let mut command = Command::new("chown");
        let owned = command.args(["-R", "postgres"]).arg(folder).status();
        assert!(owned.unwrap().success());
    }
}

/// The server, and the processes that serve its connections.
pub fn signal_all(server: &Server, name: &str) {
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
