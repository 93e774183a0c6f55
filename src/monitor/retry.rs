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
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::config::Config;
    use crate::peer::probe::ProbeId;

    /// At 10 s, when its second probe goes out; the first one was answered.
    fn monitor() -> (Monitor<8>, Instant) {
        let config = Config::every(Duration::from_secs(10))
            .jitter_percent(0)
            .seed(7)
            .without_initial_delay()
            .build()
            .unwrap();
        let now = Instant::from_secs(10);
        let mut monitor = Monitor::with_window(config, Instant::ZERO).unwrap();
        let first = drained(&mut monitor, Instant::ZERO, None).0.unwrap();
        monitor.handle_reply(first, Instant::from_millis(20));
        assert!(drained(&mut monitor, now, None).0.is_some());
        (monitor, now)
    }

    fn drained(
        monitor: &mut Monitor<8>,
        now: Instant,
        lost_at: Option<Instant>,
    ) -> (Option<ProbeId>, Instant) {
        let (budget, mut probe) = (RetryBudget::new(0, 0), None);
        loop {
            let output = match lost_at {
                #[cfg(feature = "alloc")]
                Some(lost_at) => monitor.poll_after_overflow(now, lost_at, &budget),
                _ => monitor.poll_with_budget(now, &budget),
            };
            match output {
                Output::Send(id) => probe = Some(id),
                Output::Event(_) => {}
                Output::Wait(until) => return (probe, until),
                Output::Idle => return (probe, Instant::MAX),
            }
        }
    }

    #[test]
    fn a_refused_retry_stays_where_it_is_whoever_calls_for_it() {
        let (mut monitor, mut now) = monitor();
        let dead_at = monitor.falls_at().unwrap();
        let until = |monitor: &mut Monitor<8>, now| drained(monitor, now, None).1;
        now = until(&mut monitor, now); // overdue, and refused
        while monitor.peer.in_doubt() || now < dead_at {
            let wait = until(&mut monitor, now);
            if monitor.peer.in_doubt() {
                assert!(!monitor.hurry(now), "at {now:?}");
            }
            assert_eq!(until(&mut monitor, now), wait);
            now = wait;
        }
        assert_eq!((monitor.counters.dead, now >= dead_at), (1, true));
        assert_eq!(monitor.counters.lateness_us, 0);
    }

    /// It is out of turn, so the budget has a say in it, at once and later.
    #[cfg(feature = "alloc")]
    #[test]
    fn after_an_overflow_a_budget_of_nothing_leaves_the_steady_probes() {
        let (mut monitor, mut now) = monitor();
        let lost_at = now.plus(1);
        let next = now.plus(10_000_000);
        loop {
            let (probe, until) = drained(&mut monitor, now, Some(lost_at));
            assert_eq!(probe.is_some(), now >= next, "at {now:?}");
            if now >= next {
                return;
            }
            now = until;
        }
    }
}
