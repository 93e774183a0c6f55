//! What is judged, and by what: the options of `replay` and `tune`.

use std::path::PathBuf;
use std::time::Duration;

use humantime::parse_duration;

/// The networks and the target.
#[derive(Debug, clap::Args)]
pub(crate) struct Judge {
    /// Recorded networks: files as `systole record` writes them, or folders of *.csv [default: six synthetic networks].
    #[arg(value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,

    /// The longest time from a crash to the verdict.
    #[arg(long, value_name = "SPAN", default_value = "10s", value_parser = parse_bound)]
    pub(crate) detect_within: Duration,

    /// The least time from one mistake to the next that is asked for.
    #[arg(long, value_name = "SPAN", default_value = "1day", value_parser = parse_duration)]
    pub(crate) mistakes_at_most_one_per: Duration,

    /// Crashes by which detection times are measured, a trace and detector.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) crashes: u32,

    /// Draws the figures as SVG.
    #[arg(long, value_name = "SVG")]
    pub(crate) plot: Option<PathBuf>,

    /// One JSON object a line, for programs: a line a trace and detector.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXPLAINED)]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) judge: Judge,

    /// Sweeps the settings of every published detector, and compares.
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
    A @ P: avoidable mistakes @ probes a second, means over 16 start offsets. A mistake is avoidable where probing every 10 ms would not have been silent for the bound.\n\n\
    Exit status: 0, or 2 for unusable arguments and files.";

/// Below, a sweep would send more probes than it is worth.
const BOUND_MIN: Duration = Duration::from_millis(100);

fn parse_bound(text: &str) -> Result<Duration, String> {
    let bound = parse_duration(text).map_err(|error| error.to_string())?;
    if bound < BOUND_MIN {
        return Err("the least is 100ms".into());
    }
    Ok(bound)
}
