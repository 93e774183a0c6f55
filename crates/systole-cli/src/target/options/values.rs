//! The values of options that have few: methods, statuses, roles, modes.

use std::ops::RangeInclusive;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in super::super) enum Method {
    #[default]
    Get,
    Head,
    Options,
    Post,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Role {
    Primary,
    Replica,
}

/// Whether a database is asked for TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in super::super) enum SslMode {
    Disable,
    /// If it offers TLS, and without a look at its certificate: this is not safe from somebody who
    /// can change what is sent.
    #[default]
    Prefer,
    /// Always, and the certificate is verified.
    Require,
}

/// What a session with a database has to be able to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in super::super) enum SessionAttrs {
    #[default]
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
}

impl SessionAttrs {
    pub(super) const NAMES: &str = "any, read-write, read-only, primary or standby";

    pub(super) fn of(text: &str) -> Option<Self> {
        match text {
            "any" => Some(Self::Any),
            "read-write" => Some(Self::ReadWrite),
            "read-only" => Some(Self::ReadOnly),
            "primary" => Some(Self::Primary),
            "standby" => Some(Self::Standby),
            _ => None,
        }
    }

    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "read-only",
            Self::Primary => "primary",
            Self::Standby => "standby",
        }
    }

    /// Returns the query of a probe, and the value that it has to return.
    pub(in super::super) const fn query(self) -> (&'static str, &'static str) {
        match self {
            Self::Any => ("SELECT 1", "1"),
            Self::ReadWrite => ("SHOW transaction_read_only", "off"),
            Self::ReadOnly => ("SHOW transaction_read_only", "on"),
            Self::Primary => ("SELECT pg_catalog.pg_is_in_recovery()", "f"),
            Self::Standby => ("SELECT pg_catalog.pg_is_in_recovery()", "t"),
        }
    }

    /// Returns what another value says of the server.
    pub(in super::super) const fn refusal(self) -> &'static str {
        match self {
            Self::Any => "its answer is another one",
            Self::ReadWrite => "it is read-only",
            Self::ReadOnly => "it is not read-only",
            Self::Primary => "it is a standby",
            Self::Standby => "it is not a standby",
        }
    }
}

impl SslMode {
    pub(super) const NAMES: &str = "disable, prefer, require, verify-ca or verify-full";

    /// Reads a mode of libpq. Those that want TLS all verify the certificate and its name here.
    pub(super) fn of(text: &str) -> Option<Self> {
        match text {
            "disable" => Some(Self::Disable),
            "allow" | "prefer" => Some(Self::Prefer),
            "require" | "verify-ca" | "verify-full" => Some(Self::Require),
            _ => None,
        }
    }
}

/// Statuses of HTTP, as `200-299,301`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Statuses(Vec<RangeInclusive<u16>>);

impl Statuses {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let status = |text: &str| text.trim().parse::<u16>().ok();
        let valid = |range: &RangeInclusive<u16>| {
            *range.start() >= 100 && *range.end() <= 599 && !range.is_empty()
        };
        let range = |part: &str| match part.split_once('-') {
            Some((from, to)) => Some(status(from)?..=status(to)?),
            None => status(part).map(|status| status..=status),
        };
        let range = |part: &str| range(part).filter(valid);
        text.split(',').map(range).collect::<Option<_>>().map(Self)
    }

    pub(in super::super) fn contain(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

impl Method {
    pub(super) const NAMES: &str = "GET, HEAD, OPTIONS or POST";

    pub(super) fn of(text: &str) -> Option<Self> {
        match text {
            "GET" => Some(Self::Get),
            "HEAD" => Some(Self::Head),
            "OPTIONS" => Some(Self::Options),
            "POST" => Some(Self::Post),
            _ => None,
        }
    }
}

impl From<Method> for hyper::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Head => Self::HEAD,
            Method::Options => Self::OPTIONS,
            Method::Post => Self::POST,
        }
    }
}

impl Role {
    pub(super) fn of(text: &str) -> Option<Self> {
        match text {
            "primary" | "master" => Some(Self::Primary),
            "replica" | "slave" => Some(Self::Replica),
            _ => None,
        }
    }

    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
        }
    }
}
