//! The options of `beat`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use humantime::parse_duration;

use crate::push::Name;

/// Whom to send heartbeats, and what runs meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Beat {
    /// The listeners, as HOST:PORT; at most eight.
    #[arg(value_name = "TARGET", required = true, num_args = 1..=8)]
    pub(crate) targets: Vec<String>,

    /// The name of this sender, by which the listener knows it.
    #[arg(long, value_name = "NAME")]
    pub(crate) id: Name,

    /// The interval between heartbeats.
    #[arg(long, value_name = "SPAN", default_value = "5s", value_parser = parse_interval)]
    pub(crate) every: Duration,

    /// The file with the key of this sender: a line NAME KEY, or * KEY for all senders. KEY is 32
    /// hexadecimal digits.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,

    /// The name of the listener, if it has one: others then refuse these heartbeats.
    #[arg(long, value_name = "NAME", requires = "key_file")]
    pub(crate) listener: Option<Name>,

    #[arg(long, value_name = "FILE", help = STATE)]
    pub(crate) state: Option<PathBuf>,

    /// A command: heartbeats are sent while it runs, and the last one states its exit status.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

const STATE: &str = "The file that counts the starts of this sender [default: NAME.beat in $STATE_DIRECTORY, or in systole in $XDG_STATE_HOME or ~/.local/state]";

const AFTER: &str = "Spans are written 250ms, 5s, 1m30s. A key: openssl rand -hex 16.\n\n\
    At SIGTERM or Ctrl-C the last heartbeat says goodbye, so that the listener does not call this sender dead. With a command, the signal is passed on to it, and \
    the goodbye follows when it has ended: a job that fails, never starts or hangs is seen by the listener (overdue = \"25h\" in its configuration).\n\n\
    Exit status: that of the command, or 128 and the number of the signal that ended it; 126 if it cannot be run, 127 if it is not found; 0 without a command; \
    2 for invalid arguments.";

/// The shortest interval that a timer of the operating system can keep, and the longest that the
/// wire can express.
const RANGE: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(12 * 86_400);

fn parse_interval(text: &str) -> Result<Duration, String> {
    let interval = parse_duration(text).map_err(|error| error.to_string())?;
    if !RANGE.contains(&interval) {
        return Err("it must be 1ms to 12days".into());
    }
    Ok(interval)
}
