//! Peers at rest: a peer is stored in compact form, and becomes a monitor again when something of
//! it is due or arrives.

use super::slot::Slot;
use super::{Fleet, PeerKey};
use crate::config::Config;
use crate::math::random::{Secret, mix};
use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::event::Event;
use crate::peer::verdict::Verdict;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Fleet<N, P> {
    /// Returns the configuration, with the peer's own seed.
    pub(super) const fn config_of(&self, peer: PeerKey) -> Config<P> {
        Config {
            seed: Secret(self.seed_of(peer)),
            ..self.config
        }
    }

    /// Returns the peer's own seed, which is never 0.
    pub(super) const fn seed_of(&self, peer: PeerKey) -> u64 {
        mix(self.config.seed.0 ^ mix(peer.as_u64())) | 1
    }

    /// Returns the monitor of `peer` as it was stored, and blind if the fleet became so since. The
    /// result is no `Option`, because that would cost one more copy.
    #[inline]
    pub(super) fn wake(&self, slot: &Slot<N, P>, peer: PeerKey) -> Monitor<N, P> {
        let mut monitor = slot.dormant.wake(&self.config, self.seed_of(peer));
        if slot.blind != self.blind {
            monitor.go_blind_untold();
        }
        monitor
    }

    /// Stores `monitor` until something of it is due or arrives, and queues its events. `event`
    /// precedes the pending ones.
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
        // After `rest`, since the probes that it forgets are counted, too.
        self.counters.add(monitor.counters());
        let due = if self.schedule.now < Instant::MAX {
            // After `rest`, since a probe that it forgets may become overdue sooner.
            monitor.due()
        } else {
            Instant::MAX
        };
        self.schedule.wheel.set(peer.index, due);
        if let Some(before) = before.filter(|&before| before != verdict) {
            self.recount(peer, before, verdict);
        }
        self.tell_all(peer, event, monitor);
    }

    /// Updates the census after a change of verdict.
    fn recount(&mut self, peer: PeerKey, from: Verdict, to: Verdict) {
        let labels = self.slot(peer).map_or(0, |slot| slot.labels);
        self.verdicts.change(labels, from, to, self.schedule.now);
        let is_troubled = matches!(to, Verdict::Suspect | Verdict::Dead);
        let slot = self.slots.get_mut(peer.index());
        if let Some(slot) = slot.filter(|slot| is_troubled && !slot.listed) {
            slot.listed = true;
            self.troubled.push(peer.index);
        }
    }

    /// Returns the moment up to which replies were lost locally, if any were: the reply to a probe
    /// that was sent to this peer before that moment may be among them.
    pub(super) const fn lost_before(&self, slot: &Slot<N, P>) -> Option<Instant> {
        match self.lost_at {
            Some(at) if slot.overflows != self.overflows() => Some(at.plus(1)),
            lost_at => lost_at,
        }
    }

    /// Records that `peer` was probed after all overflows so far.
    pub(super) fn note_overflows(&mut self, peer: PeerKey) {
        let overflows = self.overflows();
        if let Some(slot) = self.slots.get_mut(peer.index()) {
            slot.overflows = overflows;
        }
    }

    /// Returns the number of overflows, modulo 256.
    #[allow(clippy::cast_possible_truncation)]
    pub(super) const fn overflows(&self) -> u8 {
        self.counters.overflows as u8
    }
}
