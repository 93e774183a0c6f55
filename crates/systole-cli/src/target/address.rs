//! Targets: `scheme://[user@]host[:port][/path][?query][#options]`.

use std::fmt;

use super::options::{Options, SessionAttrs};
use super::scheme::Scheme;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(super) scheme: Scheme,
    /// The hosts, in the order in which they are tried; none if the scheme is local. Only a
    /// database has more than one.
    pub(super) hosts: Vec<Host>,
    /// The path, and the query if it is part of the request.
    pub(super) path: String,
    pub(super) options: Box<Options>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Host {
    pub(super) name: String,
    /// The port, or 0 if the scheme has none.
    pub(super) port: u16,
}

impl Target {
    pub(crate) const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the first host, and nothing for a path.
    pub(super) fn host(&self) -> &str {
        self.hosts.first().map_or("", |host| &host.name)
    }

    /// Returns host and port in the form of an address, without the default port.
    pub(super) fn short_authority(&self) -> String {
        match self.hosts.first() {
            Some(host) if self.scheme.port() == Some(host.port) => host.bracketed(),
            _ => self.authority(),
        }
    }

    /// Returns hosts and ports in the form of addresses.
    pub(super) fn authority(&self) -> String {
        let hosts: Vec<_> = self.hosts.iter().map(Host::to_string).collect();
        hosts.join(",")
    }
}

impl Host {
    /// Returns the name, an IPv6 address in brackets.
    fn bracketed(&self) -> String {
        if self.name.contains(':') {
            format!("[{}]", self.name)
        } else {
            self.name.clone()
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            0 => f.write_str(&self.bracketed()),
            port => write!(f, "{}:{port}", self.bracketed()),
        }
    }
}

/// Shows the target without parts that may be secret, but with the role that is asked for: the same
/// database may be watched for both.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.authority())?;
        let path = match self.path.split_once('?') {
            Some((path, _)) => path,
            None => &self.path,
        };
        f.write_str(path)?;
        if let Some(role) = self.options.role {
            write!(f, "?role={}", role.name())?;
        }
        match self.options.session {
            SessionAttrs::Any => Ok(()),
            attrs => write!(f, "?target_session_attrs={}", attrs.name()),
        }
    }
}
