//! Peers at rest: what is a peer's own is kept, and is a monitor again when something is due or arrives.

use super::machine::Slot;
use super::{Fleet, PeerKey};
use crate::config::Config;
use crate::math::random::{Secret, mix};
use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::event::Event;
use crate::peer::verdict::Verdict;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Fleet<N, P> {
    /// The configuration, with the peer's own seed.
    pub(super) const fn config_of(&self, peer: PeerKey) -> Config<P> {
        Config {
            seed: Secret(self.seed_of(peer)),
            ..self.config
        }
    }

    pub(super) const fn seed_of(&self, peer: PeerKey) -> u64 {
        mix(self.config.seed.0 ^ mix(peer.as_u64())) | 1
    }

    /// The monitor of `peer` as it was left, or blind where the fleet went so since. Not an `Option`, which would be copied once more.
    #[inline]
    pub(super) fn wake(&self, slot: &Slot<N, P>, peer: PeerKey) -> Monitor<N, P> {
        let mut monitor = slot.dormant.wake(&self.config, self.seed_of(peer));
        if slot.blind != self.blind {
            monitor.go_blind_untold();
        }
        monitor
    }

    /// Keeps `monitor` until somebody looks again; `event` is what it had to tell before anything that is pending.
    #[inline]
    pub(super) fn rest(
        &mut self,
        peer: PeerKey,
        event: Option<Event>,
        monitor: &mut Monitor<N, P>,
    ) {
        if self.cut_off.is_some() && monitor.is_sent() {
            self.notice_send(monitor.sent());
        }
        let before = self.slot(peer).map(|slot| self.verdict_of(slot));
        let verdict = monitor.verdict();
        let blind = self.blind;
        if let Some(slot) = self.slots.get_mut(peer.index()) {
            slot.dormant = monitor.rest();
            slot.blind = blind;
        }
        self.counters.add(monitor.counters()); // what it forgot ends there, too
        let due = if self.now < Instant::MAX {
            monitor.due() // of the monitor at rest: what it forgot may be overdue sooner
        } else {
            Instant::MAX
        };
        self.wheel.set(peer.index, due);
        if let Some(before) = before.filter(|&before| before != verdict) {
            self.recount(peer, before, verdict);
        }
        self.tell_all(peer, event, monitor);
    }

    fn recount(&mut self, peer: PeerKey, from: Verdict, to: Verdict) {
        *self.census.of(from) -= 1;
        *self.census.of(to) += 1;
        let is_troubled = matches!(to, Verdict::Suspect | Verdict::Dead);
        let slot = self.slots.get_mut(peer.index());
        if let Some(slot) = slot.filter(|slot| is_troubled && !slot.listed) {
            slot.listed = true;
            self.troubled.push(peer.index);
        }
    }

    /// Before which moment a reply to the last probe to this peer may have been lost on our side.
    pub(super) const fn lost_before(&self, slot: &Slot<N, P>) -> Option<Instant> {
        match self.lost_at {
            Some(at) if slot.overflows != self.overflows() => Some(at.plus(1)),
            lost_at => lost_at,
        }
    }

    pub(super) fn note_overflows(&mut self, peer: PeerKey) {
        let overflows = self.overflows();
        if let Some(slot) = self.slots.get_mut(peer.index()) {
            slot.overflows = overflows;
        }
    }

    #[allow(clippy::cast_possible_truncation)] // modulo 256
    pub(super) const fn overflows(&self) -> u8 {
        self.counters.overflows as u8
    }
}
