//! Reads targets, and tells what is wrong with those that are none, without what could be secret.

use std::str::FromStr;

use percent_encoding::percent_decode_str;

use super::address::{Host, Target};
use super::options::Options;
#[cfg(unix)]
use super::prompt;
use super::scheme::Scheme;
use super::secret::Secret;
use super::{grpc, http, postgres};
use crate::report::plain_text;
use crate::trouble::Trouble;

/// The longest text of a target, in bytes.
const LENGTH_MAX: usize = 8 * 1024;
/// The most hosts of a target.
const HOSTS_MAX: usize = 8;

impl Target {
    /// Reads a target of the command line, where a password would show in the list of processes.
    pub(crate) fn of_argument(text: &str) -> Result<Self, Trouble> {
        let mut target = Self::parse(text)?;
        match target.options.password {
            Some(Secret::Asked) => {
                let given = asked(&target).map_err(|why| wrong(text, &why))?;
                target.options.password = Some(Secret::Given(given));
                Ok(target)
            }
            Some(Secret::Given(_)) => Err(wrong(
                text,
                "the list of processes would show its password: write #password_env=NAME or #password_file=PATH",
            )),
            _ => Ok(target),
        }
    }

    fn parse(text: &str) -> Result<Self, Trouble> {
        if text.len() > LENGTH_MAX {
            return Err(wrong("the target", "it is longer than 8 KiB"));
        }
        let (name, rest) = text.split_once("://").ok_or_else(|| wrong(text, FORM))?;
        let scheme = Scheme::of(name).ok_or_else(|| Trouble::Scheme(shown_scheme(name)))?;
        read(scheme, rest).map_err(|why| wrong(text, &why))
    }

    /// Returns why the scheme does not accept what follows the port.
    fn objection(&self) -> Option<&'static str> {
        let has_path = !self.path.is_empty();
        match self.scheme {
            Scheme::Tcp | Scheme::Udp | Scheme::Icmp | Scheme::Redis | Scheme::Rediss
                if has_path =>
            {
                Some("nothing follows the host and its port")
            }
            Scheme::RedisUnix if !has_path => Some("it needs the path of a socket"),
            Scheme::Http | Scheme::Https if http::request(self).is_none() => {
                Some("the path is not one of HTTP")
            }
            Scheme::Grpc | Scheme::Grpcs if grpc::request(self).is_none() => {
                Some("a service has at most 127 bytes")
            }
            Scheme::Postgres if postgres::database(self).is_none() => {
                Some("the database is one name")
            }
            _ => None,
        }
    }
}

impl FromStr for Target {
    type Err = Trouble;

    /// Reads a target of a file, which is read again when nobody may be there to ask.
    fn from_str(text: &str) -> Result<Self, Trouble> {
        let target = Self::parse(text)?;
        match target.options.password {
            Some(Secret::Asked) => Err(wrong(
                text,
                "only for a target of the command line somebody is asked: write #password_env=NAME or #password_file=PATH",
            )),
            _ => Ok(target),
        }
    }
}

/// Returns the password of `target`, which the user is asked for once.
#[cfg(unix)]
fn asked(target: &Target) -> Result<String, String> {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, PoisonError};

    static GIVEN: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let user = target.options.user.as_deref().unwrap_or_default();
    let key = format!("{user}@{target}");
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(password) = given.get(&key) {
        return Ok(password.clone());
    }
    let password = prompt::ask(&target.to_string())?;
    given.insert(key, password.clone());
    Ok(password)
}

#[cfg(not(unix))]
fn asked(_: &Target) -> Result<String, String> {
    Err("this system has no prompt: write #password_env=NAME or #password_file=PATH".into())
}

const FORM: &str = "it needs a scheme, a host and a port, such as tcp://localhost:80";

fn read(scheme: Scheme, rest: &str) -> Result<Target, String> {
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (place, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = match path.split_once('?') {
        Some((path, query)) if !scheme.sends_query() => (path, query),
        _ => (path, ""),
    };
    let (login, place) = match place.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, place),
    };
    let mut options = login.map_or(Ok(Options::default()), |login| log_in(scheme, login))?;
    for text in [query, fragment] {
        options.read(scheme, text)?;
    }
    let target = Target {
        scheme,
        hosts: hosts(scheme, place)?,
        path: if path == "/" { "" } else { path }.into(),
        options: Box::new(options),
    };
    match target.objection() {
        Some(why) => Err(why.into()),
        None => Ok(target),
    }
}

/// Reads `user` or `user:password`, percent-encoded.
fn log_in(scheme: Scheme, login: &str) -> Result<Options, String> {
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(decoded(password)?)),
        None => (login, None),
    };
    let user = decoded(user)?;
    let options = Options {
        user: (!user.is_empty()).then_some(user),
        password: password.map(Secret::Given),
        ..Options::default()
    };
    if !options.accepts_login(scheme) {
        return Err(format!("{} has no user", scheme.name()));
    }
    Ok(options)
}

fn decoded(text: &str) -> Result<String, String> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(Into::into)
        .map_err(|_| "user and password are UTF-8".to_owned())
}

fn hosts(scheme: Scheme, place: &str) -> Result<Vec<Host>, String> {
    if scheme.is_local() {
        return match place {
            "" => Ok(Vec::new()),
            _ => Err("a socket has a path and no host: write three slashes".into()),
        };
    }
    let hosts: Vec<_> = match scheme {
        Scheme::Postgres => place
            .split(',')
            .map(|one| Host::read(scheme, one))
            .collect(),
        _ => [Host::read(scheme, place)].into_iter().collect(),
    };
    let hosts = hosts.into_iter().collect::<Result<Vec<_>, String>>()?;
    if hosts.len() > HOSTS_MAX {
        return Err(format!("it has more than {HOSTS_MAX} hosts"));
    }
    Ok(hosts)
}

