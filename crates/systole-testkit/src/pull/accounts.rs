//! Counters against what really happened.

use systole::peer::Counters;

use crate::world::{Law, Violation};

use super::ledger::Ledger;

/// What was handed in.
#[derive(Debug, Default)]
pub struct Accounts {
    /// Handed in as unsent.
    pub unsent: u64,
    /// Replies, whatever they answer.
    pub replies: u64,
    /// Failures.
    pub failures: u64,
    /// Of them, the first to a probe, void or not.
    pub failed: u64,
    /// First replies that were not to another incarnation.
    pub answered: u64,
    /// What sends took, in all.
    pub busy_us: u64,
    before: Option<Counters>,
}

impl Accounts {
    /// Compares `counters` with the truth; a probe is waited for `longest_us` at the most.
    ///
    /// # Errors
    /// Where they differ.
    pub fn check(
        &mut self,
        counters: Counters,
        ledger: &Ledger,
        ids: bool,
        longest_us: u64,
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
        if u64::from(counters.probes) != ledger.probes.len() as u64 {
            return broken("the counter of probes is wrong");
        }
        // "where that was said before they were overdue"
        if u64::from(counters.unsent) > self.unsent {
            return broken("the counter of unsent probes is wrong");
        }
        if u64::from(counters.failed) > self.failed {
            return broken("the counter of failed probes is wrong");
        }
        let replies = u64::from(counters.answered) + u64::from(counters.late);
        if ids && replies > self.answered {
            return broken("more answers are counted than there were");
        }
        // "every reply counts as `answered`, `late` or `ignored`"; so do failures of unknown probes
        let handed_in = replies + u64::from(counters.ignored);
        let others = self.failures + self.unsent;
        if !(self.replies..=self.replies + others).contains(&handed_in) {
            return broken("a reply is counted twice, or not at all");
        }
        if !is_balanced(&counters) {
            return broken("a probe is counted twice, or not at all");
        }
        let outstanding = u64::from(counters.outstanding());
        if outstanding > 8 && outstanding > ledger.may_be_outstanding(longest_us) {
            return broken("probes are outstanding for ever");
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

/// "Every probe that was handed out is outstanding until it is counted once more."
const fn is_balanced(it: &Counters) -> bool {
    let ended = it.answered as u64 + it.lost as u64 + it.failed as u64;
    let ended = ended + it.unsent as u64 + it.abandoned as u64;
    ended + it.outstanding() as u64 == it.probes as u64
}

/// "No counter ever falls."
fn falls(before: &Counters, now: &Counters) -> bool {
    let figures = |it: &Counters| {
        [
            it.probes,
            it.answered,
            it.lost,
            it.late,
            it.stale,
            it.ignored,
            it.failed,
            it.unsent,
            it.abandoned,
            it.blind,
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
