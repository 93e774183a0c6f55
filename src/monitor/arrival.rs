//! What arrives: replies, other traffic, failures, probes that could not be sent.

use core::time::Duration;

use crate::monitor::Monitor;
use crate::pacing::{Answer, Pacing};
use crate::probe::{Fate, Label, Probe, ProbeId};
use crate::snapshot::one_more;
use crate::suspicion::SuspicionLevel;
use crate::time::{Instant, micros, saturate};
use crate::verdict::{Failure, Verdict};
use crate::wide;

/// Of eight steady probes, what arrives may put off seven.
const PUT_OFF: u64 = 8;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// The reply to probe `id` arrived at `received_at`: the moment the network stack names, or that of reading it.
    pub fn handle_reply(&mut self, id: ProbeId, received_at: Instant) {
        self.handle_reply_with(id, received_at, Duration::ZERO);
    }

    /// The same, where the peer says that it held the probe for `server_delay`, which is not the path's doing.
    #[inline(never)]
    pub fn handle_reply_with(&mut self, id: ProbeId, received_at: Instant, server_delay: Duration) {
        self.look(received_at);
        match Label::open(id, self.key.0, self.watch.seen()) {
            Some(label) if label.incarnation == self.incarnation => {
                self.hear(label, received_at, micros(server_delay));
            }
            _ => self.ignore(),
        }
        self.settle();
    }

    pub(super) fn hear(&mut self, label: Label, received_at: Instant, server_delay_us: u64) {
        let age = self.watch.seen_at(received_at).since(label.sent);
        // A duplicate of an answered one, unless it is newer than all that were answered. An id whose time has wrapped,
        // after 12.7 days, passes for newer; it cannot pass for forgotten.
        let known = self.outstanding.find(label);
        let fate = match known.map(|probe| core::mem::replace(&mut probe.fate, Fate::Settled)) {
            Some(fate) => fate,
            None if label.sent > self.proof && self.outstanding.may_have_forgotten(label.sent) => {
                Fate::Overdue
            }
            None => Fate::Settled,
        };
        if fate == Fate::Settled {
            return self.ignore();
        }
        let timed = matches!(fate, Fate::Waiting | Fate::Overdue);
        let rtt_us = timed.then(|| saturate(wide::minus(age, server_delay_us)));
        self.answered(label.sent, rtt_us, fate == Fate::Overdue);
        self.prove(label.sent, true);
    }

    /// A reply that does not say which probe it answers arrived: it is taken for that to the oldest one, and is a sample only where that is
    /// the only one; where there are more, nothing is concluded from the others.
    pub fn handle_reply_any(&mut self, received_at: Instant) {
        self.look(received_at);
        let age_of = self.watch.seen_at(received_at);
        match self.outstanding.oldest_since(self.proof) {
            Some((probe, only)) => {
                let sent = probe.sent;
                let late = core::mem::replace(&mut probe.fate, Fate::Settled) == Fate::Overdue;
                if !only {
                    self.outstanding.void_all(); // or else one lost probe would make every later reply look late
                }
                self.answered(sent, only.then(|| saturate(age_of.since(sent))), late);
                self.prove(sent, only);
            }
            None => self.ignore(),
        }
        self.settle();
    }

    /// Something else arrived from the peer. It proves life, as of one round-trip time ago, and puts off the next probe, though at most
    /// seven in eight, so that the round-trip time stays measured; under a [`Lifetime`](crate::pacing::Lifetime) it puts off nothing unless it
    /// [refreshes the flow](crate::pacing::Reach::refreshed_by_traffic). What is *sent* to the peer proves nothing: do not report it.
    pub fn handle_traffic(&mut self, received_at: Instant) {
        self.look(received_at);
        let smoothed = u64::from(self.pulse.statistics().rtt.smoothed_us());
        let arrived_at = self.watch.seen_at(received_at);
        self.pulse.traffic(arrived_at);
        self.prove(arrived_at.minus(smoothed), false);
        self.put_off(received_at);
        self.settle();
    }

    pub(super) fn put_off(&mut self, received_at: Instant) {
        let interval = self.pulse.interval_us();
        if self.pulse.yields_to_traffic()
            && self.pulse.verdict() == Verdict::Alive
            && self.counters.probes > 0
        {
            let last = self.sent.plus(interval.saturating_mul(PUT_OFF));
            self.next = self
                .next
                .max(received_at.min(self.watch.now()).plus(interval).min(last));
        }
    }

    /// Probe `id` failed at once: refused, reset, answered with garbage. It is overdue from `now` on; retries go on.
    pub fn handle_failure(&mut self, id: ProbeId, failure: Failure, now: Instant) {
        self.look(now);
        match self.take(id) {
            Some(probe) => {
                one_more(&mut self.counters.failed);
                self.last_failure = Some(failure);
                self.fail(probe, failure);
            }
            None => self.ignore(),
        }
        self.settle();
    }

    pub(super) fn fail(&mut self, probe: Probe, failure: Failure) {
        let label = Label {
            sent: probe.sent,
            count: probe.count,
            incarnation: self.incarnation,
        };
        self.miss(probe.sent, Some(failure));
        if let Some(slot) = self.outstanding.find(label) {
            slot.fate = Fate::Failed;
        }
    }

    /// Probe `id` could not be sent, which is our fault and no evidence: time stands still for the verdict until the next one is.
    pub fn handle_unsent(&mut self, id: ProbeId, now: Instant) {
        self.look(now);
        match self.take(id) {
            Some(_) => {
                self.counters.probes = self.counters.probes.saturating_sub(1);
                one_more(&mut self.counters.unsent);
                self.watch.stop();
                self.pull_forward();
            }
            None => self.ignore(),
        }
        self.settle();
    }

    /// Takes a waiting probe out, so that nothing more is expected of it.
    pub(super) fn take(&mut self, id: ProbeId) -> Option<Probe> {
        let label = Label::open(id, self.key.0, self.watch.seen())?;
        let of_now = label.incarnation == self.incarnation;
        let probe = self
            .outstanding
            .find(label)
            .filter(|probe| of_now && probe.fate == Fate::Waiting)?;
        probe.fate = Fate::Void;
        Some(*probe)
    }

    pub(super) const fn ignore(&mut self) {
        one_more(&mut self.counters.ignored);
    }

    pub(super) fn answered(&mut self, sent: Instant, rtt_us: Option<u32>, late: bool) {
        one_more(&mut self.counters.answered);
        if late {
            one_more(&mut self.counters.late);
            self.counters.lost = self.counters.lost.saturating_sub(1);
        }
        let now = self.watch.seen();
        let fresh = self.pulse.is_fresh(now.since(sent));
        self.proof = self.proof.max(sent);
        self.pulse.learn(&Answer { sent, now, rtt_us }, late);
        self.loosen();
        if !fresh {
            one_more(&mut self.counters.stale);
            self.pull_forward();
        }
    }

    /// The peer was alive at `alive_at`, on observed time, if that is not too long ago.
    pub(super) fn prove(&mut self, alive_at: Instant, certain: bool) {
        let seen = self.watch.seen();
        if !self.pulse.is_fresh(seen.since(alive_at)) {
            return;
        }
        let before = self.pulse.verdict();
        let level = self.level_now();
        self.proof = self.proof.max(alive_at);
        self.late_us = 0;
        self.pulse.prove(alive_at, seen, certain);
        self.announce(before, level);
        if self.pulse.verdict() == Verdict::Alive {
            self.forgotten = SuspicionLevel::ZERO;
        }
        self.reschedule();
    }
}
