//! What arrives for a fleet.

use super::{Fleet, PeerKey};
use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::probe::ProbeId;
use crate::peer::verdict::Failure;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Fleet<N, P> {
    /// The reply of `peer` to probe `id` arrived at `received_at`. Check first that it came from the peer's address: anybody may send its key.
    ///
    /// The round trip is measured on the time in which somebody looked: without what we were late while the probe was under way.
    pub fn handle_reply(&mut self, peer: PeerKey, id: ProbeId, received_at: Instant) {
        self.with(peer, received_at, |monitor| {
            monitor.handle_reply(id, received_at);
        });
    }

    /// Probe `id` failed at once: refused, reset, answered with garbage. It is overdue from `now` on; retries go on.
    pub fn handle_failure(&mut self, peer: PeerKey, id: ProbeId, failure: Failure, now: Instant) {
        self.with(peer, now, |monitor| {
            monitor.handle_failure(id, failure, now);
        });
    }

    /// Probe `id` could not be sent, which is our fault and no evidence against the peer: the time until one can be is credited to it. Say so before the next
    /// drain.
    ///
    /// Where no probe could be sent for one bound (to 1.024 ms where that is 35 minutes or more), nothing is
    /// known of any peer: one [`EventKind::Blind`](crate::EventKind::Blind) without a peer says so,
    /// and every verdict is [`Unknown`](crate::Verdict::Unknown) until its peer is heard, or silent for the bound from a probe that could be sent. Where
    /// probes to one peer alone cannot be sent, the event names it.
    pub fn handle_unsent(&mut self, peer: PeerKey, id: ProbeId, now: Instant) {
        let tried_at = self.slot(peer).map(|slot| slot.dormant.sent());
        let mut was_tried = false;
        self.with(peer, now, |monitor| was_tried = monitor.deny(id, now));
        if let Some(tried_at) = tried_at.filter(|_| was_tried) {
            self.notice_failed_send(tried_at);
        }
    }

    /// Replies were lost on our side by `now`, such as by an overflow of the socket's receive buffer. Hand in first what did arrive.
    ///
    /// That excuses silence before `now` and none after it. A probe sent before and not answered is neither lost nor evidence: when it
    /// would be overdue the peer is asked again, at the cost of a retry, or in its turn where the budget
    /// has none; and a peer is called dead only once a probe sent since has gone unanswered for the
    /// timeout. So `Dead` comes at most the bound after the crash, or the interval and the timeout after the last overflow,
    /// whichever is later, plus our lateness; that is never later than the bound after the last overflow.
    ///
    /// A peer whose every reply may have been lost so is neither suspected nor called dead, however long that goes on: only a live one can be told from a dead one
    /// while replies come through. O(1), and no memory: each peer is excused when something of it is due.
    pub const fn handle_overflow(&mut self, now: Instant) {
        self.look(now);
        self.counters.overflows += 1;
        self.lost_at = Some(self.now);
    }

    /// Probe `peer` as soon as the timeout since the last probe allows: something happened that makes an answer worth having.
    pub fn probe_now(&mut self, peer: PeerKey, now: Instant) {
        self.with(peer, now, |monitor| monitor.probe_now(now));
    }

    fn with(&mut self, peer: PeerKey, now: Instant, call: impl FnOnce(&mut Monitor<N, P>)) {
        self.look(now);
        let Some(slot) = self.slot(peer) else {
            self.counters.ignored += 1;
            return;
        };
        let mut monitor = self.wake(slot, peer);
        if now < self.now {
            monitor.look(self.now); // it is told of the past
        }
        call(&mut monitor);
        self.rest(peer, None, &mut monitor);
    }
}
