//! The command-line tool: `systole watch redis://localhost` shows whether the peer is alive, and
//! the measurements behind the verdict.
//!
//! The package is its binary, `systole`. The library holds the same code so that figures and fuzz
//! targets can use parts of it; it promises no stable interface.

#![forbid(unsafe_code)]
// These lints apply to the library only, not to tests, benchmarks and examples.
#![warn(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_const_for_fn,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used
)]

mod args;
mod beat;
mod check;
mod code;
mod config_file;
#[doc(hidden)]
pub mod fleet;
mod generate;
#[cfg(target_os = "linux")]
mod hold;
mod hooks;
mod judge;
mod labels;
mod listen;
mod metrics;
mod output;
#[doc(hidden)]
pub mod plot;
mod progress;
mod push;
mod record;
mod replay;
mod report;
mod target;
#[doc(hidden)]
pub mod trouble;
mod tune;
mod view;
mod watch;

use std::io::{Write, stderr};
use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use trouble::Trouble;

/// The exit status if the arguments, or the files that they name, are invalid.
const USAGE: u8 = 2;

/// Runs the tool with the arguments of the process; returns its exit status.
#[must_use]
pub fn run() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print(); // the exit status says the same
            return ExitCode::from(if error.use_stderr() { usage() } else { 0 });
        }
    };
    let outcome = match args.command {
        #[cfg(target_os = "linux")]
        Command::Hold(options) => return hold::run(&options),
        #[cfg(target_os = "linux")]
        Command::HoldGuard(options) => return hold::guard(&options),
        #[cfg(target_os = "linux")]
        Command::HoldInit(options) => return hold::init(&options),
        Command::Watch(options) => match &options.fleet {
            Some(file) => wait_for(fleet::run(&options, file)),
            None => wait_for(watch::run(&options)),
        },
        Command::Replay(options) => replay::run(&options),
        Command::Tune(options) => tune::run(&options),
        Command::Record(options) => wait_for(record::run(&options)),
        Command::Generate(options) => generate::run(&options),
        Command::Check(options) => wait_for(check::run(&options)),
        Command::Beat(options) => wait_for(beat::run(&options)),
        Command::Listen(options) => wait_for(listen::run(&options)),
    };
    outcome.unwrap_or_else(|trouble| {
        let _ = writeln!(stderr(), "systole: {trouble}"); // the exit status says the same
        ExitCode::from(USAGE)
    })
}

/// Returns the exit status for invalid arguments. That of `hold` is not one of common commands.
fn usage() -> u8 {
    #[cfg(target_os = "linux")]
    if std::env::args_os()
        .nth(1)
        .is_some_and(|command| command == "hold")
    {
        return hold::USAGE;
    }
    USAGE
}

/// Runs `command` on one thread, so that replies that wait in the sockets are read before any probe
/// becomes overdue.
fn wait_for(command: impl Future<Output = Result<ExitCode, Trouble>>) -> Result<ExitCode, Trouble> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Trouble::System)?
        .block_on(command)
}
