//! The loop of a fleet: it passes in the replies that have arrived, sends the probes that are due,
//! and sleeps until the next deadline.

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
use crate::{
    Event, Instant, Output, ProbeId,
    fleet::{self, PeerKey},
};

/// The length of a probe and of its reply, in bytes.
const LENGTH: usize = 16;
/// The most replies that are read before probes are sent.
const REPLIES: usize = 1_024;
/// The most probes that are sent before replies are read. It is less than the number of datagrams
/// that fit the receive buffer of a host that replies for many peers.
const BURST: usize = 128;
/// How long the loop waits for a reply between two bursts, so that probes that became due during a
/// local stall do not all go out at once.
const BREATH: Duration = Duration::from_millis(1);

/// The state that the task owns.
pub(super) struct ProbeLoop<P: Pacing, S> {
    pub(super) shared: Arc<Shared<P>>,
    pub(super) socket: S,
    /// The number of dropped datagrams that the socket reported last.
    pub(super) drops: u32,
    pub(super) events: broadcast::Sender<Event<fleet::PeerEvent>>,
    pub(super) stop: CancellationToken,
}

impl<P: Pacing, S: DatagramSocket> ProbeLoop<P, S> {
    pub(super) async fn run(mut self) {
        let (shared, stop) = (Arc::clone(&self.shared), self.stop.clone());
        select! {
            () = stop.cancelled() => return,
            // Nothing can be sent until the runtime has polled the socket once.
            _ = poll_fn(|context| self.socket.poll_writable(context)) => {}
        }
        loop {
            let turn = self.turn();
            let until = turn.unwrap_or_else(|| Moment::now() + BREATH);
            if until <= Moment::now() {
                // More is due, and a sleep would take a millisecond.
                yield_now().await;
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
                // Replies waiting in the socket are read before any probe becomes overdue.
                () = sleep_until(until) => yield_now().await,
            }
        }
    }

    /// Does everything that is due now. Returns when to continue, or `None` if more probes are due
    /// after a burst.
    fn turn(&mut self) -> Option<Moment> {
        let shared = Arc::clone(&self.shared);
        let mut crew = shared.lock();
        let is_empty = self.receive(&mut crew);
        let until = self.drain(&mut crew);
        for event in crew.fleet.events() {
            // There may be no reader.
            let _ = self.events.send(event);
        }
        let until = until.map(|until| Moment::from_std(shared.epoch.when(until)));
        if is_empty { until } else { Some(Moment::now()) }
    }

    /// Passes in the datagrams that wait in the socket. Returns whether none is left. If some are
    /// left, other tasks run before the rest is read.
    fn receive(&mut self, crew: &mut FleetState<P>) -> bool {
        // The buffer is one byte longer than a reply, to recognise datagrams that are too long.
        let mut buffer = [0; LENGTH + 1];
        for _ in 0..REPLIES {
            match self.socket.try_receive(&mut buffer) {
                Ok((length, from)) => self.handle_result(crew, buffer.get(..length), from),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                // An earlier probe caused this error.
                Err(_) => {}
            }
        }
        false
    }

    /// Passes in one datagram, if it is the reply of a peer from the peer's address.
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

    /// Sends the probes that are due, at most one burst. Returns when the next one is due, or
    /// `None` if more are due now.
    fn drain(&mut self, crew: &mut FleetState<P>) -> Option<Instant> {
        for _ in 0..BURST {
            match crew.fleet.poll(now(self.shared.epoch)) {
                Output::Send(fleet::Probe { peer, id, .. }) => self.send(crew, peer, id),
                Output::Wait(until) => return Some(until),
                Output::Idle => return Some(Instant::MAX),
            }
        }
        None
    }

    /// Sends one probe, and reports to the fleet if that fails.
    fn send(&mut self, crew: &mut FleetState<P>, peer: PeerKey, id: ProbeId) {
        let sent = match crew.address(peer) {
            Some(address) => self.socket.try_send(&write(peer, id), address),
            None => Err(io::ErrorKind::AddrNotAvailable.into()),
        };
        let Err(error) = sent else {
            return;
        };
        let now = now(self.shared.epoch);
        // `WouldBlock` means that the send buffer is full.
        let is_full = error.kind() == io::ErrorKind::WouldBlock;
        match ProbeError::from(error) {
            ProbeError::Failed(failure) => {
                crew.fleet.handle_failure(peer, id, failure, now);
            }
            // The path lost the probe, so its reply will not come.
            ProbeError::Missed if !is_full => {}
            _ => {
                crew.fleet.handle_unsent(peer, id, now);
            }
        }
    }
}

/// Encodes a probe: the key of the peer, then the id of the probe, both big-endian.
const fn write(peer: PeerKey, id: ProbeId) -> [u8; LENGTH] {
    let mut datagram = [0; LENGTH];
    let (key, rest) = datagram.split_at_mut(8);
    key.copy_from_slice(&peer.to_be_bytes());
    rest.copy_from_slice(&id.to_be_bytes());
    datagram
}

/// Decodes a reply, which has the form of the probe.
fn parse(datagram: &[u8]) -> Option<(PeerKey, ProbeId)> {
    let (key, rest) = datagram.split_first_chunk()?;
    // Exactly eight bytes are left.
    let id = rest.try_into().ok()?;
    Some((PeerKey::from_be_bytes(*key), ProbeId::from_be_bytes(id)))
}
