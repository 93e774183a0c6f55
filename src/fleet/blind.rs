//! Reports once for the whole fleet that no probe can be sent.

use super::cut_off::CutOff;
use super::slot::Slot;
use super::verdicts::Subject;
use super::{Fleet, PeerKey};
use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::event::{Event, EventKind};
use crate::peer::verdict::{Reason, Verdict};
use crate::time::{Instant, duration};

impl<const N: usize, P: Pacing> Fleet<N, P> {
    /// Starts a drain: notes whether a probe has been sent since the last failed send. By now the
    /// caller has usually reported which probes of the last drain could not be sent.
    pub(super) const fn count_sends(&mut self) {
        if let Some(cut_off) = &mut self.cut_off {
            cut_off.is_over = self.counters.probes - cut_off.denied > cut_off.sent;
        }
    }

    /// Records that a probe, tried at `tried_at`, could not be sent.
    pub(super) fn notice_failed_send(&mut self, tried_at: Instant) {
        let cut_off = self.cut_off.get_or_insert(CutOff {
            since: tried_at,
            denied: 0,
            sent: u64::MAX,
            is_over: false,
        });
        cut_off.denied += 1;
        let sent = self.counters.probes - cut_off.denied;
        // The caller may try several probes before it reports the first failure, hence the minimum.
        cut_off.sent = cut_off.sent.min(sent);
    }

    /// Records that the last probe to a peer, tried at `tried_at`, was sent. This ends a cut-off
    /// that began by then.
    pub(super) fn notice_send(&mut self, tried_at: Instant) {
        self.cut_off = self.cut_off.filter(|cut_off| tried_at < cut_off.since);
    }

    /// Returns since when the fleet could not send, if that is at least `bound_us` ago, the bound
    /// of a peer that could not be probed.
    fn cut_off_for(&self, bound_us: u64) -> Option<Instant> {
        let since = self.cut_off.filter(|cut_off| !cut_off.is_over)?.since;
        (self.schedule.now.since(since) >= bound_us).then_some(since)
    }

    /// Queues the events of `monitor`, `first` before the others. Where no probe could be sent to
    /// any peer for the bound, one event of the fleet replaces the peer's own event about it.
    pub(super) fn tell_all(
        &mut self,
        peer: PeerKey,
        first: Option<Event>,
        monitor: &mut Monitor<N, P>,
    ) {
        let cut_off = monitor
            .blind_bound_us()
            .and_then(|bound_us| self.cut_off_for(bound_us));
        let labels = self.slot(peer).map_or(0, |slot| slot.labels);
        let bound_us = monitor.bound_us();
        let subject = Subject {
            peer,
            labels,
            bound_us,
        };
        let count = monitor.number();
        let now = self.schedule.now;
        let rest = core::iter::from_fn(|| monitor.take_event(now));
        let events = first.into_iter().chain(rest);
        let Some(since) = cut_off else {
            return self.tell_each(subject, events, count);
        };
        for event in events.filter(|event| !is_of_blindness(&event.kind)) {
            self.tell(subject, event.at, event.kind);
        }
        self.go_blind(since);
        let blind = self.blind;
        if let Some(slot) = self.slots.get_mut(peer.index()) {
            // This peer's monitor is already blind, and may have sent a probe since.
            slot.blind = blind;
        }
    }

    /// Queues the events of a monitor that has numbered `count` of them. Where the monitor replaced
    /// an event by a later one, the numbers show a gap.
    fn tell_each(
        &mut self,
        subject: Subject<PeerKey>,
        events: impl Iterator<Item = Event>,
        count: u32,
    ) {
        let mut told = 0;
        for event in events {
            self.verdicts.skip(event.number.saturating_sub(told + 1));
            told = event.number;
            self.tell(subject, event.at, event.kind);
        }
        self.verdicts.skip(count.saturating_sub(told));
    }

    /// Makes the verdict of every peer `Unknown`. O(1): each monitor is changed when it is woken
    /// next.
    fn go_blind(&mut self, since: Instant) {
        self.blind = self.blind.wrapping_add(1);
        let now = self.schedule.now;
        self.verdicts.forget(now);
        self.counters.blind += 1;
        self.verdicts.tell(None, now, EventKind::Blind { since });
    }

    /// Queues a `Paused` event if the polls since the last drain were late enough. The lateness
    /// includes that of inputs, such as several earlier replies that were handed in one after
    /// another.
    pub(super) fn tell_pause(&mut self) {
        let late_us = self.schedule.take_lateness();
        self.verdicts.see_lateness(late_us, self.schedule.now);
        if late_us > 0 && self.config.is_pause(late_us) {
            self.counters.pauses += 1;
            let lateness = duration(late_us);
            let kind = EventKind::Paused { lateness };
            self.verdicts.tell(None, self.schedule.now, kind);
        }
    }

    /// Queues an event of a peer under the fleet's next number.
    fn tell(&mut self, subject: Subject<PeerKey>, at: Instant, kind: EventKind) {
        if matches!(kind, EventKind::Blind { .. }) {
            self.counters.blind += 1;
        }
        self.verdicts.tell_of(subject, at, kind);
    }

    /// Returns the verdict on the peer in `slot`: `Unknown` where the fleet became blind after the
    /// slot was last written.
    pub(super) const fn verdict_of(&self, slot: &Slot<N, P>) -> Verdict {
        if slot.blind == self.blind {
            slot.dormant.verdict()
        } else {
            Verdict::Unknown
        }
    }

    /// Returns whether the peer in `slot` is suspected or dead.
    pub(super) const fn is_troubled(&self, slot: &Slot<N, P>) -> bool {
        matches!(self.verdict_of(slot), Verdict::Suspect | Verdict::Dead)
    }
}

/// Returns whether an event says that no probe could be sent.
const fn is_of_blindness(kind: &EventKind) -> bool {
    match kind {
        EventKind::Blind { .. } => true,
        EventKind::Transition(change) => matches!(change.reason, Reason::Blind),
        _ => false,
    }
}
