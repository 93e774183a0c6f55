//! Replies that were lost on our side: what they may have said is not held against the peer.

use crate::config::RetryBudget;
use crate::monitor::Monitor;
use crate::monitor::claim::Claim;
use crate::output::Output;
use crate::pacing::Pacing;
use crate::peer::probe::Probe;
use crate::peer::probe::ProbeId;
use crate::peer::verdict::Verdict;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// [`poll_with_budget`](Self::poll_with_budget), where replies were last lost on our side at `lost_at`, on the caller's clock.
    ///
    /// A probe sent before that is neither lost nor evidence, and `Dead` needs one sent since to be overdue: that ends an excuse, whatever the lateness. Nothing is
    /// remembered for it, as the moment of the last send tells whether there has been one.
    pub(crate) fn poll_after_overflow(
        &mut self,
        now: Instant,
        lost_at: Instant,
        budget: &RetryBudget,
    ) -> Output<ProbeId> {
        self.look(now);
        if self.sent < lost_at && self.is_due() && self.excuse(budget) {
            let output = Output::Send(self.send());
            self.settle();
            return output;
        }
        self.poll_with(now, Some(budget))
    }

    /// Whether there is a probe to send, to call overdue, or a verdict to reach.
    fn is_due(&self) -> bool {
        let seen = self.clock.seen();
        self.next <= self.clock.now() || self.is_to_turn() || self.outstanding.is_any_overdue(seen)
    }

    /// Holds nothing that is under way against the peer; returns whether it is to be asked again now, out of turn.
    fn excuse(&mut self, budget: &RetryBudget) -> bool {
        let asks_again = self.asks_again(budget);
        self.peer.void();
        self.excuse_those_under_way();
        self.excused = true;
        asks_again
    }

    /// Whether a peer that is not doubted is asked again before its turn. In an episode retries do that, and the schedule where nothing can be sent.
    fn asks_again(&mut self, budget: &RetryBudget) -> bool {
        let now = self.clock.now();
        let is_doubted = self.peer.verdict() == Verdict::Dead || self.peer.in_episode();
        if is_doubted || self.next <= now || self.outstanding.failed_send().is_some() {
            return false;
        }
        if self.soonest() > now {
            self.pull_forward();
            self.claim = Claim::Retry;
            return false;
        }
        self.is_paid(budget, self.next)
    }

    fn excuse_those_under_way(&mut self) {
        let seen = self.clock.seen();
        let probes = self.outstanding.clone();
        for probe in probes.iter() {
            if !self.is_evidence(probe) {
                continue;
            }
            self.forgotten = self.forgotten.plus(self.evidence(probe, seen));
        }
        self.outstanding.excuse_all();
    }

    pub(super) const fn end_excuse(&mut self) {
        self.excused = false;
    }

    /// `dead_at`, or while replies may have been lost on our side when the first probe sent since has been overdue for a microsecond, where that is
    /// later: suspicion comes before death.
    pub(super) fn after_excuse(&self, dead_at: Instant) -> Instant {
        if !self.excused {
            return dead_at;
        }
        let mut evidence = self
            .outstanding
            .iter()
            .filter(|probe| self.is_evidence(probe));
        let overdue_at = evidence.next().map_or(Instant::MAX, Probe::overdue_at);
        dead_at.max(overdue_at.plus(1))
    }
}
