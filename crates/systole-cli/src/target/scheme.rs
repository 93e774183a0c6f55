//! Schemes: how a peer is probed.

/// How a peer is probed, which also defines the round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Tcp,
    Udp,
    Icmp,
    Http,
    Https,
    Grpc,
    Grpcs,
    Redis,
    Rediss,
    RedisUnix,
    Postgres,
}

impl Scheme {
    pub(super) const ALL: [Self; 11] = [
        Self::Tcp,
        Self::Udp,
        Self::Icmp,
        Self::Http,
        Self::Https,
        Self::Grpc,
        Self::Grpcs,
        Self::Redis,
        Self::Rediss,
        Self::RedisUnix,
        Self::Postgres,
    ];

    /// Returns the scheme that is written `name`.
    pub(super) fn of(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        match name {
            "postgresql" => Some(Self::Postgres),
            _ => all.find(|scheme| scheme.name() == name),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Http => "http",
            Self::Https => "https",
            Self::Grpc => "grpc",
            Self::Grpcs => "grpcs",
            Self::Redis => "redis",
            Self::Rediss => "rediss",
            Self::RedisUnix => "redis+unix",
            Self::Postgres => "postgres",
        }
    }

    /// Returns the default port of the service.
    pub(super) const fn port(self) -> Option<u16> {
        match self {
            Self::Tcp | Self::Udp | Self::Grpc | Self::Grpcs | Self::Icmp | Self::RedisUnix => None,

            Self::Redis | Self::Rediss => Some(6379),
            Self::Http => Some(80),
            Self::Https => Some(443),
            Self::Postgres => Some(5432),
        }
    }

    /// Returns whether a host has ports.
    pub(super) const fn has_ports(self) -> bool {
        !matches!(self, Self::Icmp)
    }

    /// Returns whether the peer is at a path of this machine and not at a host.
    pub(super) const fn is_local(self) -> bool {
        matches!(self, Self::RedisUnix)
    }

    /// Returns whether connections start with TLS.
    pub(super) const fn is_encrypted(self) -> bool {
        matches!(self, Self::Https | Self::Grpcs | Self::Rediss)
    }

    /// Returns whether a certificate decides if the peer is trusted.
    pub(crate) const fn has_certificate(self) -> bool {
        self.is_encrypted() || matches!(self, Self::Postgres)
    }

    /// Returns whether a query is part of the request. Otherwise it holds options, as what follows
    /// a `#` always does.
    pub(super) const fn sends_query(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    /// Returns what the round-trip time measures, for display.
    pub(crate) const fn round_trip(self) -> &'static str {
        match self {
            Self::Tcp => "a TCP connect",
            Self::Udp => "datagram to echo",
            Self::Icmp => "echo request to reply",
            Self::Http | Self::Https => "request to the first byte, on a kept connection",
            Self::Grpc | Self::Grpcs => {
                "Health/Check to the head of the reply, on a kept connection"
            }
            Self::Redis | Self::Rediss | Self::RedisUnix => "PING to reply, on a kept connection",
            Self::Postgres => "a query to its result, on a kept connection",
        }
    }
}
