//! Retries within a budget.

use super::claim::Claim;
use crate::config::RetryBudget;
use crate::math::saturating;
use crate::monitor::Monitor;
use crate::output::Output;
use crate::pacing::Pacing;
use crate::peer::counters::one_more;
use crate::peer::probe::ProbeId;
use crate::time::Instant;

/// A retry that is refused again and again is asked for ever less often: an interval may be thousands
/// of timeouts, and each question wakes whoever polls.
const PATIENCE_SHIFT: u32 = 2;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// [`poll`](Self::poll), with retries held to `budget`, which any number of monitors may share.
    pub fn poll_with_budget(&mut self, now: Instant, budget: &RetryBudget) -> Output<ProbeId> {
        self.poll_with(now, Some(budget))
    }

    /// Whether the probe that is due may be sent. A retry that is not granted is asked for again a timeout later, and has its turn on the
    /// steady schedule at last.
    pub(super) fn is_granted(&mut self, budget: Option<&RetryBudget>) -> bool {
        let Some(budget) = budget else {
            return true;
        };
        let steady = self.sent.plus(self.peer.interval_us());
        let is_retry = match self.claim {
            Claim::Usual => self.peer.in_doubt(),
            Claim::Exempt => false,
            Claim::Retry => true,
        };
        if !is_retry || steady <= self.clock.now() {
            budget.earn();
            return true;
        }
        self.is_paid(budget, steady)
    }

    /// Takes a retry out of `budget`, or puts it off: where the peer is in doubt by a timeout, or by a
    /// quarter of the time since the last probe, and in any case to its `turn` at last.
    pub(super) fn is_paid(&mut self, budget: &RetryBudget, turn: Instant) -> bool {
        if budget.spend() {
            one_more(&mut self.counters.budgeted);
            return true;
        }
        self.next = turn;
        if self.peer.in_doubt() {
            let now = self.clock.now();
            let timeout_us = u64::from(self.peer.plan().timeout_us());
            let again_us = saturating::max(timeout_us, now.since(self.sent) >> PATIENCE_SHIFT);
            self.next = turn.min(now.plus(again_us));
        }
        self.claim = Claim::Retry;
        false
    }
}

#[cfg(test)]
mod tests;
