//! The options of `listen`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use humantime::parse_duration;

use crate::push::Name;

/// Where to listen, to whom, and what to tell.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Listen {
    /// The UDP address to listen on, such as 0.0.0.0:9461 or [::]:9461.
    #[arg(value_name = "ADDR")]
    pub(crate) address: SocketAddr,

    /// Read senders and settings from this file, and again at SIGHUP.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The file with the keys of the senders: lines NAME KEY, or * KEY for all others. Heartbeats
    /// without a valid tag are then refused. It is read again at SIGHUP.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,

    /// The name of this listener, which senders state with --listener.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<Name>,

    /// The longest time from a crash to the verdict [default: what each sender announces, and three
    /// losses in a row].
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) detect_within: Option<Duration>,

    /// How many senders are admitted that no file names [default: 10000].
    #[arg(long, value_name = "N")]
    pub(crate) admit: Option<usize>,

    /// Keep what is known of the senders in this file, over restarts.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// End after this time [default: at Ctrl-C].
    #[arg(long = "for", value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) span: Option<Duration>,

    /// Serve `/metrics` for Prometheus, and `/healthz`, on this address, such as 127.0.0.1:9460.
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<SocketAddr>,

    /// Export a series for every sender too.
    #[arg(long, requires = "metrics")]
    pub(crate) metrics_per_sender: bool,

    /// Print one JSON object per line, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Print lines on a terminal too, as when standard output is not a terminal.
    #[arg(long, conflicts_with = "json")]
    pub(crate) plain: bool,
}

const AFTER: &str = "Spans are written 250ms, 5s, 1m30s. Senders run `systole beat HOST:PORT --id NAME`.\n\n\
    --config FILE is TOML: detect_within = \"30s\", losses = 3, admit = 100, rate_limit = 10000, key_file = \"keys\", on_change = [\"/path\", \"argument\"]; for each \
    sender [[sender]] with id = \"web-1\", every = \"5s\" (it is dead if it never comes), label = \"rack-1\", overdue = \"25h\" (a job: it is overdue if it was not heard for so long). \
    Options on the command line take precedence. At SIGHUP keys and senders are read again; a file with an error is refused, and the old settings stay.\n\n\
    on_change runs a program when a sender is dead, failed or overdue, and when it is well again. docs/many.md explains keys, sizes and the state file.\n\n\
    Exit status: 0 if no sender is dead, failed or overdue at the end, 1 if one is, 2 for invalid arguments.";
