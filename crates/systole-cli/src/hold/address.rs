//! Leases as they are written: a server, and the name of the lease on it.

use percent_encoding::percent_decode_str;

use crate::report::plain_text;
use crate::target::{Scheme, Target};
use crate::trouble::Trouble;

/// The longest name of a lease, in bytes.
const NAME_MAX: usize = 512;

/// The kinds of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Redis,
    Etcd,
    Postgres,
}

impl Kind {
    fn of(scheme: &str) -> Option<Self> {
        match scheme {
            "redis" | "rediss" | "redis+unix" => Some(Self::Redis),
            "etcd" | "etcds" => Some(Self::Etcd),
            "postgres" | "postgresql" => Some(Self::Postgres),
            _ => None,
        }
    }
}

/// A server and the name of a lease on it.
#[derive(Debug)]
pub(super) struct Address {
    kind: Kind,
    scheme: String,
    pub(super) server: Target,
    pub(super) name: String,
}

const SCHEMES: &str = "its scheme is one of redis, rediss, redis+unix, etcd, etcds, postgres; \
    for example redis://localhost/nightly";
const FORM: &str = "write a server and the name of a lease, for example redis://localhost/nightly";
const DATABASE: &str = "write a database and the name of a lease, for example \
    postgres://me@localhost/shop/nightly (or redis://localhost/nightly)";
/// The port of etcd, whose target is one of HTTP.
const ETCD_PORT: u16 = 2379;

const LOGIN: &[&str] = &["user", "password_env", "password_file"];
const TLS: &[&str] = &["ca", "cert", "key", "sni"];
/// Those of libpq.
const LIBPQ: &[&str] = &[
    "sslmode",
    "target_session_attrs",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "application_name",
];

impl Address {
    /// Reads a lease of the command line.
    ///
    /// # Errors
    /// What is wrong, without what could be a password.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or_else(|| no_lease(FORM))?;
        let kind = Kind::of(scheme).ok_or_else(|| no_lease(SCHEMES))?;
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        let (place, options) = rest.split_at(end);
        check_options(kind, scheme, options)?;
        let form = if kind == Kind::Postgres {
            DATABASE
        } else {
            FORM
        };
        let (place, name) = split(kind, scheme, place).ok_or_else(|| no_lease(form))?;
        let server = format!("{}{options}", server(kind, scheme, place));
        let server = Target::of_argument(&server).map_err(|error| match error {
            Trouble::Target(_, why) => no_lease(&why),
            error => error.to_string(),
        })?;
        Ok(Self {
            kind,
            scheme: scheme.into(),
            server,
            name: read_name(name)?,
        })
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }
}

/// Shows the lease without what may be secret.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let server = self.server.to_string();
        let place = server.split_once("://").map_or("", |(_, place)| place);
        write!(f, "{}://{place}/{}", self.scheme, plain_text(&self.name))
    }
}

fn no_lease(why: &str) -> String {
    format!("this is no lease: {why}")
}

/// Checks the names of the options: those by which a server is judged when it is probed, such as its
/// role, have no meaning here.
fn check_options(kind: Kind, scheme: &str, text: &str) -> Result<(), String> {
    let more = match (kind, scheme) {
        (Kind::Postgres, _) => LIBPQ,
        (_, "rediss" | "etcds") => TLS,
        _ => &[],
    };
    let allowed = [LOGIN, more].concat();
    let pairs = text.split(['?', '#', '&']).filter(|pair| !pair.is_empty());
    let mut names = pairs.map(|pair| pair.split('=').next().unwrap_or_default());
    if names.all(|name| allowed.contains(&name)) {
        return Ok(());
    }
    let allowed = allowed.join(", ");
    Err(no_lease(&format!(
        "an option is unknown; {scheme} has {allowed}, such as \
        redis://localhost/nightly#password_env=PASSWORD"
    )))
}

/// Splits off the name: all that follows the host, or the database, or the last part of the path of a
/// local socket.
fn split<'a>(kind: Kind, scheme: &str, place: &'a str) -> Option<(&'a str, &'a str)> {
    let login = place.find('@').map_or(0, |at| at + 1);
    let slash_from = |from: usize| place.get(from..)?.find('/').map(|slash| from + slash);
    let slash = match kind {
        Kind::Redis if scheme == Scheme::RedisUnix.name() => place.rfind('/'),
        Kind::Postgres => slash_from(slash_from(login)? + 1),
        Kind::Redis | Kind::Etcd => slash_from(login),
    }?;
    Some((place.get(..slash)?, place.get(slash + 1..)?))
}

/// Returns the server as a target, which for etcd is one of HTTP.
fn server(kind: Kind, scheme: &str, place: &str) -> String {
    if kind != Kind::Etcd {
        return format!("{scheme}://{place}");
    }
    let scheme = if scheme == "etcds" { "https" } else { "http" };
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    let port = host.rsplit_once(']').map_or(host, |(_, rest)| rest);
    if port.contains(':') {
        format!("{scheme}://{place}")
    } else {
        format!("{scheme}://{place}:{ETCD_PORT}")
    }
}

fn read_name(text: &str) -> Result<String, String> {
    let name = percent_decode_str(text).decode_utf8();
    let name = name.map_err(|_| no_lease("its name is not UTF-8"))?;
    if name.is_empty() {
        return Err(no_lease(&format!("its name is empty; {FORM}")));
    }
    if name.len() > NAME_MAX || name.contains('\0') {
        return Err(no_lease("its name has 1 to 512 bytes, none of them zero"));
    }
    Ok(name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_a_server_and_a_name() {
        for (text, shown, name) in [
            ("redis://h/a", "redis://h:6379/a", "a"),
            (
                "redis://me@h:1/a/b%20c#password_env=P",
                "redis://h:1/a/b c",
                "a/b c",
            ),
            ("rediss://[::1]/x", "rediss://[::1]:6379/x", "x"),
            (
                "redis+unix:///run/r.sock/x",
                "redis+unix:///run/r.sock/x",
                "x",
            ),
            ("etcd://h/locks/a", "etcd://h:2379/locks/a", "locks/a"),
            ("etcds://me@[::1]:1/a", "etcds://[::1]:1/a", "a"),
            ("etcd://[::1]/a", "etcd://[::1]:2379/a", "a"),
            (
                "postgres://me@h,i:1/shop/a/b#sslmode=require",
                "postgres://h:5432,i:1/shop/a/b",
                "a/b",
            ),
        ] {
            let address = Address::of(text).unwrap();
            assert_eq!(
                (address.to_string().as_str(), &*address.name),
                (shown, name)
            );
        }
    }

    #[test]
    fn what_is_no_lease_is_refused_with_an_example_and_without_a_password() {
        for text in [
            "",
            "nightly",
            "redis://h",
            "redis://h/",
            "redis://:hunter2@h",
            "tcp://h:1/x",
            "hunter2://h/x",
            "etcd://h",
            "postgres://me:hunter2@h/x",
            "redis://h/x#hunter2=1",
        ] {
            let why = Address::of(text).unwrap_err();
            assert!(why.contains("redis://localhost/nightly"), "{text}: {why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
        for text in [
            "redis://me:hunter2@h/x",
            "redis://h/x#password=hunter2",
            "redis://h/%ff",
        ] {
            let why = Address::of(text).unwrap_err();
            assert!(!why.contains("hunter2") && !why.contains('\n'), "{why}");
        }
        assert!(Address::of(&format!("redis://h/{}", "x".repeat(513))).is_err());
    }
}
