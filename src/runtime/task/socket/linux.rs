//! Receiving on Linux, where the kernel reports how many datagrams it dropped.

use alloc::vec;
use alloc::vec::Vec;
use core::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd;

use ::tokio::io::Interest;
use ::tokio::net::UdpSocket;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, RecvMsg, SockaddrStorage, recvmsg, setsockopt, sockopt,
};

/// Receives datagrams, each with the number of datagrams that were dropped before it
/// (`SO_RXQ_OVFL`).
pub(super) struct Receiver {
    room: Vec<u8>,
    lost: u32,
}

impl Receiver {
    pub(super) fn new(socket: &UdpSocket) -> io::Result<Self> {
        setsockopt(socket, sockopt::RxqOvfl, &1)?;
        Ok(Self {
            room: nix::cmsg_space!(u32),
            lost: 0,
        })
    }

    pub(super) fn receive(
        &mut self,
        socket: &UdpSocket,
        bytes: &mut [u8],
    ) -> io::Result<(usize, SocketAddr, u32)> {
        let Self { room, lost } = self;
        socket.try_io(Interest::READABLE, || {
            let mut parts = [IoSliceMut::new(bytes)];
            let message = recvmsg(
                socket.as_raw_fd(),
                &mut parts,
                Some(room),
                MsgFlags::MSG_DONTWAIT,
            )?;
            *lost = lost_before(&message).unwrap_or(*lost);
            let from = message
                .address
                .as_ref()
                .and_then(address)
                .ok_or(io::ErrorKind::InvalidData)?;
            Ok((message.bytes, from, *lost))
        })
    }
}

/// Returns the number of dropped datagrams that the kernel reports with `message`, if it does.
fn lost_before(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Option<u32> {
    message.cmsgs().ok()?.find_map(|part| match part {
        ControlMessageOwned::RxqOvfl(lost) => Some(lost),
        _ => None,
    })
}

fn address(from: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = from
        .as_sockaddr_in()
        .map(|&v4| SocketAddrV4::from(v4).into());
    v4.or_else(|| {
        from.as_sockaddr_in6()
            .map(|&v6| SocketAddrV6::from(v6).into())
    })
}
