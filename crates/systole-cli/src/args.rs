//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use humantime::parse_duration;

mod beat;
mod generate;
#[cfg(target_os = "linux")]
mod hold;
mod judge;
mod listen;
mod record;

pub(crate) use beat::Beat;
pub(crate) use generate::Generate;
#[cfg(target_os = "linux")]
pub(crate) use hold::{Confine, Hold, HoldGuard, HoldInit};
pub(crate) use judge::{Judge, Replay, Tune};
pub(crate) use listen::Listen;
pub(crate) use record::Record;

/// Adaptive heartbeats: probe a peer as often as its path asks for, and know whether it is alive.
#[derive(Debug, Parser)]
#[command(name = "systole", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch peers: show every reply, the current interval and the verdict.
    Watch(Watch),
    /// Replay detectors over recorded networks: show their cost, their mistakes and their detection
    /// times.
    Replay(Replay),
    /// Find the cheapest settings for recorded networks, as a Rust configuration to paste.
    Tune(Tune),
    /// Record the round trips to a peer, for `replay` and `tune`.
    Record(Record),
    /// Tell whether a target is alive, by the exit status too: 0 if it is, 1 if not.
    Check(Check),
    /// Print a manual page, or the completions of a shell.
    Generate(Generate),
    /// Send heartbeats from this machine, or while a command runs, to `listen`.
    Beat(Beat),
    /// Hear the heartbeats of many senders, and tell who is dead.
    Listen(Listen),
    /// Run a command while a lease is held: a lock, a leadership, a singleton.
    #[cfg(target_os = "linux")]
    Hold(Hold),
    /// The process beside a held command which stops it in time; `hold` starts it.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    HoldGuard(HoldGuard),
    /// The first process of a held command; the guard starts it.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    HoldInit(HoldInit),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[arg(value_name = "TARGET", help = ONE_TARGET)]
    pub(crate) target: String,

    /// How long a target that does not reply is probed.
    #[arg(long, value_name = "SPAN", value_parser = parse_duration, default_value = "3s")]
    pub(crate) within: Duration,

    /// Wait for up to this time until the target is alive.
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) wait: Option<Duration>,

    /// Also trust the certificates in this PEM file.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, clap::Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is an option that is given or not"
)]
#[command(after_help = "Spans are written 250ms, 5s, 1m30s.\n\n\
    A round trip ends with the first byte of the reply. It excludes resolving, connecting, TLS and login, but the timeout of a probe includes them. \
    A connection is renewed every 30s beside the old one, since a server whose accept queue is full still replies on old connections.\n\n\
    tcp: the operating system of the peer accepts the connection, even if the process hangs. All other schemes query the process. http: a status of 2xx or 3xx \
    means alive. 429 means alive and lengthens the interval: to twice its length or to the time that the server asks for, up to --max. \
    Any other status is a miss. grpc: SERVING means alive, any other status is a miss. redis: PONG means alive, any error is a miss.\n\n\
    Options of a target stand after a #, as name=value&name=value: user, password_env, password_file; ca, cert, key, sni; method, header, status, body (http); \
    role (redis); sslmode, target_session_attrs (postgres). docs/manual.md explains them.\n\n\
    --config FILE is TOML: targets = [\"redis://a\", \"redis://b\"], every, min, max, detect_within, quarantine = \"30s\", timeout_ms = 800, \
    retry_attempts = 2, failover_enabled = true, ca = \"ca.pem\". Options on the command line take precedence. SIGHUP reads the file again: targets that remain \
    keep their connection, statistics and verdict, and a group its active target and quarantines. on_change = [\"/path\", \"argument\"] runs a \
    program when a verdict or the active target changes. A file with an error is refused, and the watch continues with the old settings.\n\n\
    Exit status: 0 if every peer is alive or suspected at the end (with --failover: if the peer in use is), 1 if not, 2 for invalid arguments.")]
pub(crate) struct Watch {
    #[arg(value_name = "TARGET", help = TARGET)]
    pub(crate) targets: Vec<String>,

    /// Treat the targets as replicas: use one, and switch to another when it fails.
    #[arg(long)]
    pub(crate) failover: bool,

    /// Read targets and settings from this file, and again at SIGHUP.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Also trust the certificates in this PEM file, of authorities or of servers (self-signed).
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// Watch all echo services (UDP) in this file, one HOST[:PORT] per line, port 7 by default.
    /// Shows the worst peers once a second.
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

    /// The longest time from a crash to the verdict [default: the sum that interval, timeout and
    /// retries need].
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) detect_within: Option<Duration>,

    /// End after this time [default: at Ctrl-C; 28s without a target].
    #[arg(long = "for", value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) span: Option<Duration>,

    /// Serve `/metrics` for Prometheus, and `/healthz`, on this address, such as 127.0.0.1:9460.
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<SocketAddr>,

    /// Print one JSON object per line, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// Leave out single probes: print changes of verdicts, of paths and of groups only.
    #[arg(long)]
    pub(crate) events_only: bool,

    /// Print lines on a terminal too, as when standard output is not a terminal.
    #[arg(long, conflicts_with = "json")]
    pub(crate) plain: bool,

    /// Write events to the log of the system, and nothing to standard output.
    #[cfg(unix)]
    #[arg(long, value_name = "WHERE", conflicts_with_all = ["json", "plain", "fleet"])]
    pub(crate) log: Option<Log>,

    /// The UDP port of the built-in demo peer, which runs if there is no target; 0 means any.
    #[arg(long, value_name = "PORT", default_value_t = 0, conflicts_with_all = ["targets", "config"])]
    pub(crate) port: u16,
}

/// A log of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    Syslog,
    Journal,
}

const ONE_TARGET: &str = "A target as of `watch`, such as http://localhost:8080/health";
const TARGET: &str = "tcp://HOST:PORT connects, redis://HOST[:PORT], rediss:// and redis+unix:///PATH send PING, postgres://[USER@]HOST[:PORT][,HOST][/DB] sends SELECT 1, \
    http://HOST[:PORT][/PATH] and https:// send GET, grpc://HOST:PORT[/SERVICE] and grpcs:// call Health/Check, udp://HOST:PORT expects an echo, icmp://HOST pings. \
    Without a target, a built-in demo peer goes through every verdict in half a minute";
