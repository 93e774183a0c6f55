//! Leases as they are written: a server, and the name of the lease on it.

use percent_encoding::percent_decode_str;

use crate::report::plain_text;
use crate::target::{Scheme, Target};

/// The longest name of a lease, in bytes.
const NAME_MAX: usize = 512;

/// The kinds of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Redis,
}

/// A server and the name of a lease on it.
#[derive(Debug)]
pub(super) struct Address {
    kind: Kind,
    pub(super) server: Target,
    pub(super) name: String,
}

const FORM: &str = "write a server and the name of a lease, for example redis://localhost/nightly";

impl Address {
    /// Reads a lease of the command line.
    ///
    /// # Errors
    /// What is wrong, without what could be a password.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or_else(|| no_lease(FORM))?;
        let kind = kind(scheme)?;
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        let (place, options) = rest.split_at(end);
        let (place, name) = split(scheme, place).ok_or_else(|| no_lease(FORM))?;
        let server = format!("{scheme}://{place}{options}");
        let server = Target::of_argument(&server).map_err(|error| error.to_string())?;
        Ok(Self {
            kind,
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
        write!(f, "{}/{}", self.server, plain_text(&self.name))
    }
}

fn no_lease(why: &str) -> String {
    format!("this is no lease: {why}")
}

fn kind(scheme: &str) -> Result<Kind, String> {
    match scheme {
        "redis" | "rediss" | "redis+unix" => Ok(Kind::Redis),
        _ => Err(no_lease(
            "its scheme is one of redis, rediss, redis+unix; for example redis://localhost/nightly",
        )),
    }
}

/// Splits off the name: all that follows the host, or the last part of the path of a local socket.
fn split<'a>(scheme: &str, place: &'a str) -> Option<(&'a str, &'a str)> {
    let is_local = Scheme::RedisUnix.name() == scheme;
    let login = place.find('@').map_or(0, |at| at + 1);
    let slash = if is_local {
        place.rfind('/')
    } else {
        place.get(login..)?.find('/').map(|slash| login + slash)
    }?;
    Some((place.get(..slash)?, place.get(slash + 1..)?))
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
