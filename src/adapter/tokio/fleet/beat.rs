//! The loop: hand in what arrived, send what is due, sleep until something is.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;

use ::tokio::select;
use ::tokio::sync::broadcast;
use ::tokio::task::yield_now;
use ::tokio::time::{Instant as Moment, sleep_until};
use tokio_util::sync::CancellationToken;

use super::socket::{LENGTH, Received, Socket};
use super::{Crew, Shared, now};
use crate::adapter::Fault;
use crate::pacing::Pacing;
use crate::{FleetEvent, FleetOutput, Instant, PeerKey, ProbeId};

/// Replies that are handed in before probes have their turn.
const REPLIES: usize = 1_024;
/// Probes that are sent before replies have theirs: fewer than the receive buffer of one who answers for many peers has room for.
const BURST: usize = 128;
/// After a burst the next one waits for a reply, or so long: what is due after a stall of ours does not go out all at once.
const BREATH: Duration = Duration::from_millis(1);

pub(super) struct Beat<P: Pacing> {
    pub(super) shared: Arc<Shared<P>>,
    pub(super) socket: Socket,
    pub(super) events: broadcast::Sender<FleetEvent>,
    pub(super) stop: CancellationToken,
}

impl<P: Pacing> Beat<P> {
    pub(super) async fn run(mut self) {
        let (shared, stop) = (Arc::clone(&self.shared), self.stop.clone());
        select! {
            () = stop.cancelled() => return,
            _ = self.socket.writable() => {} // until the runtime has looked, nothing can be sent
        }
        loop {
            let turn = self.turn();
            let until = turn.unwrap_or_else(|| Moment::now() + BREATH);
            if until <= Moment::now() {
                yield_now().await; // more is due; a sleep would take a millisecond
                if stop.is_cancelled() {
                    return;
                }
                continue;
            }
            select! {
                biased;
                () = stop.cancelled() => return,
                () = shared.changed.notified() => {}
                _ = self.socket.readable() => {}
                // what waits in the socket is heard before anything is called overdue
                () = sleep_until(until) => yield_now().await,
            }
        }
    }

    /// Does what is to be done now; returns when to look again, nothing where more is due after a burst.
    fn turn(&mut self) -> Option<Moment> {
        let shared = Arc::clone(&self.shared);
        let mut crew = shared.lock();
        self.receive(&mut crew);
        let until = self.drain(&mut crew);
        for event in crew.fleet.events() {
            let _ = self.events.send(event); // nobody has to listen
        }
        until.map(|until| Moment::from_std(shared.epoch.when(until)))
    }

    fn receive(&mut self, crew: &mut Crew<P>) {
        for _ in 0..REPLIES {
            let Some(Received {
                datagram,
                from,
                overflow,
            }) = self.socket.receive()
            else {
                return;
            };
            let now = now(self.shared.epoch);
            if overflow {
                crew.fleet.handle_overflow(now);
            }
            let reply = datagram.and_then(parse);
            if let Some((peer, id)) = reply.filter(|&(peer, _)| crew.address(peer) == Some(from)) {
                crew.fleet.handle_reply(peer, id, now);
            }
        }
    }

    /// Sends what is due, a burst at most; returns when more will be, nothing where it is now.
    fn drain(&self, crew: &mut Crew<P>) -> Option<Instant> {
        for _ in 0..BURST {
            match crew.fleet.poll(now(self.shared.epoch)) {
                FleetOutput::Probe { peer, id, .. } => self.send(crew, peer, id),
                FleetOutput::Wait(until) => return Some(until),
                FleetOutput::Idle => return Some(Instant::MAX),
            }
        }
        None
    }

    fn send(&self, crew: &mut Crew<P>, peer: PeerKey, id: ProbeId) {
        let sent = match crew.address(peer) {
            Some(address) => self.socket.send(&write(peer, id), address),
            None => Err(io::ErrorKind::AddrNotAvailable.into()),
        };
        let now = now(self.shared.epoch);
        match sent.map_err(Fault::from) {
            Ok(()) => {}
            Err(Fault::Failed(failure)) => crew.fleet.handle_failure(peer, id, failure, now),
            Err(_) => crew.fleet.handle_unsent(peer, id, now),
        }
    }
}

/// A probe on the wire: the peer's key and the probe's id.
const fn write(peer: PeerKey, id: ProbeId) -> [u8; LENGTH] {
    let mut datagram = [0; LENGTH];
    let (key, rest) = datagram.split_at_mut(8);
    key.copy_from_slice(&peer.to_be_bytes());
    rest.copy_from_slice(&id.to_be_bytes());
    datagram
}

fn parse(datagram: [u8; LENGTH]) -> Option<(PeerKey, ProbeId)> {
    let (key, rest) = datagram.split_first_chunk()?;
    let id = rest.try_into().ok()?;
    Some((PeerKey::from_be_bytes(*key), ProbeId::from_be_bytes(id)))
}
