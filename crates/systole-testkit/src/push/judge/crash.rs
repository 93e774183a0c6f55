//! When a crash has to be found.

use systole::Verdict;

use super::{Moment, RESUMED_BOUNDS};
use crate::push::oracle::{Judged, Oracle};
use crate::world::{Journal, Kind, Law};

impl Oracle<'_> {
    /// A crash is found within the bound, the delay of the newest beat and our own lateness.
    pub fn judge_detection(&self, at: Moment, journal: &mut Journal) -> Judged {
        let found = matches!(self.machine.verdict(), Verdict::Dead | Verdict::Left);
        let waits = !found && !self.goodbye;
        let Some(down_since_us) = self.truth.down_since_us.filter(|_| waits) else {
            return Ok(());
        };
        journal.coverage.saw("waited for a crash to be found");
        let excused_us = self.lateness_us.saturating_add(self.leapt_back_us(at));
        let limit_us = self.limit_us(down_since_us).saturating_add(excused_us);
        let kind = if self.resumed_us.is_some() {
            "a crash is not found, as we say that we were suspended"
        } else if self.truth.newest.is_none() {
            "a peer that was never heard is not dead in time"
        } else {
            "a crash is not found in time"
        };
        self.check(at.shown.as_micros() <= limit_us, Law::Detection, kind, at)
    }

    /// What our clock shows when a crash at `down_since_us` has to be found, polled on time.
    fn limit_us(&self, down_since_us: u64) -> u64 {
        let bounds = if self.resumed_us.is_some() {
            RESUMED_BOUNDS
        } else {
            1
        };
        let (from_us, bound_us) = match self.truth.newest_delay_us() {
            Some(delay_us) => (down_since_us.saturating_add(delay_us), self.most_bound_us),
            None => (0, self.plan.settings.first_within_us()),
        };
        let from_us = self.clock.read(from_us).as_micros();
        from_us.saturating_add(bound_us.saturating_mul(bounds))
    }

    /// By how much our clock leapt back, by which time stood still: "time running backwards reads
    /// as no time passed".
    fn leapt_back_us(&self, at: Moment) -> u64 {
        let leaps = self
            .plan
            .incidents
            .0
            .iter()
            .filter(|it| it.from_us <= at.us);
        let back = leaps.map(|it| match it.kind {
            Kind::ClockStep { by_us, .. } => by_us.unsigned_abs(),
            _ => 0,
        });
        back.sum()
    }

    /// The time in which nobody looked any more is lateness, too.
    pub fn at_the_end(&mut self, at_us: u64, journal: &mut Journal) -> Judged {
        self.count_lateness(self.clock.read(at_us), journal);
        self.judge_detection(self.moment(at_us), journal)
    }
}
