//! A host and a port, or a local socket: where a peer is, and how to connect to it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::address::{Host, Target};
use super::link::Miss;
use super::name::Name;
use super::resolve::Source;
use super::stream::Stream;

/// How long to try an address before the next one is tried in parallel (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct Place {
    host: String,
    port: u16,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Address(SocketAddr),
    Socket(PathBuf),
    Name(Name),
}

impl Target {
    /// Returns where the target may be, in the order in which the places are tried.
    pub(crate) fn places(&self) -> Vec<Place> {
        if self.scheme.is_local() {
            return vec![Place::local(&self.path)];
        }
        self.hosts.iter().map(Place::new).collect()
    }
}

impl Place {
    pub(super) fn new(host: &Host) -> Self {
        Self::of(&host.name, host.port)
    }

    /// Returns the place of `host`, which is looked up when it is needed.
    pub(super) fn of(host: &str, port: u16) -> Self {
        let kind = match host.parse::<IpAddr>() {
            Ok(address) => Kind::Address((address, port).into()),
            Err(_) => Kind::Name(Name::new(host, Source::default())),
        };
        Self {
            host: host.into(),
            port,
            kind,
        }
    }

    /// Returns the place of a host that `source` looks up.
    #[cfg(test)]
    pub(super) fn named(host: &str, port: u16, source: Source) -> Self {
        Self {
            host: host.into(),
            port,
            kind: Kind::Name(Name::new(host, source)),
        }
    }

    /// Returns the place of a local socket.
    pub(super) fn local(path: &str) -> Self {
        Self {
            host: String::new(),
            port: 0,
            kind: Kind::Socket(path.into()),
        }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Connects as [`connect`](Self::connect) does, or to the local socket. Returns the address, if
    /// there is one.
    pub(crate) async fn connect_any(&self) -> Result<(Stream, Option<SocketAddr>), Miss> {
        if let Kind::Socket(path) = &self.kind {
            return Ok((connect_locally(path).await?, None));
        }
        let (stream, _) = self.connect().await?;
        let address = stream.peer_addr().ok();
        Ok((Box::new(stream), address))
    }

    /// Connects to the address that accepts first; returns the connection and the time at which
    /// that attempt began.
    pub(super) async fn connect(&self) -> Result<(TcpStream, Instant), Miss> {
        let addresses = self.addresses()?;
        self.doubt(true); // stays if the caller drops this future because it takes too long
        let connected = race(addresses).await?;
        self.doubt(false);
        Ok(connected)
    }

    /// Waits until an address is known, or a lookup has ended without one.
    pub(super) async fn looked_up(&self) {
        if let Kind::Name(name) = &self.kind {
            name.looked_up().await;
        }
    }

    /// Returns whether a probe can be sent there as far as names are concerned.
    pub(super) fn is_known(&self) -> bool {
        match &self.kind {
            Kind::Name(name) => name.is_known(),
            Kind::Address(_) | Kind::Socket(_) => true,
        }
    }

    /// Returns the known addresses without waiting for a lookup.
    ///
    /// # Errors
    /// No address of the name is known, or not yet.
    pub(super) fn addresses(&self) -> Result<Vec<SocketAddr>, Miss> {
        let found = match &self.kind {
            Kind::Address(address) => return Ok(vec![*address]),
            Kind::Socket(_) => Vec::new(),
            Kind::Name(name) => name.addresses()?,
        };
        Ok(found
            .into_iter()
            .map(|one| (one, self.port).into())
            .collect())
    }

    /// Says whether the addresses are to be looked up again, because they do not work. Known ones
    /// are tried meanwhile.
    pub(super) fn doubt(&self, doubtful: bool) {
        if let Kind::Name(name) = &self.kind {
            name.doubt(doubtful);
        }
    }

    /// Looks the name up again if its records have expired; returns whether it has moved away from
    /// `address`.
    pub(super) fn has_left(&self, address: Option<SocketAddr>) -> bool {
        let (Kind::Name(name), Some(address)) = (&self.kind, address) else {
            return false;
        };
        name.has_left(address.ip())
    }
}

#[cfg(unix)]
async fn connect_locally(path: &Path) -> io::Result<Stream> {
    Ok(Box::new(tokio::net::UnixStream::connect(path).await?))
}

#[cfg(not(unix))]
async fn connect_locally(_: &Path) -> io::Result<Stream> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Tries the addresses in turn, the next one as soon as one has failed or takes long. The first
/// connection wins.
async fn race(addresses: Vec<SocketAddr>) -> io::Result<(TcpStream, Instant)> {
    let mut untried = addresses.into_iter();
    let mut attempts = JoinSet::new();
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    loop {
        if let Some(address) = untried.next() {
            if attempts.is_empty() && untried.len() == 0 {
                return dial(address).await; // the usual case needs no task
            }
            attempts.spawn(dial(address));
        }
        select! {
            attempt = attempts.join_next() => match attempt {
                Some(Ok(Ok(connected))) => return Ok(connected),
                Some(Ok(Err(error))) => last = error,
                Some(Err(_)) => {} // an attempt neither panics nor is aborted
                None => return Err(last),
            },
            () = sleep(STAGGER), if untried.len() > 0 => {}
        }
    }
}

async fn dial(address: SocketAddr) -> io::Result<(TcpStream, Instant)> {
    let asked = Instant::now();
    let stream = TcpStream::connect(address).await?;
    let _ = stream.set_nodelay(true); // an error does no harm: a single request is sent at once anyway
    Ok((stream, asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_addresses_are_tried() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let refused = SocketAddr::from(([127, 0, 0, 2], alive.port()));
        let (stream, _) = race(vec![refused, alive]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive);
        let error = race(vec![refused]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
