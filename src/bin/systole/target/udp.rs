//! A probe is a datagram that carries its id; the answer is the same eight bytes.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use systole::{Failure, Fault, ProbeId};
use tokio::net::UdpSocket;
use tokio::select;

use super::Post;

/// A socket that hears the first of `addresses` alone.
pub(super) async fn connect(addresses: &[SocketAddr]) -> io::Result<UdpSocket> {
    let of_any = |peer: &SocketAddr| match peer {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let peer = addresses.first().ok_or(io::ErrorKind::NotFound)?;
    let socket = UdpSocket::bind(of_any(peer)).await?;
    socket.connect(peer).await?;
    Ok(socket)
}

pub(super) async fn run(socket: UdpSocket, mut post: Post) {
    let mut last = None;
    let mut datagram = [0; 9]; // one byte more than an answer has
    loop {
        select! {
            biased;
            received = socket.recv(&mut datagram) => {
                let answer = received.map(|length| datagram.get(..length));
                let fault = match answer.map(|bytes| bytes.and_then(|bytes| bytes.try_into().ok())) {
                    Ok(Some(id)) => {
                        post.news.settled(ProbeId::from_be_bytes(id), Ok(()));
                        continue;
                    }
                    Ok(None) => Fault::Failed(Failure::Garbage),
                    Err(error) => Fault::from(error), // the peer's system refused the last datagram
                };
                if let Some(id) = last {
                    post.news.settled(id, Err(fault));
                }
            }
            request = post.requests.recv() => {
                let Some(request) = request else { return };
                last = Some(request.id);
                if let Err(error) = socket.send(&request.id.to_be_bytes()).await {
                    post.news.settled(request.id, Err(error.into()));
                }
            }
        }
    }
}
