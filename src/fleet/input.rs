//! What arrives for a fleet.

use super::{Fleet, PeerKey};
use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::probe::ProbeId;
use crate::time::Instant;
use crate::verdict::Failure;

impl<const N: usize, P: Pacing> Fleet<N, P> {
    /// The reply of `peer` to probe `id` arrived at `received_at`. Check first that it came from the peer's address: anybody may send its key.
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

    /// Probe `id` could not be sent, which is our fault and no evidence: time stands still for the verdict until the next one is.
    pub fn handle_unsent(&mut self, peer: PeerKey, id: ProbeId, now: Instant) {
        self.with(peer, now, |monitor| monitor.handle_unsent(id, now));
    }

    /// Answers were lost on our side until `now`, such as by an overflow of the socket's receive buffer. No probe that was sent by then and has no answer
    /// is evidence: its peer is asked again, and has time for an answer before any verdict. Hand in what did arrive before.
    ///
    /// O(1). Each peer is excused when it would have been suspected. While answers keep being lost, nobody who does not answer is called dead.
    pub fn handle_overflow(&mut self, now: Instant) {
        self.look(now);
        self.counters.overflows += 1;
        self.deaf = Some(self.now);
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
        let mut monitor = self.wake(&slot.dormant, peer, now);
        if now < self.now {
            monitor.look(self.now); // it is told of the past
        }
        call(&mut monitor);
        self.rest(peer, &mut monitor);
    }
}
