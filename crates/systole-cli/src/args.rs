//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use humantime::parse_duration;

mod judge;
mod record;

pub(crate) use judge::{Judge, Replay, Tune};
pub(crate) use record::Record;

/// Adaptive heartbeats: probe a peer as often as its path asks for, and know whether it is alive.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch peers: every answer, the interval as it moves, and the verdict.
    Watch(Watch),
    /// Replay detectors over recorded networks: what they cost, how often they are wrong, how soon they notice a crash.
    Replay(Replay),
    /// Find the cheapest settings for recorded networks, and the Rust configuration to paste.
    Tune(Tune),
    /// Record the round trips to a peer, for `replay` and `tune`.
    Record(Record),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Spans are written 250ms, 5s, 1m30s.\n\n\
    A round trip ends with the first byte of the answer. Resolving, connecting, TLS and logging in are not part of it; they are part of the time \
    until a probe is overdue. A kept connection is renewed every 30s, since a server whose accept queue is full goes on answering old ones.\n\n\
    tcp: a connection is answered by the peer's system, even where its process hangs. The others ask the process. http: 2xx and 3xx are \
    alive; 429, and 503 with Retry-After, are alive and lengthen the interval, up to --max, to twice its length or what they ask for; any other status is a \
    miss. grpc: SERVING is alive, anything else is a miss.\n\n\
    --config FILE is TOML: targets = [\"redis://a\", \"redis://b\"], every, min, max, detect_within, quarantine = \"30s\", timeout_ms = 800, \
    retry_attempts = 2, failover_enabled = true, ca = \"ca.pem\". The command line wins. SIGHUP reads it again: targets that stay keep connection, \
    statistics and verdict; a group starts over. A file with a mistake is refused, and all goes on as before.\n\n\
    Exit status: 0 if every peer is alive at the end (or merely suspected), with --failover the one in use; 1 if not; 2 for unusable arguments.")]
pub(crate) struct Watch {
    #[arg(value_name = "TARGET", help = TARGET)]
    pub(crate) targets: Vec<String>,

    /// The targets are replicas: one is in use, and another one when that fails.
    #[arg(long)]
    pub(crate) failover: bool,

    /// Reads targets and settings from a file, and again at SIGHUP.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Believes the certificates in a PEM file, too: those of authorities, and self-signed ones of servers.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// Watch all echo services (UDP) that this file names, one a line: HOST[:PORT], port 7 unless said otherwise. Shows the worst once a second.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["targets", "port", "config", "failover"])]
    pub(crate) fleet: Option<PathBuf>,

    /// The base interval between probes [default: 1s; 250ms without a target].
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) every: Option<Duration>,

    /// The shortest interval [default: 0.9 of the base].
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) min: Option<Duration>,

    /// The longest interval [default: 4 times the base; the base with --failover].
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) max: Option<Duration>,

    /// The longest time from a crash to the verdict [default: what interval, timeout and retries take].
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) detect_within: Option<Duration>,

    /// End after this time [default: with Ctrl-C; 28s without a target].
    #[arg(long = "for", value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) span: Option<Duration>,

    /// Serve `/metrics` for Prometheus on this address, such as 127.0.0.1:9460.
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<SocketAddr>,

    /// One JSON object a line, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Lines on a terminal, too, as there are where standard output is none.
    #[arg(long, conflicts_with = "json")]
    pub(crate) plain: bool,

    /// The UDP port of the peer that is played where there is no target; 0: any.
    #[arg(long, value_name = "PORT", default_value_t = 0, conflicts_with_all = ["targets", "config"])]
    pub(crate) port: u16,
}

const TARGET: &str = "tcp://HOST:PORT connects, redis://HOST[:PORT] sends PING, postgres://[USER[:PASSWORD]@]HOST[:PORT][/DB] asks SELECT 1, \
    http://HOST[:PORT][/PATH] and https:// GET, grpc://HOST:PORT[/SERVICE] and grpcs:// call Health/Check, udp://HOST:PORT expects an echo. \
    Without one, a peer is played on this machine that goes through every verdict in half a minute";
