//! A host and a port: all its addresses, which are resolved again after a failed connection.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::trouble::Trouble;

/// How long to try an address before the next one is tried in parallel (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Place {
    host: String,
    port: u16,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    addresses: Vec<SocketAddr>,
    /// Whether the latest connection to these addresses has failed or is not yet established.
    doubtful: bool,
}

impl Place {
    pub(super) async fn of(host: &str, port: u16) -> Result<Self, Trouble> {
        let addresses = resolve(host, port)
            .await
            .map_err(|error| Trouble::Host(host.into(), error))?;
        Ok(Self {
            host: host.into(),
            port,
            known: Mutex::new(Known {
                addresses,
                doubtful: false,
            }),
        })
    }

    /// Connects to the address that accepts first; returns the connection and the time at which
    /// that attempt began.
    pub(super) async fn connect(&self) -> io::Result<(TcpStream, Instant)> {
        let addresses = self.addresses().await;
        self.doubt(true); // stays if the caller drops this future because it takes too long
        let connected = race(addresses).await?;
        self.doubt(false);
        Ok(connected)
    }

    /// Returns all addresses. It resolves them again after a failed connection, and keeps the known
    /// ones if that fails.
    pub(super) async fn addresses(&self) -> Vec<SocketAddr> {
        let (known, doubtful) = self.with(|known| (known.addresses.clone(), known.doubtful));
        if !doubtful {
            return known;
        }
        match resolve(&self.host, self.port).await {
            Ok(addresses) => {
                self.with(|known| known.addresses.clone_from(&addresses));
                addresses
            }
            Err(_) => known, // a resolver that fails is no evidence against the peer
        }
    }

    pub(super) fn doubt(&self, doubtful: bool) {
        self.with(|known| known.doubtful = doubtful);
    }

    fn with<R>(&self, call: impl FnOnce(&mut Known) -> R) -> R {
        call(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<_> = lookup_host((host, port)).await?.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6); // stable: keeps the order of the resolver otherwise
    if addresses.is_empty() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(addresses)
}

/// Tries the addresses in turn, the next one as soon as one has failed or takes long. The first
/// connection wins.
async fn race(addresses: Vec<SocketAddr>) -> io::Result<(TcpStream, Instant)> {
    let mut untried = addresses.into_iter();
    let mut attempts = JoinSet::new();
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    loop {
        if let Some(address) = untried.next() {
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

    #[tokio::test]
    async fn a_failed_connection_has_the_host_resolved_again() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let place = Place::of("127.0.0.1", alive.port()).await.unwrap();
        place
            .with(|known| known.addresses = vec![SocketAddr::from(([127, 0, 0, 2], alive.port()))]);
        assert!(place.connect().await.is_err());
        assert!(place.connect().await.is_ok());
    }
}