impl Host {
    fn read(scheme: Scheme, place: &str) -> Result<Self, String> {
        let (name, port) = split_port(place).ok_or(FORM)?;
        let port = match (port, scheme.has_ports()) {
            (Some(_), false) => return Err(format!("{} has no ports", scheme.name())),
            (None, false) => 0,
            (Some(port), true) => number(port)?,
            (None, true) => scheme.port().ok_or(FORM)?,
        };
        let is_name =
            !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control());
        if !is_name {
            return Err(FORM.into());
        }
        Ok(Self {
            name: name.into(),
            port,
        })
    }
}

fn number(port: &str) -> Result<u16, String> {
    let number = port.parse().ok().filter(|&port| port > 0);
    number.ok_or_else(|| format!("port {} is not 1 to 65535", plain_text(port)))
}

/// Splits a host and a port, and removes the brackets of an IPv6 address.
fn split_port(place: &str) -> Option<(&str, Option<&str>)> {
    let (host, rest) = match place.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    match rest.strip_prefix(':') {
        Some(port) => Some((host, Some(port))),
        None => rest.is_empty().then_some((host, None)),
    }
}

fn wrong(text: &str, why: &str) -> Trouble {
    Trouble::Target(redacted(text), why.into())
}

/// Returns the text of a target that may be mistaken, without all that could be a secret: whatever
/// stands before the last `@`, and queries and options.
fn redacted(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, text),
    };
    let rest = match rest.rsplit_once('@') {
        Some((_, place)) => format!("***@{}", until_query(place)),
        None => until_query(rest),
    };
    let whole = match scheme {
        Some(scheme) => format!("{}://{rest}", shown_scheme(scheme)),
        None => rest,
    };
    plain_text(&whole)
}

fn until_query(text: &str) -> String {
    match text.find(['?', '#']) {
        Some(end) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.into(),
    }
}

/// Returns a mistaken scheme, unless it looks like more than one.
fn shown_scheme(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if name.len() <= 20 && name.chars().all(is_plain) {
        name.into()
    } else {
        "...".into()
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
            "rediss://10.0.0.1:6380",
            "redis+unix:///run/redis.sock",
            "udp://[::1]:7",
            "icmp://10.0.0.1",
            "icmp://[::1]",
            "http://localhost:8080/health",
            "grpc://localhost:50051",
            "grpcs://localhost:50051/shop.Cart",
            "postgres://db:5433/shop",
            "postgres://a:5432,b:5433/shop",
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
            ("postgres://a,b:1/x", "postgres://a:5432,b:1/x"),
        ] {
            assert_eq!(written(text), full);
        }
    }

    #[test]
    fn a_request_names_no_default_port() {
        for (text, host) in [
            ("http://h:80/", "h"),
            ("https://h", "h"),
            ("https://h:80", "h:80"),
            ("http://[::1]", "[::1]"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.short_authority(), host, "{text}");
        }
    }

    #[test]
    fn secrets_are_not_written() {
        for (text, shown) in [
            (
                "postgres://me:secret@db/shop?sslmode=disable",
                "postgres://db:5432/shop",
            ),
            ("http://h/x?token=secret", "http://h:80/x"),
            (
                "http://me@h/x?t=1#header=Authorization:secret",
                "http://h:80/x",
            ),
            ("redis://:secret@h", "redis://h:6379"),
        ] {
            assert_eq!(written(text), shown);
            let target: Target = text.parse().unwrap();
            assert!(!format!("{:?}", target.options.password).contains("secret"));
        }
    }

    #[test]
    fn a_password_on_the_command_line_is_refused_and_not_repeated() {
        for text in [
            "redis://:hunter2@h",
            "http://me:hunter2@h",
            "postgres://me:hunter2@h/db",
        ] {
            let why = Target::of_argument(text).unwrap_err().to_string();
            assert!(
                !why.contains("hunter2") && why.contains("password_env"),
                "{why}"
            );
        }
        assert!(Target::of_argument("postgres://me@h/db#password_env=PW").is_ok());
    }

    #[test]
    fn no_mistake_shows_a_password() {
        for text in [
            "redis://root:hunter2@127.0.0.1:99999",
            "redis://root:hun/hunter2@h:1",
            "redis://root:hun?hunter2@h:1",
            "redis://root:hunter2@h:1/path",
            "mysql://root:hunter2@h",
            "root:hunter2@h",
            "root:hunter2://h",
            "tcp://root:hunter2@h:1",
            "redis://h:1?password=hunter2",
            "redis://h:1/x#password=hunter2",
            "http://h/a b?hunter2",
        ] {
            let why = text.parse::<Target>().unwrap_err().to_string();
            assert!(!why.contains("hunter2"), "{why}");
        }
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
            "icmp://h:7",
            "tcp://[::1:80",
            "tcp://me@h:80",
            "tcp://a:1,b:2",
            "grpc://h",
            "http://h/a b",
            "redis+unix://h/run/redis.sock",
            "redis+unix://",
            "postgres://h/db?no_such_setting=1",
            "postgres://h/a/b",
            &format!("http://h/{}", "x".repeat(LENGTH_MAX)),
        ] {
            assert!(
                matches!(text.parse::<Target>(), Err(Trouble::Target(..))),
                "{text}"
            );
        }
        assert!(matches!(
            "gopher://h:70".parse::<Target>(),
            Err(Trouble::Scheme(_))
        ));
    }
}
