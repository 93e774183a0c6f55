//! The inputs of a fleet.

use super::{Fleet, PeerKey};
use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::outcome::{ProbeOutcome, ReplyOutcome};
use crate::peer::probe::ProbeId;
use crate::peer::verdict::Failure;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Fleet<N, P> {
    /// Records that the reply of `peer` to probe `id` arrived at `received_at`. Check first that it
    /// came from the peer's address: anyone who knows a key can send it.
    ///
    /// The round-trip time leaves out the time by which this process polled late while the probe
    /// was outstanding. Returns what became of the reply.
    pub fn handle_reply(
        &mut self,
        peer: PeerKey,
        id: ProbeId,
        received_at: Instant,
    ) -> ReplyOutcome {
        let mut outcome = ReplyOutcome::Ignored;
        self.with(peer, received_at, |monitor| {
            outcome = monitor.handle_reply(id, received_at);
        });
        outcome
    }

    /// Records that probe `id` failed at once: the connection was refused or reset, or the reply
    /// was invalid. The probe is overdue from `now` on. Retries continue. Returns what became of the
    /// probe.
    pub fn handle_failure(
        &mut self,
        peer: PeerKey,
        id: ProbeId,
        failure: Failure,
        now: Instant,
    ) -> ProbeOutcome {
        let mut outcome = ProbeOutcome::Ignored;
        self.with(peer, now, |monitor| {
            outcome = monitor.handle_failure(id, failure, now);
        });
        outcome
    }

    /// Records that probe `id` could not be sent. This is a local fault and no evidence against the
    /// peer: the time until a probe can be sent is credited to the peer. Call this before the next
    /// drain. Returns what became of the probe.
    ///
    /// Where no probe could be sent for one bound (to within 1.024 ms where the bound is 35 minutes
    /// or more), nothing is known of any peer. One [`EventKind::Blind`](crate::EventKind::Blind)
    /// without a peer reports it. Every verdict then is [`Unknown`](crate::Verdict::Unknown) until
    /// the peer is heard, or has been silent for one bound since a probe that could be sent. Where
    /// only the probes to one peer cannot be sent, the event names that peer.
    pub fn handle_unsent(&mut self, peer: PeerKey, id: ProbeId, now: Instant) -> ProbeOutcome {
        let tried_at = self.slot(peer).map(|slot| slot.dormant.sent());
        let mut outcome = ProbeOutcome::Ignored;
        self.with(peer, now, |monitor| {
            outcome = monitor.handle_unsent(id, now);
        });
        if let Some(tried_at) = tried_at.filter(|_| outcome != ProbeOutcome::Ignored) {
            self.notice_failed_send(tried_at);
        }
        outcome
    }

    /// Records that replies were lost locally by `now`, such as by an overflow of the socket's
    /// receive buffer. Hand in first what did arrive.
    ///
    /// Silence before `now` is excused, silence after it is not. A probe that was sent before `now`
    /// and got no reply counts neither as lost nor as evidence. When it would become overdue, the
    /// peer is probed again, at the cost of a retry, or at the next steady probe where the budget
    /// allows no retry. The peer is called dead only once a probe sent after `now` got no reply
    /// within the timeout. So `Dead` comes at most one bound after the crash, or one interval and
    /// one timeout after the last overflow, whichever is later, plus the local lateness. That is
    /// never later than one bound after the last overflow.
    ///
    /// While every reply of a peer may have been lost in this way, the peer is neither suspected
    /// nor called dead, however long that takes: without replies, a live peer cannot be
    /// distinguished from a dead one. Takes O(1) time and no memory: each peer is excused when its
    /// next deadline comes.
    pub fn handle_overflow(&mut self, now: Instant) {
        self.schedule.look(now);
        self.counters.overflows += 1;
        self.lost_at = Some(self.schedule.now);
        self.verdicts.see_excuse(self.schedule.now);
    }

    /// Probes `peer` as soon as the timeout since the last probe has passed. Call this when
    /// something happened that makes an early reply useful.
    pub fn probe_now(&mut self, peer: PeerKey, now: Instant) {
        self.with(peer, now, |monitor| monitor.probe_now(now));
    }

    /// Wakes the monitor of `peer`, passes it to `call`, and stores it again.
    fn with(&mut self, peer: PeerKey, now: Instant, call: impl FnOnce(&mut Monitor<N, P>)) {
        self.schedule.look(now);
        let Some(slot) = self.slot(peer) else {
            self.counters.ignored += 1;
            return;
        };
        let mut monitor = self.wake(slot, peer);
        if now < self.schedule.now {
            // A monitor takes moments of the past from its caller too, but its clock has to follow
            // the fleet's.
            monitor.look(self.schedule.now);
        }
        call(&mut monitor);
        self.rest(peer, None, &mut monitor);
    }
}
