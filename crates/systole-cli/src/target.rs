//! Targets: `scheme://host:port`, and the parts that a scheme adds.

mod demo;
mod grpc;
mod http;
mod kept;
mod link;
mod open;
mod place;
mod postgres;
mod redis;
mod tcp;
mod tls;
mod udp;
mod wire;

use std::fmt;
use std::str::FromStr;

use crate::trouble::Trouble;

pub(crate) use link::{Answer, Arrival, Herald, Inbox, Link, LinkEvent, Miss, inbox};
pub(crate) use tls::Trust;

/// The user agent sent in protocols that have a field for it.
const AGENT: &str = concat!("systole/", env!("CARGO_PKG_VERSION"));

/// How a peer is probed, which also defines the round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Tcp,
    Redis,
    Udp,
    Http,
    Https,
    Grpc,
    Grpcs,
    Postgres,
}

impl Scheme {
    const ALL: [Self; 8] = [
        Self::Tcp,
        Self::Redis,
        Self::Udp,
        Self::Http,
        Self::Https,
        Self::Grpc,
        Self::Grpcs,
        Self::Postgres,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Redis => "redis",
            Self::Udp => "udp",
            Self::Http => "http",
            Self::Https => "https",
            Self::Grpc => "grpc",
            Self::Grpcs => "grpcs",
            Self::Postgres => "postgres",
        }
    }

    /// Returns the default port of the service.
    const fn port(self) -> Option<u16> {
        match self {
            Self::Tcp | Self::Udp | Self::Grpc | Self::Grpcs => None,
            Self::Redis => Some(6379),
            Self::Http => Some(80),
            Self::Https => Some(443),
            Self::Postgres => Some(5432),
        }
    }

    /// Returns whether a certificate decides if the peer is trusted.
    pub(crate) const fn has_certificate(self) -> bool {
        matches!(self, Self::Https | Self::Grpcs)
    }

    /// Returns what the round-trip time measures, for display.
    pub(crate) const fn round_trip(self) -> &'static str {
        match self {
            Self::Tcp => "a TCP connect",
            Self::Redis => "PING to reply, on a kept connection",
            Self::Udp => "datagram to echo",
            Self::Http | Self::Https => "GET to the first byte, on a kept connection",
            Self::Grpc | Self::Grpcs => {
                "Health/Check to the head of the reply, on a kept connection"
            }
            Self::Postgres => "SELECT 1 to its result, on a kept connection",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    scheme: Scheme,
    host: String,
    port: u16,
    /// The path and query as given.
    path: String,
    /// The whole text of a target that contains login data.
    login: Option<String>,
}

impl FromStr for Target {
    type Err = Trouble;

    fn from_str(text: &str) -> Result<Self, Trouble> {
        let malformed = || Trouble::Address(text.into());
        let (name, rest) = text.split_once("://").ok_or_else(malformed)?;
        let mut schemes = Scheme::ALL.into_iter();
        let scheme = match name {
            "postgresql" => Scheme::Postgres,
            _ => schemes
                .find(|scheme| scheme.name() == name)
                .ok_or_else(|| Trouble::Scheme(name.into()))?,
        };
        let (place, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let place = match place.rsplit_once('@') {
            Some((_, place)) if scheme == Scheme::Postgres => place,
            Some(_) => return Err(malformed()),
            None => place,
        };
        let (host, port) = split_port(place).ok_or_else(malformed)?;
        let port = port.or(scheme.port()).filter(|&port| port > 0);
        let target = Self {
            scheme,
            host: host.into(),
            port: port.ok_or_else(malformed)?,
            path: if path == "/" { "" } else { path }.into(),
            login: (scheme == Scheme::Postgres).then(|| text.into()),
        };
        target.is_sound().then_some(target).ok_or_else(malformed)
    }
}

/// Splits a host and a port, and removes the brackets of an IPv6 address.
fn split_port(place: &str) -> Option<(&str, Option<u16>)> {
    let (host, rest) = match place.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    match rest.strip_prefix(':') {
        Some(port) => Some((host, Some(port.parse().ok()?))),
        None => rest.is_empty().then_some((host, None)),
    }
}

impl Target {
    pub(crate) const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns whether the scheme accepts what follows the port.
    fn is_sound(&self) -> bool {
        let fits = match self.scheme {
            Scheme::Tcp | Scheme::Udp | Scheme::Redis => self.path.is_empty(),
            Scheme::Http | Scheme::Https => http::request(self).is_some(),
            Scheme::Grpc | Scheme::Grpcs => grpc::request(self).is_some(),
            Scheme::Postgres => postgres::login(self).is_some(),
        };
        fits && !self.host.is_empty()
    }

    /// Returns host and port in the form of an address.
    fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Shows the target without parts that may be secret.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.authority())?;
        let path = match self.path.split_once('?') {
            Some((path, _)) => path,
            None => &self.path,
        };
        f.write_str(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        text.parse::<Target>().unwrap().to_string()
    }

    #[test]
    fn targets_are_read_and_written() {
        for text in [
            "tcp://localhost:80",
            "redis://10.0.0.1:6379",
            "udp://[::1]:7",
            "http://localhost:8080/health",
            "grpc://localhost:50051",
            "grpcs://localhost:50051/shop.Cart",
            "postgres://db:5433/shop",
        ] {
            assert_eq!(written(text), text);
        }
    }

    #[test]
    fn the_port_of_the_scheme_need_not_be_said() {
        for (text, full) in [
            ("redis://r/", "redis://r:6379"),
            ("http://h", "http://h:80"),
            ("https://h/", "https://h:443"),
            ("postgresql://h", "postgres://h:5432"),
        ] {
            assert_eq!(written(text), full);
        }
    }

    #[test]
    fn secrets_are_not_written() {
        assert_eq!(
            written("postgres://me:secret@db/shop?connect_timeout=3"),
            "postgres://db:5432/shop"
        );
        assert_eq!(written("http://h/x?token=secret"), "http://h:80/x");
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in [
            "",
            "localhost:80",
            "tcp://",
            "tcp://host",
            "tcp://:80",
            "tcp://h:99999",
            "tcp://h:80/path",
            "udp://h:0",
            "tcp://[::1:80",
            "http://me:secret@h",
            "grpc://h",
            "http://h/a b",
            "postgres://h/db?no_such_setting=1",
            "postgres://h/db?sslmode=require",
        ] {
            assert!(
                matches!(text.parse::<Target>(), Err(Trouble::Address(_))),
                "{text}"
            );
        }
        assert!(matches!(
            "gopher://h:70".parse::<Target>(),
            Err(Trouble::Scheme(_))
        ));
    }
}
