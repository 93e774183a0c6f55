//! The format of `hosts.txt`: one peer per line. Parsing does no I/O, and every error names its
//! line.

use std::collections::HashMap;
use std::fmt;
use std::net::Ipv6Addr;

/// The default port of an echo service (RFC 862).
const ECHO_PORT: u16 = 7;

/// The longest name in the domain name system, in bytes.
const NAME_MAX: usize = 253;

/// A peer as the file names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    pub name: String,
    pub port: u16,
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, port } = self;
        if name.contains(':') {
            write!(f, "[{name}]:{port}")
        } else {
            write!(f, "{name}:{port}")
        }
    }
}

/// An error in the file. Lines are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostsError {
    /// The line is not UTF-8.
    NotText { line: usize },
    /// The line holds neither a name nor an address.
    BadHost { line: usize },
    /// The port is not 1 to 65,535.
    BadPort { line: usize },
    /// An earlier line names the same peer.
    Twice { line: usize, first: usize },
    /// The file holds nothing but comments and empty lines.
    Nobody,
}

impl fmt::Display for HostsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText { line } => write!(f, "{line}: not UTF-8"),
            Self::BadHost { line } => {
                write!(
                    f,
                    "{line}: no host: a name, an address, or either with a port, such as [::1]:7"
                )
            }
            Self::BadPort { line } => write!(f, "{line}: the port is not 1 to 65535"),
            Self::Twice { line, first } => write!(f, "{line}: the same as line {first}"),
            Self::Nobody => f.write_str(" it names no peer"),
        }
    }
}

/// Returns the peers that `file` names, in order, with their line numbers. `#` begins a comment.
pub fn parse(file: &[u8]) -> Result<Vec<(usize, Host)>, HostsError> {
    let mut lines = HashMap::new();
    let mut hosts = Vec::new();
    for (line, bytes) in (1..).zip(file.split(|&byte| byte == b'\n')) {
        let text = str::from_utf8(bytes).map_err(|_| HostsError::NotText { line })?;
        let text = text.split('#').next().unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        let host = parse_host(text, line)?;
        if let Some(first) = lines.insert(host.clone(), line) {
            return Err(HostsError::Twice { line, first });
        }
        hosts.push((line, host));
    }
    if hosts.is_empty() {
        return Err(HostsError::Nobody);
    }
    Ok(hosts)
}

/// Parses `name`, `name:port`, `[v6]:port`, or an IPv6 address without a port.
fn parse_host(text: &str, line: usize) -> Result<Host, HostsError> {
    let bad = HostsError::BadHost { line };
    let is_v6 = |name: &str| name.parse::<Ipv6Addr>().is_ok();
    let (name, port) = if let Some(rest) = text.strip_prefix('[') {
        let (name, rest) = rest
            .split_once(']')
            .filter(|(name, _)| is_v6(name))
            .ok_or(bad)?;
        match rest.strip_prefix(':') {
            None if !rest.is_empty() => return Err(bad),
            port => (name, port),
        }
    } else if is_v6(text) {
        (text, None)
    } else {
        let (name, port) = text
            .split_once(':')
            .map_or((text, None), |(name, port)| (name, Some(port)));
        let url = text.contains('/');
        if url || !is_name(name) {
            return Err(bad);
        }
        (name, port)
    };
    let port = port.map_or(Some(ECHO_PORT), parse_port);
    let port = port.ok_or(HostsError::BadPort { line })?;
    Ok(Host {
        name: name.to_lowercase(),
        port,
    })
}

fn parse_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&port| digits && port > 0)
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !name.is_empty() && name.len() <= NAME_MAX && name.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, port: u16) -> Host {
        Host {
            name: name.into(),
            port,
        }
    }

    #[test]
    fn a_peer_a_line() {
        let file = b"# web\nweb-1.example.org\r\n\n  10.0.0.7:9007 # behind the door\n[::1]:7777\n2001:db8::1";
        let expected = [
            (2, host("web-1.example.org", 7)),
            (4, host("10.0.0.7", 9_007)),
            (5, host("::1", 7_777)),
            (6, host("2001:db8::1", 7)),
        ];
        assert_eq!(parse(file).unwrap(), expected);
    }

    #[test]
    fn every_refusal_names_its_line() {
        for (file, error) in [
            (&b"a\n\xff\n"[..], HostsError::NotText { line: 2 }),
            (b"a b", HostsError::BadHost { line: 1 }),
            (b"a\nudp://b:7", HostsError::BadHost { line: 2 }),
            (b"[::1", HostsError::BadHost { line: 1 }),
            (b"[::1]7", HostsError::BadHost { line: 1 }),
            (b"[localhost]:7", HostsError::BadHost { line: 1 }),
            (b":7", HostsError::BadHost { line: 1 }),
            (b"a:0", HostsError::BadPort { line: 1 }),
            (b"a:65536", HostsError::BadPort { line: 1 }),
            (b"a:+7", HostsError::BadPort { line: 1 }),
            (b"a:", HostsError::BadPort { line: 1 }),
            (b"a\nb\nA:7", HostsError::Twice { line: 3, first: 1 }),
            (b"\n# nobody\n", HostsError::Nobody),
        ] {
            assert_eq!(parse(file), Err(error));
        }
    }
}
