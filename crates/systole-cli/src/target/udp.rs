//! UDP: a probe is a datagram with the id of the probe; the reply is the same eight bytes.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use systole::{Failure, ProbeError, ProbeId};
use tokio::net::UdpSocket;
use tokio::select;
use tokio::time::Instant;

use super::link::{Answer, Post, Request};
use super::place::Place;

/// Probes the addresses in turn, each over a socket of its own. It moves on to the next address if
/// one refuses, or does not reply for as long as a probe is waited for.
pub(super) async fn run(place: Place, mut post: Post) {
    let (mut turn, mut unsent) = (0, None);
    loop {
        let Some(request) = (match unsent.take() {
            Some(request) => Some(request),
            None => post.requests.recv().await,
        }) else {
            return;
        };
        match connect(&place.addresses().await, turn).await {
            Ok(socket) => unsent = hold(&socket, request, &place, &mut post).await,
            Err(error) => post.news.settled(request.id, Err(error.into())),
        }
        turn += 1;
    }
}

/// Returns a socket that receives from one of `addresses` only.
async fn connect(addresses: &[SocketAddr], turn: usize) -> io::Result<UdpSocket> {
    let places = addresses.len().max(1);
    let peer = addresses
        .get(turn % places)
        .ok_or(io::ErrorKind::NotFound)?;
    let any = match peer {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(peer).await?;
    Ok(socket)
}

/// Probes over `socket` until the socket is of no more use. Returns the probe to send over the next
/// one.
async fn hold(
    socket: &UdpSocket,
    first: Request,
    place: &Place,
    post: &mut Post,
) -> Option<Request> {
    place.doubt(true); // until a reply comes
    let (mut request, mut heard) = (first, Instant::now());
    loop {
        if let Err(error) = socket.send(&request.id.to_be_bytes()).await {
            post.news.settled(request.id, Err(error.into()));
            return None;
        }
        request = loop {
            select! {
                biased;
                answer = receive(socket) => match answer {
                    Ok(id) => {
                        post.news.settled(id, Ok(Answer::Fine));
                        place.doubt(false);
                        heard = Instant::now();
                    }
                    Err(fault) => {
                        post.news.settled(request.id, Err(fault.into()));
                        return None;
                    }
                },
                next = post.requests.recv() => break next?,
            }
        };
        if heard.elapsed() > request.reply_window {
            return Some(request);
        }
    }
}

/// Returns the id in the next reply. Cancel safe.
async fn receive(socket: &UdpSocket) -> Result<ProbeId, ProbeError> {
    let mut datagram = [0; 9]; // one byte more than a reply has
    // an error means that the operating system of the peer refused the last datagram
    let length = socket.recv(&mut datagram).await?;
    let id = datagram
        .get(..length)
        .and_then(|bytes| bytes.try_into().ok());
    id.map(ProbeId::from_be_bytes)
        .ok_or(ProbeError::Failed(Failure::InvalidReply))
}
