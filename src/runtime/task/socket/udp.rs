//! A UDP socket of tokio, which reports dropped datagrams where the kernel does.

use core::net::{IpAddr, SocketAddr};
use core::task::{Context, Poll};
use std::io;

use ::tokio::net::UdpSocket;

use super::DatagramSocket;
#[cfg(target_os = "linux")]
use super::linux as system;
#[cfg(not(target_os = "linux"))]
use super::portable as system;

/// A UDP socket of tokio.
pub(in super::super) struct KernelSocket {
    inner: UdpSocket,
    receiver: system::Receiver,
    /// Whether IPv4 addresses have to be mapped to IPv6.
    is_v6: bool,
    /// The number of dropped datagrams that the kernel reported last.
    drops: u32,
}

impl KernelSocket {
    pub(in super::super) fn new(socket: UdpSocket) -> io::Result<Self> {
        let receiver = system::Receiver::new(&socket)?;
        let is_v6 = socket.local_addr()?.is_ipv6();
        Ok(Self {
            inner: socket,
            receiver,
            is_v6,
            drops: 0,
        })
    }
}

impl DatagramSocket for KernelSocket {
    fn try_send(&mut self, payload: &[u8], to: SocketAddr) -> io::Result<()> {
        let to = match to.ip() {
            IpAddr::V4(ip) if self.is_v6 => SocketAddr::new(ip.to_ipv6_mapped().into(), to.port()),
            _ => to,
        };
        self.inner.try_send_to(payload, to).map(drop)
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (length, mut from, drops) = self.receiver.receive(&self.inner, buffer)?;
        self.drops = drops;
        from.set_ip(from.ip().to_canonical());
        Ok((length, from))
    }

    fn receive_drops(&self) -> u32 {
        self.drops
    }

    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_recv_ready(context)
    }

    fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_send_ready(context)
    }
}
