//! The state that the task of a listener and its handle share.

use core::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::tokio::sync::Notify;

use super::counters::Counters;
use super::inbox::Inbox;
use super::limiter::Limiter;
use super::{Epoch, Gate};
use crate::Instant;
use crate::fleet::ListenerFleet;
use crate::wire::WireError;

/// The shared state. The lock is held for at most one turn of the loop, and never across a wait.
pub(super) struct Shared<G> {
    pub(super) epoch: Epoch,
    pub(super) state: Mutex<State<G>>,
    pub(super) changed: Notify,
}

pub(super) struct State<G> {
    pub(super) fleet: ListenerFleet,
    pub(super) gate: G,
    pub(super) limiter: Limiter,
    pub(super) inbox: Inbox,
    pub(super) counters: Counters,
}

impl<G> Shared<G> {
    pub(super) fn lock(&self) -> MutexGuard<'_, State<G>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<G> State<G> {
    /// Passes the events of the fleet on to the reader.
    pub(super) fn collect(&mut self) {
        for event in self.fleet.events() {
            self.inbox.push(event);
        }
        self.counters.coalesced = self.inbox.coalesced;
    }
}

impl<G: Gate> State<G> {
    /// Takes one datagram that arrived at `now`.
    pub(super) fn take(&mut self, datagram: &[u8], from: SocketAddr, now: Instant) {
        self.counters.datagrams += 1;
        let beat = match self.gate.open(datagram, from) {
            Ok(beat) => beat,
            Err(error) => return self.refuse(error),
        };
        if !beat.is_authentic() && !self.limiter.admits(from.ip(), now) {
            self.counters.limited += 1;
            return;
        }
        let outcome = self.fleet.handle_beat(&beat, now);
        self.gate.handled(&beat, from, outcome, now);
        self.collect();
    }

    const fn refuse(&mut self, error: WireError) {
        let counter = match error {
            WireError::Forged => &mut self.counters.forged,
            _ => &mut self.counters.malformed,
        };
        *counter += 1;
    }

    /// Records that the socket dropped `datagrams` before what it returns at `now`.
    pub(super) fn lose(&mut self, datagrams: u32, now: Instant) {
        self.counters.dropped += u64::from(datagrams);
        self.fleet.handle_overflow(now);
    }
}
