//! Redis servers.

use std::process::Command;

use crate::servers::process::{Server, find};

/// A server that keeps nothing; none where Redis is not installed.
pub fn redis() -> Option<Server> {
    find("redis-server", "redis-server")?;
    Some(Server::start(command))
}

/// The same with further arguments, which may depend on its port.
pub fn redis_with(mut more: impl FnMut(u16) -> Vec<String>) -> Option<Server> {
    find("redis-server", "redis-server")?;
    Some(Server::start(|port| {
        let mut command = command(port);
        command.args(more(port));
        command
    }))
}

/// The same on a given port.
pub fn redis_on(port: u16) -> Option<Server> {
    Server::on(port, &mut command(port))
}

fn command(port: u16) -> Command {
    let mut command = Command::new("redis-server");
    command
        .args("--bind 127.0.0.1 --appendonly no --save".split(' '))
        .arg("");
    command
        .arg("--port")
        .arg(port.to_string())
        .current_dir(std::env::temp_dir());
    command
}
