//! Probes that are datagrams and come back as they are: the loop that UDP and ICMP share.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use systole::ProbeId;
use tokio::select;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::descriptors;
use super::link::{Answer, Miss, Post, Request};
use super::place::Place;

/// A socket that exchanges datagrams with one address.
pub(super) trait Echo: Sized + Send {
    /// Opens a socket to `address`.
    fn open(address: SocketAddr) -> impl Future<Output = Result<Self, Miss>> + Send;

    fn send(&self, id: ProbeId) -> impl Future<Output = io::Result<()>> + Send;

    /// Receives a datagram; returns the id in it, or `None` if it is no echo of a probe. An error
    /// means that the last datagram was refused. Cancel safe.
    fn receive(&self) -> impl Future<Output = io::Result<Option<ProbeId>>> + Send;
}

/// The most probes of which an echo is taken: as many as a machine keeps.
const ASKED_MAX: usize = 64;

/// The probes that have had no echo, the oldest first. Every other datagram is ignored here, so that
/// no stream of them fills the inbox.
#[derive(Debug, Default)]
struct Asked(VecDeque<ProbeId>);

impl Asked {
    fn add(&mut self, id: ProbeId) {
        if self.0.len() == ASKED_MAX {
            self.0.pop_front();
        }
        self.0.push_back(id);
    }

    /// Returns whether `id` is one of them, and forgets it.
    fn take(&mut self, id: ProbeId) -> bool {
        let place = self.0.iter().position(|&asked| asked == id);
        place.is_some_and(|place| self.0.remove(place).is_some())
    }
}

/// Probes the addresses in turn, each over a socket of its own. It moves on to the next address if
/// one refuses, or does not reply for as long as a probe is waited for.
pub(super) async fn run<E: Echo>(place: Place, mut post: Post) {
    let (mut turn, mut unsent) = (0, None);
    loop {
        let Some(request) = (match unsent.take() {
            Some(request) => Some(request),
            None => post.requests.recv().await,
        }) else {
            return;
        };
        match open::<E>(&place, turn).await {
            Ok((socket, address, _turn)) => {
                unsent = hold(&socket, address, request, &place, &mut post).await;
            }
            Err(miss) => post.news.settled(request.id, Err(miss)),
        }
        turn += 1;
    }
}

/// Returns a socket to one of the addresses.
async fn open<E: Echo>(
    place: &Place,
    turn: usize,
) -> Result<(E, SocketAddr, OwnedSemaphorePermit), Miss> {
    let addresses = place.addresses()?;
    let address = addresses.get(turn % addresses.len().max(1));
    let address = *address.ok_or_else(|| Miss::Unsent("it has no address".into()))?;
    let turn = descriptors::permit().await.map_err(Miss::Unsent)?;
    Ok((E::open(address).await?, address, turn))
}

/// Probes over `socket` until the socket is of no more use. Returns the probe to send over the next
/// one.
async fn hold<E: Echo>(
    socket: &E,
    address: SocketAddr,
    first: Request,
    place: &Place,
    post: &mut Post,
) -> Option<Request> {
    place.doubt(true); // until a reply comes
    let (mut request, mut heard, mut asked) = (first, Instant::now(), Asked::default());
    loop {
        asked.add(request.id);
        if let Err(error) = socket.send(request.id).await {
            post.news.settled(request.id, Err(error.into()));
            return None;
        }
        request = loop {
            select! {
                biased;
                answer = socket.receive() => match answer {
                    Ok(Some(id)) if asked.take(id) => {
                        post.news.settled(id, Ok(Answer::Fine));
                        place.doubt(false);
                        heard = Instant::now();
                    }
                    Ok(_) => post.ignored.count(),
                    Err(error) => {
                        post.news.settled(request.id, Err(error.into()));
                        return None;
                    }
                },
                next = post.requests.recv() => break next?,
            }
        };
        if heard.elapsed() > request.reply_window || place.has_left(Some(address)) {
            return Some(request);
        }
    }
}
