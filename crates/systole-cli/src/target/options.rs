//! The options of a target: `#name=value&name=value` after its address.

mod values;

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::scheme::Scheme;
use super::secret::Secret;

pub(super) use values::{Method, Role, SessionAttrs, SslMode, Statuses};

/// The most options that a target has, and the most headers among them.
const OPTIONS_MAX: usize = 64;

const LOGIN: &[&str] = &["user", "password_env", "password_file", "password_prompt"];
const TLS: &[&str] = &["ca", "cert", "key", "sni"];
const HTTP: &[&str] = &["method", "header", "status", "body"];
const REDIS: &[&str] = &["role"];
/// Those of libpq.
const POSTGRES: &[&str] = &[
    "sslmode",
    "target_session_attrs",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "application_name",
];

/// How a target is to be probed, and what is expected of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Options {
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) tls: TlsOptions,
    pub(super) method: Method,
    /// Header fields in addition to the usual ones, or in their place.
    pub(super) headers: Vec<(String, String)>,
    /// The statuses that mean alive, or `None` for the usual ones.
    pub(super) statuses: Option<Statuses>,
    /// A text that the body has to contain.
    pub(super) body: Option<String>,
    pub(super) role: Option<Role>,
    pub(super) ssl: SslMode,
    pub(super) session: SessionAttrs,
    pub(super) application_name: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct TlsOptions {
    /// Certificates that are trusted in addition to others.
    pub(super) ca: Option<PathBuf>,
    /// Our own certificate, for a server that asks for one, and its key.
    pub(super) cert: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    /// The name to ask for and to verify, if it is not that of the host.
    pub(super) sni: Option<String>,
}

