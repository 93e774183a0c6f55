//! `systole check`: one verdict on one target, for scripts and container probes.

use std::io::{Write, stdout};
use std::process::ExitCode;

use crate::args;
use crate::trouble::Trouble;
use crate::watch;

/// How many intervals there are in the time that is given, so that a lost probe is no verdict yet.
/// The last one is left for the start, and for lateness.
const PROBES: u32 = 5;

pub(crate) async fn run(options: &args::Check) -> Result<ExitCode, Trouble> {
    let every = options.within / PROBES;
    let watched = args::Watch {
        targets: vec![options.target.clone()],
        ca: options.ca.clone(),
        every: Some(every),
        min: Some(every),
        max: Some(every),
        detect_within: Some(options.within.saturating_sub(every)),
        span: Some(options.wait.unwrap_or(options.within)),
        ..args::Watch::default()
    };
    let until_alive = options.wait.is_some();
    let (is_alive, said) = watch::check(&watched, until_alive).await?;
    let _ = writeln!(stdout(), "{said}"); // the exit status says the same
    Ok(if is_alive {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
