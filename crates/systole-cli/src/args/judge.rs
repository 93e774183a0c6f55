//! The options of `replay` and `tune`: the networks to judge on, and the target.

use std::path::PathBuf;
use std::time::Duration;

use humantime::parse_duration;

/// The networks and the target.
#[derive(Debug, clap::Args)]
pub(crate) struct Judge {
    /// Recorded networks: files written by `systole record`, or folders of *.csv [default: six
    /// synthetic networks].
    #[arg(value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,

    /// The longest time from a crash to the verdict.
    #[arg(long, value_name = "SPAN", default_value = "10s", value_parser = parse_bound)]
    pub(crate) detect_within: Duration,

    /// The shortest time that is wanted between two mistakes.
    #[arg(long, value_name = "SPAN", default_value = "1day", value_parser = parse_duration)]
    pub(crate) mistakes_at_most_one_per: Duration,

    /// The number of crashes from which detection times are measured, for each trace and detector.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) crashes: u32,

    /// Draw the figures into this SVG file.
    #[arg(long, value_name = "SVG")]
    pub(crate) plot: Option<PathBuf>,

    /// Print one JSON object per line, for programs: one line for each trace and detector.
    #[arg(long)]
    pub(crate) json: bool,
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
    Exit status: 0, or 2 for invalid arguments and files.";

/// The shortest bound. Below it, a sweep would take too long because of the number of probes.
const BOUND_MIN: Duration = Duration::from_millis(100);

fn parse_bound(text: &str) -> Result<Duration, String> {
    let bound = parse_duration(text).map_err(|error| error.to_string())?;
    if bound < BOUND_MIN {
        return Err("it must be at least 100ms".into());
    }
    Ok(bound)
}
