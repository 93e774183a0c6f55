//! What is known of a fleet as a whole: numbers, and the worst of its peers.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Fleet, Lateness, PeerKey};
use crate::pacing::Pacing;
use crate::peer::snapshot::{Counters, Snapshot};
use crate::peer::verdict::Verdict;
use crate::time::{Instant, duration};

/// How many peers there are of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Census {
    /// Nothing heard yet.
    pub unknown: usize,
    /// Alive.
    pub alive: usize,
    /// A probe is overdue.
    pub suspect: usize,
    /// Called dead.
    pub dead: usize,
}

impl Census {
    /// All peers.
    #[must_use]
    pub const fn peers(&self) -> usize {
        self.unknown + self.alive + self.suspect + self.dead
    }

    pub(super) const fn of(&mut self, verdict: Verdict) -> &mut usize {
        match verdict {
            Verdict::Unknown | Verdict::Left => &mut self.unknown, // nobody whom we probe says goodbye
            Verdict::Alive => &mut self.alive,
            Verdict::Suspect => &mut self.suspect,
            Verdict::Dead => &mut self.dead,
        }
    }
}

/// What a fleet has counted since it was made, peers that are gone included. No counter ever falls. See [`Counters`] for what is what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetCounters {
    /// Probes handed out to be sent.
    pub probes: u64,
    /// Probes answered before they were counted as anything else.
    pub answered: u64,
    /// Probes that became overdue, whether or not a reply came later.
    pub lost: u64,
    /// Replies to probes that had been counted as something else: mostly to lost ones.
    pub late: u64,
    /// Of the answered and the late, replies to probes older than the bound: no proof of life.
    pub stale: u64,
    /// Replies that answer nothing: unknown ids, duplicates, peers that are gone.
    pub ignored: u64,
    /// Probes that failed at once.
    pub failed: u64,
    /// Probes that could not be sent, where that was said before they were overdue.
    pub unsent: u64,
    /// Probes of which nothing will be known, and which are no evidence: replies to them may have been lost on our side, or their peer was removed.
    pub abandoned: u64,
    /// Verdicts `Suspect`.
    pub suspect: u64,
    /// Verdicts `Dead`.
    pub dead: u64,
    /// Verdicts `Dead` that were mistakes.
    pub refuted: u64,
    /// Verdicts `Dead` after which the peer came back.
    pub recovered: u64,
    /// Verdicts `Dead` of which nothing tells which of the two they were.
    pub undecided: u64,
    /// Lateness of ours that was reported.
    pub pauses: u64,
    /// How often answers were lost on our side.
    pub overflows: u64,
    /// How often no probe could be sent for one bound: to any peer, or to one alone.
    pub blind: u64,
}

impl FleetCounters {
    /// Probes that have not ended yet.
    #[must_use]
    pub const fn outstanding(&self) -> u64 {
        let ended = self.answered + self.lost + self.failed + self.unsent + self.abandoned;
        self.probes.saturating_sub(ended)
    }

    /// Adds what a monitor counted since it was woken.
    pub(super) fn add(&mut self, seen: &Counters) {
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

/// A peer and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerStatus {
    /// Which one.
    pub peer: PeerKey,
    /// How long it has been dead; of any other, the time since the send of the last probe that it answered.
    pub silent: Duration,
    /// The path and the plan.
    pub path: Snapshot,
}

impl<const N: usize, P: Pacing> Fleet<N, P> {
    /// How many peers there are of each verdict. O(1).
    #[must_use]
    pub const fn census(&self) -> Census {
        self.census
    }

    /// What was counted. O(1).
    #[must_use]
    pub const fn counters(&self) -> FleetCounters {
        self.counters
    }

    /// How late probes were handed out.
    #[must_use]
    pub const fn lateness(&self) -> &Lateness {
        &self.lateness
    }

    /// Whether `peer` is alive; nothing where it is gone.
    #[must_use]
    pub fn verdict(&self, peer: PeerKey) -> Option<Verdict> {
        self.slot(peer).map(|slot| self.verdict_of(slot))
    }

    /// What is known of `peer` at `now`; nothing where it is gone.
    #[must_use]
    pub fn status(&self, peer: PeerKey, now: Instant) -> Option<PeerStatus> {
        let slot = self.slot(peer)?;
        Some(PeerStatus {
            peer,
            silent: duration(slot.dormant.silent_us(now)),
            path: self.wake(slot, peer).snapshot(now).path,
        })
    }

    /// The `count` worst peers that are suspected or dead: the dead first, then those that have been silent longest.
    ///
    /// O(s) where s peers are suspected or dead, however many there are.
    pub fn worst(&mut self, count: usize, now: Instant) -> Vec<PeerStatus> {
        self.strike_off();
        let rank = |&index: &u32| {
            let slot = self.slots.get(index as usize);
            slot.map(|slot| {
                (
                    self.verdict_of(slot) == Verdict::Dead,
                    slot.dormant.silent_us(now),
                )
            })
        };
        let mut worst = self.troubled.clone();
        let less_bad = |one: &u32, other: &u32| rank(other).cmp(&rank(one));
        if count < worst.len() {
            worst.select_nth_unstable_by(count, less_bad);
            worst.truncate(count);
        }
        worst.sort_unstable_by(less_bad);
        let keys = worst.into_iter().filter_map(|index| self.key(index));
        keys.filter_map(|peer| self.status(peer, now)).collect()
    }

    /// Whether the laws that can be seen in one state hold, for tests, fuzzing and debugging: every peer's monitor is valid, and the census and the
    /// probes under way are what counting the peers gives. O(n) for n peers.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let mut census = Census::default();
        let peers = (0..)
            .zip(&self.slots)
            .filter_map(|(index, slot)| Some((self.key(index)?, slot)));
        let (mut are_valid, mut outstanding) = (true, 0);
        for (peer, slot) in peers {
            *census.of(self.verdict_of(slot)) += 1;
            let monitor = self.wake(slot, peer);
            are_valid &= monitor.is_valid();
            outstanding += u64::from(monitor.under_way() + monitor.counters().abandoned);
            are_valid &= slot.listed || !self.is_troubled(slot);
        }
        are_valid && census == self.census && outstanding == self.counters.outstanding()
    }

    /// Takes those off the list of the troubled that are in trouble no more.
    fn strike_off(&mut self) {
        let mut troubled = core::mem::take(&mut self.troubled);
        troubled.retain(|&index| {
            let slot = self.slots.get(index as usize);
            let stays = slot.is_some_and(|slot| slot.is_taken() && self.is_troubled(slot));
            if let Some(slot) = self.slots.get_mut(index as usize) {
                slot.listed = stays;
            }
            stays
        });
        self.troubled = troubled;
    }
}
