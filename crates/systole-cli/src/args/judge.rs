//! The options of `replay` and `tune`: the networks to judge on, and the target.

use std::path::PathBuf;
use std::time::Duration;

use humantime::parse_duration;
use systole_lab::trace::Unit;

/// The networks and the target.
#[derive(Debug, clap::Args)]
pub(crate) struct Judge {
    /// Recorded networks [default: six synthetic networks]: output of systole record, ping (Linux,
    /// BusyBox, macOS, Windows), fping, mtr --json or --csv, irtt, Prometheus (JSON of a range
    /// query) or PingPlotter, or CSV with named columns; compressed with gzip or not; folders of
    /// *.csv; - is standard input.
    #[arg(value_name = "RECORDING")]
    pub(crate) traces: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) reading: Reading,

    /// The longest time from a crash to the verdict.
    #[arg(long, value_name = "SPAN", default_value = "10s", value_parser = parse_bound)]
    pub(crate) detect_within: Duration,

    /// The shortest time that is wanted between two mistakes.
    #[arg(long, value_name = "SPAN", default_value = "1day", value_parser = parse_apart)]
    pub(crate) mistakes_at_most_one_per: Duration,

    /// The number of crashes from which detection times are measured, for each trace and detector.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) crashes: u32,

    /// Draw the figures into this file, .svg or .png. It must not exist.
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,

    /// Overwrite the file of the plot.
    #[arg(long)]
    pub(crate) force: bool,

    /// Print one JSON object per line, for programs: one line for each trace and detector.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a recording does not say by itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Reading {
    /// The time between probes, for recordings without time stamps [default: 1s].
    #[arg(long, value_name = "SPAN", value_parser = parse_interval)]
    pub(crate) every: Option<Duration>,

    /// The column of times in a CSV file.
    #[arg(long, value_name = "NAME")]
    pub(crate) time_column: Option<String>,

    /// The column of round trips in a CSV file.
    #[arg(long, value_name = "NAME")]
    pub(crate) rtt_column: Option<String>,

    /// The unit of that column: s, ms, us or ns [default: as its name says].
    #[arg(long, value_name = "UNIT")]
    pub(crate) unit: Option<Unit>,

    /// The target, by name or address, if a recording has probes to several.
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXPLAINED)]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) judge: Judge,

    /// Compare all published detectors, each over a sweep of its settings.
    #[arg(long)]
    pub(crate) compare: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXPLAINED)]
pub(crate) struct Tune {
    #[command(flatten)]
    pub(crate) judge: Judge,
}

const EXPLAINED: &str = "Spans are written 250ms, 5s, 1m30s.\n\n\
    A @ P: avoidable mistakes @ probes per second, means over 16 start offsets. A mistake is avoidable if probing every 10 ms would not have been silent for the bound.\n\n\
    Recordings are split at gaps of more than ten spacings, in which nobody recorded. Probes that are further apart than a third of the bound cannot be judged.\n\n\
    Exit status: 0, or 2 for invalid arguments and files.";

/// The shortest bound. Below it, a sweep would take too long because of the number of probes.
const BOUND_MIN: Duration = Duration::from_millis(100);

fn parse_bound(text: &str) -> Result<Duration, String> {
    at_least(text, BOUND_MIN, "100ms")
}

fn parse_apart(text: &str) -> Result<Duration, String> {
    at_least(text, Duration::from_secs(1), "1s")
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    at_least(text, Duration::from_millis(1), "1ms")
}

fn at_least(text: &str, least: Duration, shown: &str) -> Result<Duration, String> {
    let span = parse_duration(text).map_err(|error| error.to_string())?;
    if span < least {
        return Err(format!("it must be at least {shown}"));
    }
    Ok(span)
}
