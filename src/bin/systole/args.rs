//! The command line, and the configuration it asks for.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Parser, Subcommand};
use humantime::parse_duration;
use systole::{Config, ConfigError};

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
    /// Watch a peer: every answer, the interval as it moves, and the verdict.
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
    Exit status: 0 if the peer is alive at the end (or merely suspected), 1 if it is dead or was never heard, 2 for unusable arguments.\n\n\
    A TCP connection is answered by the peer's system, even where its process hangs; redis and udp ask the process.")]
pub(crate) struct Watch {
    #[arg(help = TARGET)]
    pub(crate) target: Option<String>,

    /// The base interval between probes [default: 1s; 250ms without a target].
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    every: Option<Duration>,

    /// The shortest interval [default: 0.9 of the base].
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    min: Option<Duration>,

    /// The longest interval [default: 4 times the base].
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    max: Option<Duration>,

    /// The longest time from a crash to the verdict [default: what interval, timeout and retries take].
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    detect_within: Option<Duration>,

    /// End after this time [default: with Ctrl-C; 28s without a target].
    #[arg(long = "for", value_name = "SPAN", value_parser = parse_duration)]
    span: Option<Duration>,

    /// Serve `/metrics` for Prometheus on this address, such as 127.0.0.1:9460.
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<SocketAddr>,

    /// One JSON object a line, for programs.
    #[arg(long)]
    pub(crate) json: bool,

    /// The UDP port of the peer that is played where there is no target; 0: any.
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        conflicts_with = "target"
    )]
    pub(crate) port: u16,
}

const TARGET: &str = "tcp://HOST:PORT connects, redis://HOST[:PORT] sends PING on a kept connection, udp://HOST:PORT expects an echo. \
    Without one, a peer is played on this machine that goes through every verdict in half a minute";

/// Fast enough for every verdict to be seen in half a minute.
const DEMO_EVERY: Duration = Duration::from_millis(250);
const DEMO_BOUND: Duration = Duration::from_millis(1_500);
const DEMO_SPAN: Duration = Duration::from_secs(28);

impl Watch {
    /// The configuration: a stated bound last, so that it is held against all else.
    pub(crate) fn config(&self) -> Result<Config, ConfigError> {
        let mut config = Config::every(self.base())?.start_at_once().seeded();
        if self.min.is_some() || self.max.is_some() {
            let min = self.min.unwrap_or_else(|| config.interval_min());
            let max = self.max.unwrap_or_else(|| config.interval_max());
            config = config.interval_between(min, max)?;
        }
        match self.bound() {
            Some(bound) => config.detect_within(bound),
            None => Ok(config),
        }
    }

    /// When to end by ourselves.
    pub(crate) fn span(&self) -> Option<Duration> {
        self.span.or_else(|| self.is_demo().then_some(DEMO_SPAN))
    }

    fn base(&self) -> Duration {
        self.every.unwrap_or(if self.is_demo() {
            DEMO_EVERY
        } else {
            Duration::from_secs(1)
        })
    }

    fn bound(&self) -> Option<Duration> {
        let untouched = self.is_demo() && self.every.is_none() && self.min.is_none();
        self.detect_within.or(untouched.then_some(DEMO_BOUND))
    }

    const fn is_demo(&self) -> bool {
        self.target.is_none()
    }
}
