//! The command-line tool: `systole watch redis://localhost` says whether the peer is alive, and how it knows.

// What holds for a library without `std` does not for a tool on top of it.
#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc)]

mod args;
mod config_file;
mod fleet;
mod judge;
mod metrics;
mod plot;
mod progress;
mod record;
mod replay;
mod report;
mod target;
mod trouble;
mod tune;
mod view;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use trouble::Trouble;

/// The arguments, or what they name, are of no use.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Watch(options) => match &options.fleet {
            Some(file) => wait_for(fleet::run(&options, file)),
            None => wait_for(watch::run(&options)),
        },
        Command::Replay(options) => replay::run(&options),
        Command::Tune(options) => tune::run(&options),
        Command::Record(options) => wait_for(record::run(&options)),
    };
    outcome.unwrap_or_else(|trouble| {
        eprintln!("systole: {trouble}");
        ExitCode::from(USAGE)
    })
}

/// On one thread: what waits in the sockets is then heard before anything is called overdue.
fn wait_for(command: impl Future<Output = Result<ExitCode, Trouble>>) -> Result<ExitCode, Trouble> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Trouble::System)?
        .block_on(command)
}
