//! A listener to which heartbeats are sent. Its name is looked up beside them.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::str::FromStr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::target::look_up;
use crate::trouble::Trouble;

/// How long an address is believed, and after which time a failed lookup is repeated.
const FRESH: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_secs(5);
/// The longest name in the domain name system, in bytes.
const NAME_MAX: usize = 253;

#[derive(Debug)]
pub(super) struct Destination {
    host: String,
    port: u16,
    address: Option<IpAddr>,
    /// A name is looked up at this time; an address never is.
    look_up_at: Option<Instant>,
    lookup: JoinSet<Result<IpAddr, String>>,
    /// The socket of the address's family.
    socket: Option<UdpSocket>,
    /// Why the last lookup found nothing.
    lookup_failure: Option<String>,
    /// Why the last heartbeat could not be sent.
    pub(super) failure: Option<String>,
}

impl FromStr for Destination {
    type Err = Trouble;

    fn from_str(text: &str) -> Result<Self, Trouble> {
        let refuse = |why: &str| Trouble::Target(text.into(), why.into());
        let plain = text.strip_prefix("udp://").unwrap_or(text);
        let (host, port) = plain.rsplit_once(':').ok_or(refuse("use HOST:PORT"))?;
        let port: u16 = port
            .parse()
            .map_err(|_| refuse("the port is not 1 to 65535"))?;
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let address: Option<IpAddr> = match bare {
            Some(v6) => v6.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        };
        if port == 0 {
            return Err(refuse("the port is not 1 to 65535"));
        }
        if address.is_none() && !is_name(host) {
            return Err(refuse("use HOST:PORT, such as [::1]:9461"));
        }
        Ok(Self {
            host: host.into(),
            port,
            address,
            look_up_at: address.is_none().then(Instant::now),
            lookup: JoinSet::new(),
            socket: None,
            lookup_failure: None,
            failure: None,
        })
    }
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !name.is_empty() && name.len() <= NAME_MAX && name.bytes().all(letter)
}

impl Destination {
    pub(super) const fn is_found(&self) -> bool {
        self.address.is_some()
    }

    /// Waits until a lookup was begun or has ended. Cancel safe.
    pub(super) async fn look_up(&mut self) {
        if let Some(done) = self.lookup.join_next().await {
            return self.take(done.unwrap_or_else(|error| Err(error.to_string())));
        }
        match self.look_up_at {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
        let host = self.host.clone();
        self.lookup.spawn(async move { look_up(&host).await });
    }

    fn take(&mut self, found: Result<IpAddr, String>) {
        let again = match found {
            Ok(address) => {
                self.address = Some(address);
                FRESH
            }
            Err(why) => {
                self.lookup_failure = Some(why);
                AGAIN
            }
        };
        self.look_up_at = Some(Instant::now() + again);
    }

    /// Sends a datagram, unless the address is still being looked up for the first time.
    pub(super) fn send(&mut self, datagram: &[u8]) -> Result<(), String> {
        let Some(ip) = self.address else {
            return self.lookup_failure.clone().map_or(Ok(()), Err);
        };
        let to = SocketAddr::new(ip, self.port);
        let sent = self.socket(ip).and_then(|it| it.send_to(datagram, to));
        sent.map(drop).map_err(|error| error.to_string())
    }

    fn socket(&mut self, to: IpAddr) -> io::Result<&UdpSocket> {
        let family = |at: &UdpSocket| at.local_addr().is_ok_and(|at| at.is_ipv4() == to.is_ipv4());
        let socket = match self.socket.take().filter(family) {
            Some(socket) => socket,
            None => bind(to)?,
        };
        Ok(self.socket.insert(socket))
    }
}

/// Returns a socket that never blocks, to send to `to`.
fn bind(to: IpAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match to {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_has_a_host_and_a_port() {
        for text in ["127.0.0.1:9461", "[::1]:9461", "udp://gate.example:9461"] {
            let destination: Destination = text.parse().unwrap();
            assert!(text.ends_with(&destination.to_string()));
            assert_eq!(destination.is_found(), !text.contains("example"));
        }
        for text in [
            "",
            "gate",
            ":1",
            "gate:",
            "gate:0",
            "gate:65536",
            "::1:9461",
            "a b:1",
        ] {
            let error = text.parse::<Destination>().unwrap_err().to_string();
            assert!(
                error.contains(text) && error.lines().count() == 1,
                "{error}"
            );
        }
    }
}
