//! Receiving on systems that do not report dropped datagrams.

use core::net::SocketAddr;
use std::io;

use ::tokio::net::UdpSocket;

/// Receives datagrams. The number of dropped datagrams is unknown and reported as 0.
pub(super) struct Receiver;

impl Receiver {
    #[allow(clippy::unnecessary_wraps)] // the signature is the same as on Linux
    pub(super) fn new(_: &UdpSocket) -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn receive(
        &mut self,
        socket: &UdpSocket,
        bytes: &mut [u8],
    ) -> io::Result<(usize, SocketAddr, u32)> {
        let (length, from) = socket.try_recv_from(bytes)?;
        Ok((length, from, 0))
    }
}
