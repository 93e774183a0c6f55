//! What the options ask for, checked.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use humantime::format_duration;
use systole::lease;

use super::address::{Address, Kind};
use super::deadline::KILL_MARGIN;
use super::exit_code;
use crate::args;
use crate::trouble::Trouble;

/// The shortest TTL: what is shorter leaves no time for renewals on a busy machine.
const TTL_MIN: Duration = Duration::from_secs(1);
/// The share of the TTL that the command has to end, unless stated.
const GRACE_PART: u32 = 10;
/// The most folders in which the command is looked for.
const FOLDERS_MAX: usize = 4_096;

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) address: Address,
    pub(super) command: Vec<OsString>,
    pub(super) config: lease::Config,
    pub(super) grace: Duration,
    pub(super) wait: Option<Duration>,
    pub(super) once: bool,
    pub(super) retry: bool,
    pub(super) confine: args::Confine,
    pub(super) ca: Option<PathBuf>,
    pub(super) quiet: bool,
}

/// Why the command cannot be held: an exit status and a line of text.
#[derive(Debug)]
pub(super) struct Unusable(pub(super) u8, pub(super) String);

impl Unusable {
    pub(super) fn usage(why: impl Into<String>) -> Self {
        Self(exit_code::USAGE, why.into())
    }
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<Trouble> for Unusable {
    fn from(trouble: Trouble) -> Self {
        Self::usage(trouble.to_string())
    }
}

impl Settings {
    pub(super) fn of(options: &args::Hold, seed: u64) -> Result<Self, Unusable> {
        let address =
            Address::of(options.lease.as_deref().unwrap_or_default()).map_err(Unusable::usage)?;
        check_command(&options.command)?;
        let grace = grace(options)?;
        check_ttl(options.ttl, address.kind())?;
        let config = lease::Config::renewed(options.ttl);
        let config = config.stop_within(grace + KILL_MARGIN).seed(seed).build();
        let config = config.map_err(|error| {
            Unusable::usage(format!("{error}; for example --ttl 10s --grace 1s"))
        })?;
        Ok(Self {
            address,
            command: options.command.clone(),
            config,
            grace,
            wait: options.wait,
            once: options.once,
            retry: options.retry,
            confine: options.confine,
            ca: options.ca.clone(),
            quiet: options.quiet,
        })
    }
}

fn check_ttl(ttl: Duration, kind: Kind) -> Result<(), Unusable> {
    let most = Duration::from_secs(lease::TTL_MAX.as_secs());
    let shown = format_duration(ttl);
    if !(TTL_MIN..=most).contains(&ttl) {
        let (least, most) = (format_duration(TTL_MIN), most.as_secs());
        return Err(Unusable::usage(format!(
            "--ttl {shown} is out of range: {least} to {most}s; for example --ttl 10s"
        )));
    }
    if kind == Kind::Etcd && ttl.subsec_nanos() > 0 {
        let seconds = ttl.as_secs() + 1;
        return Err(Unusable::usage(format!(
            "--ttl {shown} is no number of whole seconds, which etcd counts; for example --ttl {seconds}s"
        )));
    }
    Ok(())
}

/// Returns the grace, in whole milliseconds.
fn grace(options: &args::Hold) -> Result<Duration, Unusable> {
    let grace = options.grace.unwrap_or(options.ttl / GRACE_PART);
    let most = options.ttl / 2;
    if options.grace.is_some() && grace > most {
        return Err(Unusable::usage(format!(
            "--grace {} is too long for --ttl {}: it is taken off the TTL, at most half of it, {}; \
            for example --ttl {} --grace {}",
            format_duration(grace),
            format_duration(options.ttl),
            format_duration(most),
            format_duration(grace.saturating_mul(4)),
            format_duration(grace),
        )));
    }
    Ok(Duration::from_millis(
        grace.as_millis().try_into().unwrap_or(u64::MAX),
    ))
}

/// Checks the command before anything is waited for.
fn check_command(command: &[OsString]) -> Result<(), Unusable> {
    let Some(program) = command.first().filter(|program| !program.is_empty()) else {
        return Err(Unusable::usage(
            "there is no command: write it after --, for example systole hold \
            redis://localhost/nightly --ttl 10s -- ./report --all",
        ));
    };
    let path = Path::new(program);
    let shown = crate::report::plain_text(&path.to_string_lossy());
    if program.as_encoded_bytes().contains(&b'/') {
        return match path.metadata() {
            Ok(_) if is_executable(path) => Ok(()),
            Ok(_) => Err(Unusable(
                exit_code::NOT_EXECUTABLE,
                format!("the command {shown} is no file that can be executed"),
            )),
            Err(error) => Err(Unusable(
                exit_code::of_error(&error),
                format!("the command {shown} cannot be run: {error}"),
            )),
        };
    }
    let folders = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let is_program = |folder: PathBuf| is_executable(&folder.join(path));
    if std::env::split_paths(&folders)
        .take(FOLDERS_MAX)
        .any(is_program)
    {
        return Ok(());
    }
    Err(Unusable(
        exit_code::NOT_FOUND,
        format!("the command {shown} is not found: give a path, or the name of a program in PATH"),
    ))
}

fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
