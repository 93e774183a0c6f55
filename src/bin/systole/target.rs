//! What is watched, and the task that talks to it.

mod demo;
mod redis;
mod tcp;
mod udp;

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

use systole::{Fault, ProbeId};
use tokio::net::lookup_host;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::trouble::Trouble;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Tcp,
    Redis,
    Udp,
}

/// `scheme://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// Where Redis listens unless told otherwise.
const REDIS_PORT: u16 = 6379;

impl FromStr for Target {
    type Err = Trouble;

    fn from_str(text: &str) -> Result<Self, Trouble> {
        let malformed = || Trouble::Address(text.into());
        let (scheme, place) = text.split_once("://").ok_or_else(malformed)?;
        let (scheme, default) = match scheme {
            "tcp" => (Scheme::Tcp, None),
            "redis" => (Scheme::Redis, Some(REDIS_PORT)),
            "udp" => (Scheme::Udp, None),
            _ => return Err(Trouble::Scheme(scheme.into())),
        };
        let place = place.trim_end_matches('/');
        let (host, port) = split_port(place).ok_or_else(malformed)?;
        if host.is_empty() || host.contains(['/', '@']) {
            return Err(malformed());
        }
        Ok(Self {
            scheme,
            host: host.into(),
            port: port
                .or(default)
                .filter(|&port| port > 0)
                .ok_or_else(malformed)?,
        })
    }
}

/// Host and port; the brackets of an IPv6 address are taken off.
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

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Tcp => "tcp",
            Scheme::Redis => "redis",
            Scheme::Udp => "udp",
        };
        let (open, close) = if self.host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        write!(f, "{scheme}://{open}{}{close}:{}", self.host, self.port)
    }
}

impl Target {
    async fn addresses(&self) -> Result<Vec<SocketAddr>, Trouble> {
        let failed = |error| Trouble::Host(self.host.clone(), error);
        let found = lookup_host((self.host.as_str(), self.port)).await;
        let mut addresses: Vec<_> = found.map_err(failed)?.collect();
        addresses.sort_by_key(SocketAddr::is_ipv6); // UDP cannot try one after the other
        if addresses.is_empty() {
            return Err(failed(std::io::ErrorKind::NotFound.into()));
        }
        Ok(addresses)
    }
}

/// A probe to be sent.
#[derive(Clone, Copy, Debug)]
struct Request {
    id: ProbeId,
    /// After this long its answer proves nothing any more.
    patience: Duration,
}

/// What became of a probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) id: ProbeId,
    pub(crate) result: Result<(), Fault>,
    pub(crate) at: Instant,
    /// What went before it on the same probe and is no round trip: setting up the connection.
    pub(crate) setup: Duration,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum News {
    Arrival(Arrival),
    /// The peer that is played says what it does next.
    Scene(&'static str),
}

/// Probes go in, news comes out. Its task ends with it.
#[derive(Debug)]
pub(crate) struct Link {
    requests: UnboundedSender<Request>,
    news: UnboundedReceiver<News>,
}

/// The task's end of a [`Link`].
#[derive(Debug)]
struct Post {
    requests: UnboundedReceiver<Request>,
    news: Herald,
}

#[derive(Clone, Debug)]
struct Herald(UnboundedSender<News>);

impl Link {
    /// To `target`.
    pub(crate) async fn open(target: &Target) -> Result<Self, Trouble> {
        let addresses = target.addresses().await?;
        let (link, task) = Self::new();
        match target.scheme {
            Scheme::Tcp => drop(tokio::spawn(tcp::run(addresses.into(), task))),
            Scheme::Redis => drop(tokio::spawn(redis::run(addresses, task))),
            Scheme::Udp => {
                let socket = udp::connect(&addresses).await.map_err(Trouble::System)?;
                drop(tokio::spawn(udp::run(socket, task)));
            }
        }
        Ok(link)
    }

    /// To a peer that is played on this machine; and what it is called.
    pub(crate) async fn demo(port: u16) -> Result<(Self, String), Trouble> {
        let (link, task) = Self::new();
        let address = demo::start(port, task.news.clone()).await?;
        let socket = udp::connect(&[address]).await.map_err(Trouble::System)?;
        drop(tokio::spawn(udp::run(socket, task)));
        Ok((link, format!("a peer played at udp://{address}")))
    }

    fn new() -> (Self, Post) {
        let (requests, asked) = unbounded_channel();
        let (herald, news) = unbounded_channel();
        let post = Post {
            requests: asked,
            news: Herald(herald),
        };
        (Self { requests, news }, post)
    }

    /// False where the task is gone.
    pub(crate) fn send(&self, id: ProbeId, patience: Duration) -> bool {
        self.requests.send(Request { id, patience }).is_ok()
    }

    /// Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<News> {
        self.news.recv().await
    }

    pub(crate) fn try_next(&mut self) -> Option<News> {
        self.news.try_recv().ok()
    }
}

impl Herald {
    fn settled(&self, id: ProbeId, result: Result<(), Fault>) {
        self.settled_after(id, result, Duration::ZERO);
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the moment of reading is that of arrival"
    )]
    fn settled_after(&self, id: ProbeId, result: Result<(), Fault>, setup: Duration) {
        let _ = self.0.send(News::Arrival(Arrival {
            id,
            result,
            at: Instant::now(),
            setup,
        })); // nobody listens any more: the watch is over
    }

    fn scene(&self, says: &'static str) -> bool {
        self.0.send(News::Scene(says)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_and_written() {
        for text in [
            "tcp://localhost:80",
            "redis://10.0.0.1:6379",
            "udp://[::1]:7",
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        assert_eq!(
            "redis://r/".parse::<Target>().unwrap().to_string(),
            "redis://r:6379"
        );
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
            "udp://h:0",
            "tcp://[::1:80",
        ] {
            assert!(
                matches!(text.parse::<Target>(), Err(Trouble::Address(_))),
                "{text}"
            );
        }
        assert!(matches!(
            "http://h:80".parse::<Target>(),
            Err(Trouble::Scheme(_))
        ));
    }
}