impl Options {
    /// Reads `name=value` pairs that are separated by `&`, percent-encoded.
    ///
    /// # Errors
    /// What is wrong with which option, without the value of one that may be secret.
    pub(super) fn read(&mut self, scheme: Scheme, text: &str) -> Result<(), String> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        for (count, pair) in pairs.enumerate() {
            if count == OPTIONS_MAX {
                return Err(format!("it has more than {OPTIONS_MAX} options"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8();
            let value = value.map_err(|_| format!("the option {} is not UTF-8", known(name)))?;
            self.set(scheme, name, &value)?;
        }
        self.agree()
    }

    fn set(&mut self, scheme: Scheme, name: &str, value: &str) -> Result<(), String> {
        let Some(name) = names(scheme).find(|known| *known == name) else {
            return Err(unknown(scheme));
        };
        if value.is_empty() {
            return Err(format!("the option {name} needs a value"));
        }
        match name {
            "user" => self.user = Some(value.into()),
            "password_env" => self.password = Some(Secret::Environment(value.into())),
            "password_file" => self.password = Some(Secret::File(value.into())),
            "password_prompt" if value == "yes" => self.password = Some(Secret::Asked),
            "password_prompt" => return Err("the option password_prompt is yes".into()),
            "application_name" => self.application_name = Some(value.into()),
            "ca" | "sslrootcert" => self.tls.ca = Some(value.into()),
            "cert" | "sslcert" => self.tls.cert = Some(value.into()),
            "key" | "sslkey" => self.tls.key = Some(value.into()),
            "sni" => self.tls.sni = Some(value.into()),
            "header" => self.headers.push(header(value)?),
            "body" => self.body = Some(value.into()),
            _ => return self.choose(name, value),
        }
        Ok(())
    }

    /// Sets an option that has few values.
    fn choose(&mut self, name: &str, value: &str) -> Result<(), String> {
        let wrong = |allowed: &str| format!("the option {name} is {allowed}");
        match name {
            "method" => self.method = Method::of(value).ok_or_else(|| wrong(Method::NAMES))?,
            "status" => {
                let statuses = Statuses::parse(value);
                let statuses = statuses.ok_or_else(|| wrong("a list such as 200-299,301"))?;
                self.statuses = Some(statuses);
            }
            "sslmode" => self.ssl = SslMode::of(value).ok_or_else(|| wrong(SslMode::NAMES))?,
            "target_session_attrs" => {
                let attrs = SessionAttrs::of(value);
                self.session = attrs.ok_or_else(|| wrong(SessionAttrs::NAMES))?;
            }
            _ => self.role = Some(Role::of(value).ok_or_else(|| wrong("primary or replica"))?),
        }
        Ok(())
    }

    /// Returns whether a scheme has a user.
    pub(super) fn accepts_login(&self, scheme: Scheme) -> bool {
        (self.user.is_none() && self.password.is_none()) || names(scheme).any(|name| name == "user")
    }

    /// Checks options against each other.
    fn agree(&self) -> Result<(), String> {
        if self.tls.cert.is_some() != self.tls.key.is_some() {
            return Err("the options cert and key need each other".into());
        }
        if self.body.is_some() && self.method == Method::Head {
            return Err("a reply to HEAD has no body: leave out the option body".into());
        }
        Ok(())
    }
}

/// Returns the names of the options that a scheme has.
fn names(scheme: Scheme) -> impl Iterator<Item = &'static str> {
    let lists: &[&[&str]] = match scheme {
        Scheme::Tcp | Scheme::Udp | Scheme::Icmp | Scheme::Grpc => &[],
        Scheme::Grpcs => &[TLS],
        Scheme::Http => &[HTTP, LOGIN],
        Scheme::Https => &[HTTP, LOGIN, TLS],
        Scheme::Redis | Scheme::RedisUnix => &[REDIS, LOGIN],
        Scheme::Rediss => &[REDIS, LOGIN, TLS],
        Scheme::Postgres => &[POSTGRES, LOGIN],
    };
    lists.iter().copied().flatten().copied()
}

fn unknown(scheme: Scheme) -> String {
    let names = names(scheme).collect::<Vec<_>>().join(", ");
    match &*names {
        "" => format!("{} has no options", scheme.name()),
        names => format!("an option is unknown; {} has {names}", scheme.name()),
    }
}

/// Returns `name` if it is that of an option. Other text is not shown.
fn known(name: &str) -> &str {
    let all = [LOGIN, TLS, HTTP, REDIS, POSTGRES];
    let mut all = all.iter().copied().flatten();
    all.find(|known| **known == name)
        .copied()
        .unwrap_or("given")
}

/// Splits `Name: value`.
fn header(text: &str) -> Result<(String, String), String> {
    let wrong = || "the option header is a name and a value, such as Accept:text/plain".to_owned();
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let (name, value) = (name.trim(), value.trim());
    let is_valid = hyper::header::HeaderName::from_bytes(name.as_bytes()).is_ok()
        && hyper::header::HeaderValue::from_str(value).is_ok();
    is_valid
        .then(|| (name.to_owned(), value.to_owned()))
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(scheme: Scheme, text: &str) -> Result<Options, String> {
        let mut options = Options::default();
        options.read(scheme, text).map(|()| options)
    }

    #[test]
    fn options_are_read() {
        let text = "method=POST&header=X-A%3A%20b&status=200-204,301&body=all%20well&user=me";
        let options = read(Scheme::Http, text).unwrap();
        assert_eq!(options.method, Method::Post);
        assert_eq!(options.headers, [("X-A".into(), "b".into())]);
        let statuses = options.statuses.unwrap();
        assert!(statuses.contain(204) && statuses.contain(301) && !statuses.contain(205));
        assert_eq!(options.body.unwrap(), "all well");
        let options = read(Scheme::Redis, "role=primary&password_env=PW").unwrap();
        assert_eq!(options.role, Some(Role::Primary));
        assert_eq!(options.password, Some(Secret::Environment("PW".into())));
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_right() {
        for (scheme, text, words) in [
            (
                Scheme::Redis,
                "rolle=primary",
                "redis has role, user, password_env",
            ),
            (Scheme::Redis, "role=leader", "primary or replica"),
            (Scheme::Tcp, "role=primary", "tcp has no options"),
            (Scheme::Http, "method=DELETE", "GET, HEAD"),
            (Scheme::Http, "status=2xx", "200-299,301"),
            (Scheme::Http, "status=300-200", "200-299,301"),
            (Scheme::Http, "header=novalue", "Accept:text/plain"),
            (Scheme::Http, "body=%ff", "not UTF-8"),
            (Scheme::Http, "body=x&method=HEAD", "no body"),
            (Scheme::Http, "body", "needs a value"),
            (Scheme::Https, "cert=c.pem", "need each other"),
        ] {
            let why = read(scheme, text).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
    }

    #[test]
    fn a_mistaken_option_is_not_repeated() {
        let why = read(Scheme::Redis, "password=hunter2").unwrap_err();
        assert!(
            !why.contains("hunter2") && why.contains("password_env"),
            "{why}"
        );
        assert!(
            !read(Scheme::Http, "hunter2=%ff")
                .unwrap_err()
                .contains("hunter2")
        );
    }
}
