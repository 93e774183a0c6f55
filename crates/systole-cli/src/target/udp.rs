//! UDP: a probe is a datagram with the id of the probe; the reply is the same eight bytes.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use systole::ProbeId;
use tokio::net::UdpSocket;

use super::datagram::Echo;
use super::link::Miss;

impl Echo for UdpSocket {
    /// Opens a socket that receives from `address` only.
    async fn open(address: SocketAddr) -> Result<Self, Miss> {
        let any = match address {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let socket = Self::bind(any).await?;
        socket.connect(address).await?;
        Ok(socket)
    }

    async fn send(&self, id: ProbeId) -> io::Result<()> {
        self.send(&id.to_be_bytes()).await.map(drop)
    }

    async fn receive(&self) -> io::Result<Option<ProbeId>> {
        let mut datagram = [0; 9]; // one byte more than a reply has
        let length = self.recv(&mut datagram).await?;
        let id = datagram
            .get(..length)
            .and_then(|bytes| bytes.try_into().ok());
        Ok(id.map(ProbeId::from_be_bytes))
    }
}
