//! Freshness by the silence since the last arrival, the frame that accrual detectors share.

use super::Freshness;
use crate::Answer;
use crate::time::MicrosExt as _;
use systole::Instant;

/// The rule for how long a silence may last, in which the accrual detectors differ.
pub trait Silence: Clone {
    /// Returns the longest silence, counted from the last arrival, before the peer is called Dead,
    /// in microseconds.
    fn timeout_us(&self) -> u64;

    /// Learns from the gap between two arrivals. `fresh` states that the peer was not called Dead
    /// in between.
    fn learn(&mut self, gap_us: u64, fresh: bool);
}

/// Fresh after each arrival for as long as the rule says.
#[derive(Clone, Debug)]
pub struct SinceArrival<S> {
    last: Option<Instant>,
    rule: S,
}

impl<S: Silence> SinceArrival<S> {
    /// Returns freshness by this rule, before the first arrival.
    pub const fn new(rule: S) -> Self {
        Self { last: None, rule }
    }
}

impl<S: Silence> Freshness for SinceArrival<S> {
    fn first(&self, start: Instant) -> Instant {
        start.plus(self.rule.timeout_us())
    }

    fn after(&mut self, answer: &Answer, fresh_until: Instant) -> Option<Instant> {
        if let Some(last) = self.last.replace(answer.at) {
            let fresh = answer.at < fresh_until;
            self.rule.learn(answer.at.since(last), fresh);
        }
        Some(answer.at.plus(self.rule.timeout_us()))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// A rule that waits ten seconds and records what it learns.
    #[derive(Clone)]
    struct Scribe(Vec<(u64, bool)>);

    impl Silence for Scribe {
        fn timeout_us(&self) -> u64 {
            10_000_000
        }

        fn learn(&mut self, gap_us: u64, fresh: bool) {
            self.0.push((gap_us / 1_000_000, fresh));
        }
    }

    #[test]
    fn gaps_are_learnt_from_the_second_arrival_on_whatever_the_round_trip() {
        let mut rule = SinceArrival::new(Scribe(Vec::new()));
        let mut fresh_until = rule.first(Instant::ZERO);
        for (sent, at) in [(0, 1), (1, 4), (5, 20)] {
            let [sent, at] = [sent, at].map(Instant::from_secs);
            let answer = Answer { id: 0, sent, at };
            fresh_until = rule.after(&answer, fresh_until).unwrap();
        }
        assert_eq!(fresh_until, Instant::from_secs(30));
        assert_eq!(rule.rule.0, [(3, true), (16, false)]);
    }
}
