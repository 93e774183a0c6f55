//! Retries within a budget.

use crate::budget::RetryBudget;
use crate::monitor::{Monitor, Output};
use crate::pacing::Pacing;
use crate::snapshot::one_more;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// [`poll`](Self::poll), with retries held to `budget`, which any number of monitors may share.
    pub fn poll_within(&mut self, now: Instant, budget: &RetryBudget) -> Output {
        self.poll_with(now, Some(budget))
    }

    /// Whether the probe that is due may be sent. A retry that is not granted is asked for again a timeout later, and has its turn on the
    /// steady schedule at last.
    pub(super) fn is_granted(&mut self, budget: Option<&RetryBudget>) -> bool {
        let Some(budget) = budget else {
            return true;
        };
        let steady = self.sent.plus(self.pulse.interval_us());
        if self.called_for || !self.pulse.in_doubt() || steady <= self.watch.now() {
            budget.earn();
            return true;
        }
        if budget.spend() {
            one_more(&mut self.counters.budgeted);
            return true;
        }
        let timeout_us = u64::from(self.pulse.plan().timeout_us());
        self.next = steady.min(self.watch.now().plus(timeout_us));
        false
    }
}
