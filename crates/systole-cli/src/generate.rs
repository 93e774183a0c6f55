//! `systole generate`: the manual pages and the completions of shells, made from the command line
//! itself, so that they are never out of date.

use std::io::{Write, stdout};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::args::{Args, Generate};
use crate::trouble::Trouble;

const NAME: &str = "systole";

pub(crate) fn run(options: &Generate) -> Result<ExitCode, Trouble> {
    let mut command = Args::command();
    let mut text = Vec::new();
    match options.what.shell() {
        Some(shell) => clap_complete::generate(shell, &mut command, NAME, &mut text),
        None => Man::new(about(command, options.command.as_deref())).render(&mut text)?,
    }
    let written = stdout().write_all(&text);
    Ok(match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE, // nobody reads it, or the disk is full
    })
}

/// Returns the command that a page is about: the whole tool, or one of its commands.
fn about(mut command: Command, name: Option<&str>) -> Command {
    command.build(); // gives `watch` the name systole-watch
    let Some(name) = name else {
        return command;
    };
    if let Some(found) = command.find_subcommand(name) {
        return found.clone();
    }
    let why = format!("there is no command '{name}'");
    command.error(ErrorKind::InvalidValue, why).exit()
}
