//! Where nobody tells what was lost.

use core::net::SocketAddr;
use std::io;

use ::tokio::net::UdpSocket;

/// Nothing is known of what is lost.
pub(super) struct Receiver;

impl Receiver {
    #[allow(clippy::unnecessary_wraps)] // as elsewhere
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
