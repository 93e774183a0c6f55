//! The socket, which tells where it can what was lost on our side.

use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::io;

use ::tokio::net::UdpSocket;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use portable as system;

/// An address in 18 bytes: a million of them are at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    ip: [u8; 16],
    port: u16,
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        Self {
            ip: ip.octets(),
            port: address.port(),
        }
    }
}

impl From<Address> for SocketAddr {
    fn from(Address { ip, port }: Address) -> Self {
        Self::new(Ipv6Addr::from(ip).to_canonical(), port)
    }
}

/// A probe or its reply, whole.
pub(super) const LENGTH: usize = 16;

pub(super) struct Received {
    /// Nothing where it has another length.
    pub(super) datagram: Option<[u8; LENGTH]>,
    pub(super) from: SocketAddr,
    /// Whether something was lost before it.
    pub(super) overflow: bool,
}

pub(super) struct Socket {
    inner: UdpSocket,
    receiver: system::Receiver,
    /// Whether IPv4 addresses have to be mapped.
    is_v6: bool,
    /// What was lost so far.
    lost: u32,
}

impl Socket {
    pub(super) fn new(socket: UdpSocket) -> io::Result<Self> {
        let receiver = system::Receiver::new(&socket)?;
        let is_v6 = socket.local_addr()?.is_ipv6();
        Ok(Self {
            is_v6,
            inner: socket,
            receiver,
            lost: 0,
        })
    }

    /// Cancel safe.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.inner.readable().await
    }

    /// Cancel safe.
    pub(super) async fn writable(&self) -> io::Result<()> {
        self.inner.writable().await
    }

    pub(super) fn send(&self, datagram: &[u8; LENGTH], to: SocketAddr) -> io::Result<()> {
        let to = match to.ip() {
            IpAddr::V4(ip) if self.is_v6 => SocketAddr::new(ip.to_ipv6_mapped().into(), to.port()),
            _ => to,
        };
        self.inner.try_send_to(datagram, to).map(drop)
    }

    /// What waits, if anything does.
    pub(super) fn receive(&mut self) -> Option<Received> {
        let mut bytes = [0; LENGTH + 1];
        loop {
            match self.receiver.receive(&self.inner, &mut bytes) {
                Ok((length, mut from, lost)) => {
                    from.set_ip(from.ip().to_canonical());
                    let overflow = core::mem::replace(&mut self.lost, lost) != lost;
                    let datagram = bytes.first_chunk().copied().filter(|_| length == LENGTH);
                    return Some(Received {
                        datagram,
                        from,
                        overflow,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(_) => {} // an error that an earlier probe met
            }
        }
    }
}
