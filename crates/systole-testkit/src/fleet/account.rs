//! Counters and events against what was done.

use systole::{
    Verdict,
    fleet::{self, Census},
};

use super::truth::Truth;
use crate::world::{Law, Violation};

/// What we did and were told, to be compared with what the fleet counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account {
    /// Probes that it handed out.
    pub probes: u64,
    /// Of these, those that we said could not be sent.
    pub unsent: u64,
    /// Replies that we handed in.
    pub replies: u64,
    /// Failed and unsent probes that we handed in: unknown ones may count as ignored.
    pub failures: u64,
    /// Overflows that we told.
    pub overflows: u64,
    /// Verdicts that it told.
    pub suspect: u64,
    /// Likewise.
    pub dead: u64,
    /// Ends of `Dead` that it told.
    pub revived: u64,
    /// Pauses that it told.
    pub pauses: u64,
    /// Whether events were lost because there were more than are kept.
    pub has_gap: bool,
    /// What it counted when it was judged last.
    before: fleet::Counters,
}

impl Account {
    /// Compares with what the fleet counts, of whose peers so many are `dead` now.
    pub fn judge(&mut self, it: &fleet::Counters, dead: u64, now_us: u64) -> Result<(), Violation> {
        let before = core::mem::replace(&mut self.before, *it);
        let same = |counted: u64, true_count: u64, kind| {
            let detail = format!("{counted} counted, {true_count} in truth: {it:?}");
            let broken = Violation::new(Law::Accounts, kind, now_us, detail);
            (counted == true_count).then_some(()).ok_or(broken)
        };
        same(it.probes, self.probes, "probes are miscounted")?;
        // "where that was said before they were overdue", or given up
        let unsent = self.unsent.min(it.unsent);
        same(it.unsent, unsent, "unsent probes are miscounted")?;
        // "every reply counts as `answered`, `late` or `ignored`"
        let handed_in = it.answered + it.late + it.ignored;
        let replies = handed_in.clamp(self.replies, self.replies + self.failures);
        same(handed_in, replies, "replies are miscounted")?;
        same(it.overflows, self.overflows, "overflows are miscounted")?;
        if !self.has_gap {
            same(it.suspect, self.suspect, "suspicions are miscounted")?;
            same(it.dead, self.dead, "deaths are miscounted")?;
            let revived = it.refuted + it.recovered + it.undecided;
            same(revived, self.revived, "revivals are miscounted")?;
            same(it.pauses, self.pauses, "pauses are miscounted")?;
        }
        let broken = |kind| {
            let detail = format!("{before:?}\n{it:?}");
            Err(Violation::new(Law::Accounts, kind, now_us, detail))
        };
        let ended = it.answered + it.lost + it.failed + it.unsent + it.abandoned;
        if ended + it.outstanding() != it.probes {
            return broken("a probe is counted twice, or not at all");
        }
        // "counts as none of the three": whatever ends `Dead`, it is counted once at most
        if it.refuted + it.recovered + it.undecided + dead > it.dead {
            return broken("more deaths ended or last than there were");
        }
        if falls(&before, it) {
            return broken("a counter falls");
        }
        Ok(())
    }
}

/// "No counter ever falls."
fn falls(before: &fleet::Counters, now: &fleet::Counters) -> bool {
    let figures = |it: &fleet::Counters| {
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
            it.suspect,
            it.dead,
            it.refuted,
            it.recovered,
            it.undecided,
            it.pauses,
            it.overflows,
            it.blind,
        ]
    };
    let mut pairs = figures(before).into_iter().zip(figures(now));
    pairs.any(|(before, now)| now < before)
}

/// Compares the census with the verdicts.
pub fn judge_census<'a>(
    census: Census,
    peers: impl Iterator<Item = &'a Truth>,
    now_us: u64,
) -> Result<(), Violation> {
    let mut counts = [0_usize; 4];
    for peer in peers {
        match peer.verdict {
            Verdict::Unknown => counts[0] += 1,
            Verdict::Alive => counts[1] += 1,
            Verdict::Suspect => counts[2] += 1,
            Verdict::Dead | Verdict::Left => counts[3] += 1,
        }
    }
    let said = [census.unknown, census.alive, census.suspect, census.dead];
    if said == counts {
        return Ok(());
    }
    let detail = format!("unknown, alive, suspect, dead: {said:?} said, {counts:?} by the events");
    Err(Violation::new(
        Law::Accounts,
        "the census differs from the verdicts",
        now_us,
        detail,
    ))
}
