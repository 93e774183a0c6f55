//! Probes at a fixed interval with a verdict by freshness points, the frame that most published
//! detectors share.

use super::trust::Trust;
use crate::time::MicrosExt as _;
use crate::{Action, Answer, Detector};
use systole::Instant;

/// The rule for how long a reply keeps the peer trusted, in which the published detectors differ.
pub trait Freshness: Clone {
    /// Returns the freshness point before any reply, for a detector that starts at `start`.
    fn first(&self, start: Instant) -> Instant;

    /// Returns the freshness point after this reply, or `None` if it does not change. `fresh_until`
    /// is the current one.
    fn after(&mut self, answer: &Answer, fresh_until: Instant) -> Option<Instant>;
}

/// A probe every interval; Dead from the freshness point on, until a reply moves that point into
/// the future.
///
/// Probe ids are sequence numbers from 0, so probe i is sent at start + i * interval.
#[derive(Clone, Debug)]
pub struct Periodic<F> {
    interval_us: u64,
    next: Instant,
    id: u64,
    trust: Trust,
    rule: F,
}

impl<F: Freshness> Periodic<F> {
    /// Returns a detector that sends its first probe at `start`. An interval of 0 counts as one
    /// microsecond.
    pub fn new(interval_us: u64, start: Instant, rule: F) -> Self {
        let trust = Trust::new(rule.first(start));
        Self {
            interval_us: interval_us.max(1),
            next: start,
            id: 0,
            trust,
            rule,
        }
    }

    fn send(&mut self) -> Action {
        let id = self.id;
        self.id += 1;
        self.next = self.next.plus(self.interval_us);
        Action::Probe(id)
    }
}

impl<F: Freshness> Detector for Periodic<F> {
    fn poll(&mut self, now: Instant) -> Action {
        if let Some(turn) = self.trust.turn(now) {
            return turn;
        }
        if now >= self.next {
            return self.send();
        }
        Action::Wait(self.next.min(self.trust.deadline()))
    }

    fn on_answer(&mut self, answer: &Answer) {
        if let Some(until) = self.rule.after(answer, self.trust.until) {
            self.trust.until = until;
        }
    }
}
