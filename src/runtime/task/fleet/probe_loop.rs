//! The loop: hand in what arrived, send what is due, sleep until something is.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use ::tokio::select;
use ::tokio::sync::broadcast;
use ::tokio::task::yield_now;
use ::tokio::time::{Instant as Moment, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{DatagramSocket, FleetState, Shared, now};
use crate::pacing::Pacing;
use crate::runtime::ProbeError;
use crate::{FleetEvent, FleetOutput, Instant, PeerKey, ProbeId};

/// A probe or its reply, whole.
const LENGTH: usize = 16;
/// Replies that are handed in before probes have their turn.
const REPLIES: usize = 1_024;
/// Probes that are sent before replies have theirs: fewer than the receive buffer of one who answers for many peers has room for.
const BURST: usize = 128;
/// After a burst the next one waits for a reply, or so long: what is due after a stall of ours does not go out all at once.
const BREATH: Duration = Duration::from_millis(1);

pub(super) struct ProbeLoop<P: Pacing, S> {
    pub(super) shared: Arc<Shared<P>>,
    pub(super) socket: S,
    /// What the socket said was dropped, so far.
    pub(super) drops: u32,
    pub(super) events: broadcast::Sender<FleetEvent>,
    pub(super) stop: CancellationToken,
}

impl<P: Pacing, S: DatagramSocket> ProbeLoop<P, S> {
    pub(super) async fn run(mut self) {
        let (shared, stop) = (Arc::clone(&self.shared), self.stop.clone());
        select! {
            () = stop.cancelled() => return,
            _ = poll_fn(|context| self.socket.poll_writable(context)) => {} // until the runtime has looked, nothing can be sent
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
                Ok(()) = poll_fn(|context| self.socket.poll_readable(context)) => {}
                // what waits in the socket is heard before anything is called overdue
                () = sleep_until(until) => yield_now().await,
            }
        }
    }

    /// Does what is to be done now; returns when to look again, nothing where more is due after a burst.
    fn turn(&mut self) -> Option<Moment> {
        let shared = Arc::clone(&self.shared);
        let mut crew = shared.lock();
        let is_empty = self.receive(&mut crew);
        let until = self.drain(&mut crew);
        for event in crew.fleet.events() {
            let _ = self.events.send(event); // nobody has to listen
        }
        let until = until.map(|until| Moment::from_std(shared.epoch.when(until)));
        if is_empty { until } else { Some(Moment::now()) }
    }

    /// Hands in what waits in the socket; returns whether that was all. Other tasks have their turn before the rest.
    fn receive(&mut self, crew: &mut FleetState<P>) -> bool {
        let mut buffer = [0; LENGTH + 1]; // a longer datagram is no reply
        for _ in 0..REPLIES {
            match self.socket.try_receive(&mut buffer) {
                Ok((length, from)) => self.handle_result(crew, buffer.get(..length), from),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(_) => {} // an error that an earlier probe met
            }
        }
        false
    }

    fn handle_result(
        &mut self,
        crew: &mut FleetState<P>,
        datagram: Option<&[u8]>,
        from: SocketAddr,
    ) {
        let now = now(self.shared.epoch);
        let drops = self.socket.receive_drops();
        if core::mem::replace(&mut self.drops, drops) != drops {
            crew.fleet.handle_overflow(now);
        }
        let reply = datagram.and_then(parse);
        if let Some((peer, id)) = reply.filter(|&(peer, _)| crew.address(peer) == Some(from)) {
            crew.fleet.handle_reply(peer, id, now);
        }
    }

    /// Sends what is due, a burst at most; returns when more will be, nothing where it is now.
    fn drain(&mut self, crew: &mut FleetState<P>) -> Option<Instant> {
        for _ in 0..BURST {
            match crew.fleet.poll(now(self.shared.epoch)) {
                FleetOutput::Probe { peer, id, .. } => self.send(crew, peer, id),
                FleetOutput::Wait(until) => return Some(until),
                FleetOutput::Idle => return Some(Instant::MAX),
            }
        }
        None
    }

    fn send(&mut self, crew: &mut FleetState<P>, peer: PeerKey, id: ProbeId) {
        let sent = match crew.address(peer) {
            Some(address) => self.socket.try_send(&write(peer, id), address),
            None => Err(io::ErrorKind::AddrNotAvailable.into()),
        };
        let Err(error) = sent else {
            return;
        };
        let now = now(self.shared.epoch);
        let is_full = error.kind() == io::ErrorKind::WouldBlock; // the send buffer
        match ProbeError::from(error) {
            ProbeError::Failed(failure) => crew.fleet.handle_failure(peer, id, failure, now),
            ProbeError::Missed if !is_full => {} // the path's doing: silence
            _ => crew.fleet.handle_unsent(peer, id, now),
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

fn parse(datagram: &[u8]) -> Option<(PeerKey, ProbeId)> {
    let (key, rest) = datagram.split_first_chunk()?;
    let id = rest.try_into().ok()?; // eight bytes, no more and no less
    Some((PeerKey::from_be_bytes(*key), ProbeId::from_be_bytes(id)))
}
