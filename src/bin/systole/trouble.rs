//! What keeps the tool from starting: one line each.

use std::fmt;
use std::io;

use systole::ConfigError;

#[derive(Debug)]
pub(crate) enum Trouble {
    /// Not a scheme we speak.
    Scheme(String),
    /// Not `scheme://host:port`.
    Address(String),
    /// A host that has no address.
    Host(String, io::Error),
    /// A port of ours that is taken, or may not be had.
    Port(u16, io::Error),
    /// Settings that contradict each other.
    Config(ConfigError),
    /// The system lacks something.
    System(io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(scheme) => {
                write!(f, "unknown scheme '{scheme}': there are tcp, redis and udp")
            }
            Self::Address(text) => write!(
                f,
                "'{text}' is no target: it takes a scheme, a host and a port, such as tcp://localhost:80"
            ),
            Self::Host(host, error) => write!(f, "host '{host}' has no address: {error}"),
            Self::Port(port, error) if error.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "port {port} is already taken: choose another with --port"
                )
            }
            Self::Port(port, error) => write!(f, "port {port} cannot be had: {error}"),
            Self::Config(error) => error.fmt(f),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl From<ConfigError> for Trouble {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}
