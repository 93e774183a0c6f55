//! The counters of a fleet of listeners.

use crate::peer::verdict::Verdict;
use crate::push::listener;

/// What a fleet of listeners has counted since it was created, including removed senders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Heartbeats that continued the known life of their sender.
    pub beats: u64,
    /// Sequence numbers that were skipped. A reordered heartbeat takes one back.
    pub lost: u64,
    /// Heartbeats that arrived after a later one.
    pub reordered: u64,
    /// Heartbeats that were heard before, or that are too old to tell.
    pub repeated: u64,
    /// Heartbeats older than the bound. They prove no life.
    pub stale: u64,
    /// Heartbeats of known senders that were not believed.
    pub ignored: u64,
    /// Heartbeats of senders that are not in the fleet and were not admitted.
    pub unknown: u64,
    /// New incarnations and jumps of the sequence that were believed.
    pub restarts: u64,
    /// Changes of a verdict to `Suspect`.
    pub suspect: u64,
    /// Changes of a verdict to `Dead`.
    pub dead: u64,
    /// Changes of a verdict to `Left`.
    pub left: u64,
    /// `Dead` verdicts that were mistakes.
    pub refuted: u64,
    /// `Dead` verdicts after which the sender came back.
    pub recovered: u64,
    /// `Dead` verdicts that ended while nothing showed whether they were mistakes.
    pub undecided: u64,
    /// How often the fleet reported local lateness.
    pub pauses: u64,
    /// How often the caller reported that heartbeats were lost locally.
    pub overflows: u64,
}

impl Counters {
    /// Adds what a listener has counted since it was restored from its compact form.
    pub(super) fn add(&mut self, seen: &listener::Counters) {
        let add = |total: &mut u64, count: u32| *total += u64::from(count);
        add(&mut self.beats, seen.beats);
        add(&mut self.lost, seen.lost);
        self.lost = self.lost.saturating_sub(seen.reordered.into());
        add(&mut self.reordered, seen.reordered);
        add(&mut self.repeated, seen.repeated);
        add(&mut self.stale, seen.stale);
        add(&mut self.ignored, seen.ignored);
        add(&mut self.restarts, seen.restarts);
        add(&mut self.refuted, seen.refuted);
        add(&mut self.recovered, seen.recovered);
        add(&mut self.undecided, seen.undecided);
    }

    /// Counts a change of a verdict to `to`.
    pub(super) const fn count(&mut self, to: Verdict) {
        match to {
            Verdict::Suspect => self.suspect += 1,
            Verdict::Dead => self.dead += 1,
            Verdict::Left => self.left += 1,
            Verdict::Unknown | Verdict::Alive => {}
        }
    }
}
