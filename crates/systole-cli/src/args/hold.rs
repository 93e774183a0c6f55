//! The options of `hold`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use humantime::parse_duration;

/// What to hold, and the command to run meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Hold {
    #[arg(value_name = "LEASE", help = LEASE)]
    pub(crate) lease: Option<String>,

    /// The command and its arguments, which run while the lease is held.
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) command: Vec<OsString>,

    /// How long the server keeps the lease without a renewal, 1s to 98302s. Another holder waits
    /// this long after a crash.
    #[arg(long, value_name = "SPAN", value_parser = parse_duration, default_value = "10s")]
    pub(crate) ttl: Duration,

    /// How long the command has from SIGTERM to SIGKILL, at most half of the TTL [default: a tenth
    /// of the TTL]. The time is taken off the TTL.
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    pub(crate) grace: Option<Duration>,

    /// Wait for the lease no longer than this [default: without end].
    #[arg(long, value_name = "SPAN", value_parser = parse_duration, conflicts_with = "once")]
    pub(crate) wait: Option<Duration>,

    /// Ask for the lease once, and give up if another holds it or the server cannot be asked.
    #[arg(long)]
    pub(crate) once: bool,

    /// When the lease is lost, wait for it again and start the command anew.
    #[arg(long)]
    pub(crate) retry: bool,

    /// How the processes of the command are kept together, so that all of them can be stopped.
    #[arg(long, value_name = "HOW", value_enum, default_value = "auto")]
    pub(crate) confine: Confine,

    /// Also trust the certificates in this PEM file.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// Say nothing but errors and that the lease is lost.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// How the processes of a command are kept together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Confine {
    /// The first of the others that is permitted.
    Auto,
    /// A PID namespace, in a user namespace where that is needed.
    Namespace,
    /// A control group (version 2).
    Cgroup,
    /// The children of the guard and their descendants.
    Descendants,
}

/// What `hold` passes to the guard.
#[derive(Debug, clap::Args)]
pub(crate) struct HoldGuard {
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) confine: Confine,
    #[arg(long, default_value_t = 0)]
    pub(crate) grace_ms: u64,
    /// Only finds out whether a user namespace is permitted.
    #[arg(long)]
    pub(crate) probe: bool,
    #[arg(last = true)]
    pub(crate) command: Vec<OsString>,
}

/// What the guard passes to the first process.
#[derive(Debug, clap::Args)]
pub(crate) struct HoldInit {
    /// Stays as the first process of a PID namespace, and reaps the others.
    #[arg(long)]
    pub(crate) reap: bool,
    #[arg(last = true)]
    pub(crate) command: Vec<OsString>,
}

const LEASE: &str = "redis://HOST[:PORT]/NAME, rediss:// or redis+unix:///PATH/NAME; etcd://HOST[:PORT]/NAME or etcds://; postgres://USER@HOST[:PORT]/DATABASE/NAME";

const AFTER: &str = "Spans are written 250ms, 5s, 1m30s. Example: systole hold redis://localhost/nightly --ttl 10s -- ./report --all\n\n\
    The command finds SYSTOLE_EPOCH in its environment, a number that rises with every holder (a fencing token), and SYSTOLE_FENCE_FILE, a file of two lines: \
    epoch=NUMBER and fence_ns=TIME, until when the lease is held as nanoseconds of CLOCK_BOOTTIME. crates/systole-cli/docs/hold.md says how to use them.\n\n\
    A guard beside the command stops it in time, also if this process is killed or stopped: SIGTERM before the lease can end, SIGKILL after the grace. \
    The lease is released when no process of the command is left.\n\n\
    Options of a server stand after a #, as for watch: user, password_env, password_file; with TLS ca, cert, key, sni; for PostgreSQL those of libpq.\n\n\
    Exit status: that of the command, or 128 and the number of the signal that ended it; 123 if the lease was never held, 124 if it was lost, \
    125 for invalid arguments and errors of the tool, 126 if the command cannot be run, 127 if it is not found.";
