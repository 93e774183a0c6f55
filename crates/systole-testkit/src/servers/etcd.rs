//! How an etcd is started.

use std::process::Command;

use crate::servers::folder::Folder;
use crate::servers::process::free_port;

/// One node whose election takes no time, and which speaks `scheme` with its clients.
pub fn command(folder: &Folder, scheme: &str, port: u16) -> Command {
    let client = format!("{scheme}://127.0.0.1:{port}");
    let peer = format!("http://127.0.0.1:{}", free_port());
    let mut command = Command::new("etcd");
    command.args(["--heartbeat-interval", "10", "--election-timeout", "100"]);
    for (option, url) in [
        ("--listen-client-urls", &client),
        ("--advertise-client-urls", &client),
        ("--listen-peer-urls", &peer),
        ("--initial-advertise-peer-urls", &peer),
        ("--initial-cluster", &format!("default={peer}")),
    ] {
        command.args([option, url]);
    }
    command.arg("--data-dir").arg(folder.file("data"));
    command
}
