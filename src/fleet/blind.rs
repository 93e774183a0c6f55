//! A fleet that cannot send: one event for all of its peers, which become unknown at once.

use super::cut_off::CutOff;
use super::machine::{EVENTS_MIN, Slot};
use super::{Census, Fleet, PeerEvent, PeerKey};
use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::event::{Event, EventKind};
use crate::peer::verdict::{Reason, Verdict};
use crate::time::{Instant, duration};

impl<const N: usize, P: Pacing> Fleet<N, P> {
    /// A drain begins. Mostly it has been said by now which probes of the last one could not be sent.
    pub(super) const fn count_sends(&mut self) {
        if let Some(cut_off) = &mut self.cut_off {
            cut_off.is_over = self.counters.probes - cut_off.denied > cut_off.sent;
        }
    }

    /// A probe that was tried at `tried_at` could not be sent.
    pub(super) fn notice_failed_send(&mut self, tried_at: Instant) {
        let cut_off = self.cut_off.get_or_insert(CutOff {
            since: tried_at,
            denied: 0,
            sent: u64::MAX,
            is_over: false,
        });
        cut_off.denied += 1;
        let sent = self.counters.probes - cut_off.denied;
        cut_off.sent = cut_off.sent.min(sent); // several may be tried before the first is denied
    }

    /// The last probe to a peer, tried at `tried_at`, is known to have been sent.
    pub(super) fn notice_send(&mut self, tried_at: Instant) {
        self.cut_off = self.cut_off.filter(|cut_off| tried_at < cut_off.since);
    }

    /// Since when the fleet could not send, where that is as long as the bound of a peer that could not be asked.
    fn cut_off_for(&self, bound_us: u64) -> Option<Instant> {
        let since = self.cut_off.filter(|cut_off| !cut_off.is_over)?.since;
        (self.now.since(since) >= bound_us).then_some(since)
    }

    /// Tells what `monitor` has to tell, `first` before the rest. That nothing can be sent is told of the fleet where it is true of all peers.
    pub(super) fn tell_all(
        &mut self,
        peer: PeerKey,
        first: Option<Event>,
        monitor: &mut Monitor<N, P>,
    ) {
        let cut_off = monitor
            .blind_bound_us()
            .and_then(|bound_us| self.cut_off_for(bound_us));
        let count = monitor.number();
        let now = self.now;
        let rest = core::iter::from_fn(|| monitor.take_event(now));
        let Some(since) = cut_off else {
            return self.tell_each(peer, first.into_iter().chain(rest), count);
        };
        for event in first.into_iter().chain(rest) {
            if !is_of_blindness(&event.kind) {
                self.tell(Some(peer), event.at, event.kind);
            }
        }
        self.go_blind(since);
        let blind = self.blind;
        if let Some(slot) = self.slots.get_mut(peer.index()) {
            slot.blind = blind; // it is the one that found out, and may have sent a probe since
        }
    }

    /// Tells what a monitor has to tell that counted `count` events: where it replaced one by a later one, the numbers show a gap.
    fn tell_each(&mut self, peer: PeerKey, events: impl Iterator<Item = Event>, count: u32) {
        let before = self.number;
        for event in events {
            self.number = before.wrapping_add(event.number - 1);
            self.tell(Some(peer), event.at, event.kind);
        }
        self.number = before.wrapping_add(count);
    }

    /// Nothing is known of any peer. O(1): each becomes unknown when it is looked at.
    fn go_blind(&mut self, since: Instant) {
        self.blind = self.blind.wrapping_add(1);
        self.census = Census {
            unknown: self.census.peers(),
            ..Census::default()
        };
        self.tell(None, self.now, EventKind::Blind { since });
    }

    /// Tells how late we looked since the last poll, replies of the past included that were handed in one after the other.
    pub(super) fn tell_pause(&mut self) {
        let late_us = core::mem::take(&mut self.late_us);
        if late_us > 0 && self.config.is_pause(late_us) {
            self.counters.pauses += 1;
            let lateness = duration(late_us);
            self.tell(None, self.now, EventKind::Paused { lateness });
        }
    }

    /// Queues an event under a number of the fleet.
    fn tell(&mut self, peer: Option<PeerKey>, at: Instant, kind: EventKind) {
        if matches!(kind, EventKind::Blind { .. }) {
            self.counters.blind += 1;
        }
        if self.events.len() >= self.slots.len().max(EVENTS_MIN) {
            self.events.pop_front();
        }
        self.number = self.number.wrapping_add(1).max(1);
        let event = Event::new(self.number, at, PeerEvent { peer, kind });
        self.events.push_back(event);
    }

    /// The verdict of who has this place, which is unknown since the fleet went blind after it was last looked at.
    pub(super) const fn verdict_of(&self, slot: &Slot<N, P>) -> Verdict {
        if slot.blind == self.blind {
            slot.dormant.verdict()
        } else {
            Verdict::Unknown
        }
    }

    pub(super) const fn is_troubled(&self, slot: &Slot<N, P>) -> bool {
        matches!(self.verdict_of(slot), Verdict::Suspect | Verdict::Dead)
    }
}

const fn is_of_blindness(kind: &EventKind) -> bool {
    match kind {
        EventKind::Blind { .. } => true,
        EventKind::Transition(change) => matches!(change.reason, Reason::Blind),
        _ => false,
    }
}
