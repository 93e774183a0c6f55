//! What is counted of a peer.

use crate::peer::verdict::{Change, Reason, Verdict};

/// What a monitor has counted since it was created. Counters never fall, and each saturates.
///
/// Every probe that was handed out is [outstanding](Self::outstanding) until it is counted once
/// more, as `answered`, `lost`, `failed`, `unsent` or `abandoned`. Every reply counts as
/// `answered`, `late` or `ignored`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Counters {
    /// Probes that were handed out to be sent.
    pub probes: u32,
    /// Probes that got a reply before they were counted as anything else.
    pub answered: u32,
    /// Probes that became overdue, whether or not a reply came later.
    pub lost: u32,
    /// Replies to probes that had already been counted as something else, mostly as lost.
    pub late: u32,
    /// Replies, among the answered and the late, to probes older than the bound. They prove no
    /// life.
    pub stale: u32,
    /// Replies that belong to no known probe: unknown ids, duplicates, old incarnations.
    pub ignored: u32,
    /// Probes that failed before their timeout.
    pub failed: u32,
    /// Probes that could not be sent, where the caller reported it before they were overdue.
    pub unsent: u32,
    /// Probes whose outcome will never be known, and which are no evidence.
    ///
    /// These are the probes under way at a restart of the peer; probes that were forgotten after
    /// their silence had been excused, or for want of room, once a later probe ended; and probes for
    /// which [there was no room](crate::Monitor::handle_skipped).
    pub abandoned: u32,
    /// How often no probe could be sent for one bound.
    pub blind: u32,
    /// Retries taken out of a [`RetryBudget`](crate::RetryBudget); 0 where there is none.
    pub budgeted: u32,
    /// Changes of the verdict to `Suspect`.
    pub suspect: u32,
    /// Changes of the verdict to `Dead`. What is heard ends such a verdict as refuted, recovered or
    /// undecided. One that ends because nothing is known any more, as after
    /// [`Blind`](crate::Reason::Blind) or a restart that the caller reports, counts as none of the
    /// three: nothing shows whether it was a mistake.
    pub dead: u32,
    /// `Dead` verdicts that were mistakes.
    pub refuted: u32,
    /// `Dead` verdicts after which the peer came back.
    pub recovered: u32,
    /// `Dead` verdicts that ended and of which nothing tells whether they were mistakes.
    pub undecided: u32,
    /// Pauses: how often local lateness was reported.
    pub pauses: u32,
    /// The longest time from the send of the last probe that got a reply to the verdict `Dead`, in
    /// milliseconds, rounded up. It includes local lateness since that probe, and may therefore
    /// exceed the bound.
    pub worst_detection_ms: u32,
    /// The sum of all local lateness, in microseconds.
    pub lateness_us: u64,
}

impl Counters {
    /// Returns the number of probes that have not ended yet: those waited for, and those remembered
    /// because a reply to them would still prove life. Exact until `probes` saturates.
    #[must_use]
    pub const fn outstanding(&self) -> u32 {
        let ended = self.answered.saturating_add(self.lost);
        let ended = ended.saturating_add(self.failed);
        let ended = ended.saturating_add(self.unsent);
        self.probes
            .saturating_sub(ended.saturating_add(self.abandoned))
    }

    pub(crate) const fn count(&mut self, change: Change) {
        one_more(match (change.to, change.reason) {
            (Verdict::Suspect, _) => &mut self.suspect,
            (Verdict::Dead, _) => &mut self.dead,
            (_, Reason::Refuted) => &mut self.refuted,
            (_, Reason::Recovered) => &mut self.recovered,
            (_, Reason::Undecided) => &mut self.undecided,
            _ => return,
        });
    }
}

/// Adds one to `counter`, saturating. Not inlined, which saves flash on small cores.
#[inline(never)]
pub(crate) const fn one_more(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

#[cfg(test)]
mod tests;
