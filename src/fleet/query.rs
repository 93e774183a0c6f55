//! Queries of a fleet: its counts, and its worst peers.

use alloc::vec::Vec;

use super::census::{Census, Counters, PeerStatus};
use super::{Fleet, Lateness, PeerKey};
use crate::pacing::Pacing;
use crate::peer::verdict::Verdict;
use crate::time::{Instant, duration};

impl<const N: usize, P: Pacing> Fleet<N, P> {
    /// Returns the number of peers with each verdict. O(1).
    #[must_use]
    pub const fn census(&self) -> Census {
        self.verdicts.census()
    }

    /// Returns whether the fleet is [isolated](crate::EventKind::Isolated). O(1).
    #[must_use]
    pub const fn is_isolated(&self) -> bool {
        self.verdicts.is_isolated()
    }

    /// Returns the counters. O(1).
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Returns the histogram of how late probes were handed out.
    #[must_use]
    pub const fn lateness(&self) -> &Lateness {
        &self.schedule.lateness
    }

    /// Returns the verdict on `peer`, or `None` where it is not in the fleet.
    #[must_use]
    pub fn verdict(&self, peer: PeerKey) -> Option<Verdict> {
        self.slot(peer).map(|slot| self.verdict_of(slot))
    }

    /// Returns what is known of `peer` at `now`, or `None` where it is not in the fleet.
    #[must_use]
    pub fn status(&self, peer: PeerKey, now: Instant) -> Option<PeerStatus> {
        let slot = self.slot(peer)?;
        Some(PeerStatus {
            peer,
            silent: duration(slot.dormant.silent_us(now)),
            path: self.wake(slot, peer).snapshot(now).path,
        })
    }

    /// Returns the `count` worst peers that are suspected or dead. The dead come first, and among
    /// peers of equal verdict those that have been silent longest.
    ///
    /// Takes O(s + c log c) time where s peers are suspected or dead and c of them are returned,
    /// whatever the size of the fleet.
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
        let worst = greatest(self.troubled.clone(), count, rank);
        let keys = worst.into_iter().filter_map(|index| self.key(index));
        keys.filter_map(|peer| self.status(peer, now)).collect()
    }

    /// Returns whether the state is consistent: every peer's monitor is valid, and the census and
    /// the number of outstanding probes agree with a count over all peers. It is meant for tests,
    /// fuzzing and debugging. O(n) for n peers.
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
            are_valid &= monitor.is_sound();
            outstanding += u64::from(monitor.under_way() + monitor.counters().abandoned);
            are_valid &= slot.listed || !self.is_troubled(slot);
        }
        are_valid && self.verdicts.are(census) && outstanding == self.counters.outstanding()
    }

    /// Removes from the list the peers that are no longer suspected or dead.
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

/// Returns the `count` of `indices` whose rank is greatest, the greatest first.
pub(super) fn greatest<R: Ord>(
    mut indices: Vec<u32>,
    count: usize,
    rank: impl Fn(&u32) -> R,
) -> Vec<u32> {
    let falling = |one: &u32, other: &u32| rank(other).cmp(&rank(one));
    if count < indices.len() {
        indices.select_nth_unstable_by(count, falling);
        indices.truncate(count);
    }
    indices.sort_unstable_by(falling);
    indices
}
