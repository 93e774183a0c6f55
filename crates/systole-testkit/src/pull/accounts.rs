//! Counters against what really happened.

use systole::Counters;

use crate::world::{Law, Violation};

use super::ledger::Ledger;

/// What was handed in.
#[derive(Debug, Default)]
pub struct Accounts {
    /// Sent probes that were not settled nor void, for an upper limit.
    pub sent: u64,
    /// Handed in as unsent.
    pub unsent: u64,
    /// First failures.
    pub failed: u64,
    /// First replies that were not void.
    pub answered: u64,
    /// What sends took, in all.
    pub busy_us: u64,
    before: Option<Counters>,
}

impl Accounts {
    /// Compares `counters` with the truth.
    ///
    /// # Errors
    /// Where they differ.
    pub fn check(
        &mut self,
        counters: Counters,
        ledger: &Ledger,
        ids: bool,
    ) -> Result<(), Violation> {
        let broken = |kind| {
            let detail = format!("{counters:?}, truth {self:?}");
            Err(Violation::new(
                Law::Accounts,
                kind,
                ledger.now().at_us,
                detail,
            ))
        };
        if u64::from(counters.probes) != self.sent {
            return broken("the counter of probes is wrong");
        }
        if u64::from(counters.unsent) != self.unsent {
            return broken("the counter of unsent probes is wrong");
        }
        if u64::from(counters.failed) > self.failed {
            return broken("the counter of failed probes is wrong");
        }
        if ids && u64::from(counters.answered) > self.answered {
            return broken("more answers are counted than there were");
        }
        if counters.answered.saturating_add(counters.lost) > counters.probes {
            return broken("answered and lost are more than sent");
        }
        // what a send takes may be counted, too: nobody looked meanwhile
        if counters.lateness_us > ledger.late_us + self.busy_us {
            return broken("more lateness is counted than there was");
        }
        if counters.refuted + counters.recovered + counters.undecided > counters.dead {
            return broken("more returns than deaths");
        }
        if self
            .before
            .as_ref()
            .is_some_and(|before| falls(before, &counters))
        {
            return broken("a counter falls");
        }
        self.before = Some(counters);
        Ok(())
    }
}

/// "a late reply takes one back" of `lost`, and a probe that could not be sent one of `probes`.
fn falls(before: &Counters, now: &Counters) -> bool {
    let figures = |it: &Counters| {
        [
            it.answered,
            it.late,
            it.stale,
            it.ignored,
            it.failed,
            it.unsent,
            it.budgeted,
            it.suspect,
            it.dead,
            it.refuted,
            it.recovered,
            it.undecided,
            it.pauses,
            it.worst_detection_ms,
        ]
    };
    let pairs = figures(before).into_iter().zip(figures(now));
    pairs.into_iter().any(|(before, now)| now < before) || now.lateness_us < before.lateness_us
}
