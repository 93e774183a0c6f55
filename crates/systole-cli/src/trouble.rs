//! The errors that keep the tool from starting, each shown in one line.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use systole::ConfigError;
use systole_lab::TraceError;

use crate::fleet::HostsError;

#[derive(Debug)]
pub enum Trouble {
    /// A scheme that is not supported.
    Scheme(String),
    /// A target that cannot be read, without what could be a secret, and the reason.
    Target(String, String),
    /// A target that is given more than once.
    Twice(String),
    /// No targets were given.
    NoTargets,
    /// A file that cannot be read.
    Read(PathBuf, io::Error),
    /// An error in a line of a file.
    Line(PathBuf, usize, String),
    /// A file without usable certificates.
    Certificates(PathBuf, String),
    /// No certificates of authorities are installed.
    NoAuthorities,
    /// TLS cannot be set up.
    Tls(String),
    /// The certificate of a target is not trusted, and the reason.
    Untrusted(String, String),
    /// A host without an address.
    Host(String, io::Error),
    /// A local port that is taken or cannot be bound.
    Port(u16, io::Error),
    /// An address on which `/metrics` cannot be served.
    Metrics(SocketAddr, io::Error),
    /// An address on which heartbeats cannot be heard.
    Listen(SocketAddr, io::Error),
    /// Settings that are out of range or contradict each other.
    Config(ConfigError),
    /// An error of the operating system.
    System(io::Error),
    /// A recorded network that cannot be read.
    Trace(PathBuf, TraceError),
    /// A folder without recorded networks.
    NoTraces(PathBuf),
    /// A recorded network that cannot be judged: its name and the reason.
    Unfit(String, String),
    /// A list of peers that cannot be parsed.
    Hosts(PathBuf, HostsError),
    /// A file that cannot be written.
    Write(PathBuf, io::Error),
    /// A plot that cannot be drawn.
    Plot(String),
    /// A plot whose file name ends with no format.
    Picture(PathBuf),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(scheme) => {
                write!(
                    f,
                    "unknown scheme '{scheme}': use tcp, udp, icmp, http, https, grpc, grpcs, redis, rediss, redis+unix or postgres"
                )
            }
            Self::Target(text, why) => write!(f, "'{text}' is no target: {why}"),
            Self::Twice(target) => write!(f, "{target} is given twice"),
            Self::NoTargets => f.write_str("there is no target"),
            Self::Line(path, line, what) => write!(f, "{}:{line}: {what}", path.display()),
            Self::Certificates(path, why) => {
                write!(f, "{}: no certificates: {why}", path.display())
            }
            Self::NoAuthorities => f.write_str(
                "no certificates of authorities are installed: install ca-certificates, or name a file with --ca FILE",
            ),
            Self::Tls(why) => write!(f, "TLS cannot be set up: {why}"),
            Self::Untrusted(target, why) => {
                write!(f, "the certificate of {target} is not believed: {why}")
            }
            Self::Host(host, error) => write!(f, "host '{host}' has no address: {error}"),
            Self::Port(port, error) if error.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "port {port} is already taken: choose another with --port"
                )
            }
            Self::Port(port, error) => write!(f, "port {port} cannot be used: {error}"),
            Self::Metrics(address, error) => {
                write!(f, "metrics cannot be served on {address}: {error}")
            }
            Self::Listen(address, error) => {
                write!(f, "heartbeats cannot be heard on {address}: {error}")
            }
            Self::Config(error) => error.fmt(f),
            Self::System(error) => error.fmt(f),
            Self::Hosts(path, error) => write!(f, "{}:{error}", path.display()),
            Self::Trace(path, error) => write_trace(f, path, error),
            Self::NoTraces(path) => write!(f, "{}: no *.csv in this folder", path.display()),
            Self::Unfit(name, reason) => write!(f, "{name}: {reason}"),
            Self::Write(path, error) if error.kind() == io::ErrorKind::AlreadyExists => {
                write!(
                    f,
                    "{}: there is such a file already; --force overwrites it",
                    path.display()
                )
            }
            Self::Read(path, error) | Self::Write(path, error) => {
                write!(f, "{}: {error}", path.display())
            }
            Self::Plot(error) => write!(f, "the plot cannot be drawn: {error}"),
            Self::Picture(path) => write!(f, "{}: a plot is .svg or .png", path.display()),
        }
    }
}

/// Writes `file:line: error`, the form that compilers use.
fn write_trace(f: &mut fmt::Formatter<'_>, path: &Path, error: &TraceError) -> fmt::Result {
    let text = error.to_string();
    let place = path.display();
    match text
        .strip_prefix("line ")
        .and_then(|rest| rest.split_once(": "))
    {
        Some((line, what)) => write!(f, "{place}:{line}: {what}"),
        None => match error {
            TraceError::Io(error) => write!(f, "{place}: {error}"),
            _ => write!(f, "{place}: {text}"),
        },
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<ConfigError> for Trouble {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}
