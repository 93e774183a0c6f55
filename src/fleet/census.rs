//! The counts of a fleet as a whole, and the status of one peer.

use core::time::Duration;

use super::key::PeerKey;
use crate::peer;
use crate::peer::snapshot::Snapshot;
use crate::peer::verdict::Verdict;

/// The number of peers with each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Census {
    /// Peers with the verdict `Unknown`.
    pub unknown: usize,
    /// Peers with the verdict `Alive`.
    pub alive: usize,
    /// Peers with the verdict `Suspect`.
    pub suspect: usize,
    /// Peers with the verdict `Dead`.
    pub dead: usize,
    /// Peers with the verdict `Left`. A peer that is probed never has it.
    pub left: usize,
}

impl Census {
    /// Returns the number of all peers.
    #[must_use]
    pub const fn peers(&self) -> usize {
        self.unknown + self.alive + self.suspect + self.dead + self.left
    }

    /// Returns the count of the peers with `verdict`.
    pub(super) const fn of(&mut self, verdict: Verdict) -> &mut usize {
        match verdict {
            Verdict::Unknown => &mut self.unknown,
            Verdict::Alive => &mut self.alive,
            Verdict::Suspect => &mut self.suspect,
            Verdict::Dead => &mut self.dead,
            Verdict::Left => &mut self.left,
        }
    }
}

/// What a fleet has counted since it was created, including removed peers. No counter ever falls.
/// The [`Counters`](crate::peer::Counters) of a monitor are those of one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Probes that were handed out to be sent.
    pub probes: u64,
    /// Probes that got a reply before they were counted as anything else.
    pub answered: u64,
    /// Probes that became overdue, whether or not a reply came later.
    pub lost: u64,
    /// Replies to probes that had already been counted as something else, usually as lost.
    pub late: u64,
    /// Replies to probes older than the bound. They prove no life, and are also counted as answered
    /// or late.
    pub stale: u64,
    /// Replies that belong to no known probe: unknown ids, duplicates, removed peers.
    pub ignored: u64,
    /// Probes that failed before their timeout.
    pub failed: u64,
    /// Probes that could not be sent, where the caller reported it before they were overdue.
    pub unsent: u64,
    /// Probes whose outcome will never be known: replies to them may have been lost locally, or
    /// their peer was removed. They are no evidence.
    pub abandoned: u64,
    /// Changes of a verdict to `Suspect`.
    pub suspect: u64,
    /// Changes of a verdict to `Dead`. When the peer is heard again, the verdict counts as refuted,
    /// recovered or undecided. A verdict that ends because nothing is known any more, as after
    /// [`Blind`](crate::Reason::Blind) or when the peer is removed, counts as none of the three.
    pub dead: u64,
    /// `Dead` verdicts that were mistakes.
    pub refuted: u64,
    /// `Dead` verdicts after which the peer came back.
    pub recovered: u64,
    /// `Dead` verdicts that ended while nothing showed whether they were mistakes.
    pub undecided: u64,
    /// How often the fleet reported local lateness.
    pub pauses: u64,
    /// How often the caller reported that replies were lost locally.
    pub overflows: u64,
    /// How often no probe could be sent for one bound, to all peers or to a single one.
    pub blind: u64,
}

impl Counters {
    /// Returns the number of probes that have not ended yet.
    #[must_use]
    pub const fn outstanding(&self) -> u64 {
        let ended = self.answered + self.lost + self.failed + self.unsent + self.abandoned;
        self.probes.saturating_sub(ended)
    }

    /// Adds what a monitor has counted since it was restored from its compact form.
    pub(super) fn add(&mut self, seen: &peer::Counters) {
        let add = |total: &mut u64, count: u32| *total += u64::from(count);
        add(&mut self.probes, seen.probes);
        add(&mut self.answered, seen.answered);
        add(&mut self.lost, seen.lost);
        add(&mut self.late, seen.late);
        add(&mut self.stale, seen.stale);
        add(&mut self.ignored, seen.ignored);
        add(&mut self.failed, seen.failed);
        add(&mut self.unsent, seen.unsent);
        add(&mut self.abandoned, seen.abandoned);
        add(&mut self.suspect, seen.suspect);
        add(&mut self.dead, seen.dead);
        add(&mut self.refuted, seen.refuted);
        add(&mut self.recovered, seen.recovered);
        add(&mut self.undecided, seen.undecided);
    }
}

/// The status of one peer: `K` is how the fleet names peers, and `S` what it knows of one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerStatus<K = PeerKey, S = Snapshot> {
    /// The peer's key.
    pub peer: K,
    /// How long the peer has been dead; for any other peer, the time since the send of the last
    /// probe that got a reply. Of a sender, the time since its newest heartbeat was sent.
    pub silent: Duration,
    /// Path and plan of a peer that is probed, or what a listener knows of a sender.
    pub path: S,
}
