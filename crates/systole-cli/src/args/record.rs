//! The options of `record`.

use std::path::PathBuf;
use std::time::Duration;

use humantime::parse_duration;

/// What to record, and into which file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Spans are written 250ms, 5s, 1m30s.\n\n\
    Every row is written to disk as soon as it is known, so a recording may be interrupted at any moment.\n\n\
    Exit status: 0 if something was recorded, 1 if not, 2 for invalid arguments.")]
pub(crate) struct Record {
    #[arg(value_name = "TARGET", help = TARGET, required = true)]
    pub(crate) targets: Vec<String>,

    /// The file to write, or the folder for the files of several targets. A file must not exist.
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: PathBuf,

    /// Overwrite files that exist.
    #[arg(long)]
    pub(crate) force: bool,

    /// The interval between probes: the resolution at which a replay can tell the lengths of
    /// silences apart.
    #[arg(long, value_name = "SPAN", default_value = "200ms", value_parser = parse_interval)]
    pub(crate) every: Duration,

    /// Count a probe as lost after this time without a reply. Rows are written in the order of
    /// sending, so the file may lag behind by this time.
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = parse_interval)]
    pub(crate) reply_window: Duration,

    /// Also trust the certificates in this PEM file.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// End after this time [default: at Ctrl-C].
    #[arg(long = "for", value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) span: Option<Duration>,
}

const TARGET: &str = "What to probe, as for watch. Several targets are probed at the same moments, and each has a file of its own";

/// The shortest interval that a timer of the operating system can keep.
const LEAST: Duration = Duration::from_millis(1);

fn parse_interval(text: &str) -> Result<Duration, String> {
    let interval = parse_duration(text).map_err(|error| error.to_string())?;
    if interval < LEAST {
        return Err("it must be at least 1ms".into());
    }
    Ok(interval)
}
