//! The options of `record`.

use std::path::PathBuf;
use std::time::Duration;

use humantime::parse_duration;

/// What is recorded, and where to.
#[derive(Debug, clap::Args)]
#[command(after_help = "Spans are written 250ms, 5s, 1m30s.\n\n\
    Every row is on disk as soon as it is known: a recording may be interrupted at any moment.\n\n\
    Exit status: 0 if there is a recording, 1 if there was nothing to record, 2 for unusable arguments.")]
pub(crate) struct Record {
    #[arg(help = TARGET)]
    pub(crate) target: String,

    /// The file to write; there must be none.
    #[arg(short, long, value_name = "CSV")]
    pub(crate) output: PathBuf,

    /// The interval between probes: the silences that can be told apart later.
    #[arg(long, value_name = "SPAN", default_value = "200ms", value_parser = parse_interval)]
    pub(crate) every: Duration,

    /// After this time without an answer a probe is lost. Rows are written in order of sending, so it is also how far the file may be behind.
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = parse_interval)]
    pub(crate) reply_window: Duration,

    /// Believes the certificates in a PEM file, too.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// End after this time [default: with Ctrl-C].
    #[arg(long = "for", value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) span: Option<Duration>,
}

const TARGET: &str = "tcp, redis, udp, http, https or postgres://HOST:PORT, as for watch";

/// What a timer of the system can keep.
const LEAST: Duration = Duration::from_millis(1);

fn parse_interval(text: &str) -> Result<Duration, String> {
    let interval = parse_duration(text).map_err(|error| error.to_string())?;
    if interval < LEAST {
        return Err("the least is 1ms".into());
    }
    Ok(interval)
}
