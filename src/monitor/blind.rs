//! Probes that cannot be sent: our fault, so that nothing is concluded from the silence, and after one bound nothing is known.

use crate::monitor::Monitor;
use crate::monitor::wakes::Wakes;
use crate::pacing::Pacing;
use crate::path::suspicion::SuspicionLevel;
use crate::peer::counters::one_more;
use crate::peer::outcome::ProbeOutcome;
use crate::peer::probe::{Fate, Probe, ProbeId};
use crate::peer::send_failures::SendFailures;
use crate::peer::verdict::Reason;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// Records that probe `id` could not be sent, which is a local fault and no evidence against the
    /// peer. Returns what became of it: `Unsent`, `AlreadyLost` or `Ignored`.
    ///
    /// The time from the moment at which it was to be sent until one can be counts as lateness: it extends the bound. The next try follows as a
    /// retry would, until as many failed as there are retries, and then a steady interval later. When none succeeded for one bound and
    /// nothing proved life, the verdict becomes [`Unknown`](crate::Verdict::Unknown) and an [`EventKind::Blind`](crate::EventKind::Blind) says so.
    ///
    /// How long the try took does not matter: it may be reported after the probe became overdue, and after other probes were sent. One that was
    /// counted as lost by then stays so.
    pub fn handle_unsent(&mut self, id: ProbeId, now: Instant) -> ProbeOutcome {
        self.look(now);
        let level = self.level_now();
        let outcome = match self.take(id, Fate::is_open, Fate::Unsent) {
            Some(probe) => self.unsent(&probe, level),
            None => self.ignore(),
        };
        self.settle();
        outcome
    }

    pub(super) fn unsent(&mut self, probe: &Probe, level: SuspicionLevel) -> ProbeOutcome {
        self.forgotten = self.forgotten.plus(level.less(self.level_now())); // it falls when that is known to be right, not before
        let mut outcome = ProbeOutcome::AlreadyLost;
        if probe.fate.is_outstanding() {
            one_more(&mut self.counters.unsent);
            outcome = ProbeOutcome::Unsent;
        }
        self.peer.unsent();
        match self.outstanding.sent_after(probe.sent, probe.count) {
            Some(next) => self.unsent_before(probe, next),
            None => self.fail_to_send(probe, self.sent),
        }
        self.reschedule();
        outcome
    }

    /// The next one was sent at `next`, and for all we know it was.
    fn unsent_before(&mut self, probe: &Probe, next: Instant) {
        let sent = probe.sent;
        if self.proof > sent {
            return; // the silence counts from a later one
        }
        self.peer.credit(next.since(sent), next);
        if self.outstanding.is_sent_since(next) {
            return;
        }
        self.fail_to_send(probe, self.clock.was_at(sent));
        if self.blind_at().is_some_and(|at| at <= next) {
            self.go_blind(next);
            self.peer.count_from(next);
        }
    }

    /// A send tried at `at` on the caller's clock failed. Those that failed before it are over if a probe since was sent, as every one is taken to be
    /// that nobody has denied: it need not be overdue.
    fn fail_to_send(&mut self, probe: &Probe, at: Instant) {
        if self
            .outstanding
            .is_sent_within(self.failures.since(), probe.sent)
        {
            self.failures = SendFailures::NONE;
        }
        if self.failures.fail(probe.sent) {
            self.failed_at = at;
        }
    }

    /// When nothing has been known of the peer for one bound, on observed time, if nothing can be sent until then.
    pub(super) fn blind_at(&self) -> Option<Instant> {
        let from = self.failures.blind_from(self.peer.mark())?;
        Some(from.plus(self.peer.plan().bound_us()))
    }

    /// Nothing could be sent up to `until` on observed time, for one bound.
    pub(super) fn go_blind(&mut self, until: Instant) {
        let (before, level) = (self.peer.verdict(), self.level_now());
        self.end_thinned(0);
        self.outstanding.void_those(|probe| probe.sent < until);
        self.wakes = Wakes::NONE;
        self.forgotten = SuspicionLevel::ZERO;
        self.peer.forget_peer(Reason::Blind);
        one_more(&mut self.counters.blind);
        self.announce(before, level);
        self.failures.tell();
        self.pending.blind();
        self.reschedule();
    }
}

#[cfg(test)]
mod tests;
