//! Queries of a fleet of listeners.

use alloc::vec::Vec;

use super::slot::Slot;
use super::{Counters, ListenerFleet};
use crate::fleet::query::greatest;
use crate::fleet::{Census, Lateness, PeerStatus};
use crate::peer::verdict::Verdict;
use crate::push::listener::Snapshot;
use crate::time::{Instant, duration};

impl<const N: usize> ListenerFleet<N> {
    /// Returns the number of senders with each verdict. O(1).
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

    /// Returns the histogram of how late senders were judged.
    #[must_use]
    pub const fn lateness(&self) -> &Lateness {
        &self.schedule.lateness
    }

    /// Returns the ids of all senders, in no particular order. O(n) for n senders.
    pub fn ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.slots.iter().map(Slot::id).filter(|&id| id != 0)
    }

    /// Returns the verdict on the sender with `id`, or `None` where it is not in the fleet.
    #[must_use]
    pub fn verdict(&self, id: u64) -> Option<Verdict> {
        let slot = self.slots.get(self.index(id)? as usize)?;
        Some(slot.listener.verdict())
    }

    /// Returns what is known at `now` of the sender with `id`, or `None` where it is not in the
    /// fleet. The snapshot's counters and its number of events are 0, because the fleet counts for
    /// all.
    #[must_use]
    pub fn status(&self, id: u64, now: Instant) -> Option<PeerStatus<u64, Snapshot>> {
        self.status_at(self.index(id)?, now)
    }

    fn status_at(&self, index: u32, now: Instant) -> Option<PeerStatus<u64, Snapshot>> {
        let slot = self.slots.get(index as usize)?;
        Some(PeerStatus {
            peer: slot.id(),
            silent: duration(slot.listener.silent_us(now)),
            path: self.wake(index)?.snapshot(now),
        })
    }

    /// Returns the `count` worst senders that are suspected or dead. The dead come first, and among
    /// senders of equal verdict those that have been silent longest.
    ///
    /// Takes O(s + c log c) time where s senders are suspected or dead and c of them are returned,
    /// whatever the size of the fleet.
    pub fn worst(&mut self, count: usize, now: Instant) -> Vec<PeerStatus<u64, Snapshot>> {
        self.strike_off();
        let rank = |&index: &u32| {
            let slot = self.slots.get(index as usize);
            slot.map(|slot| (is_dead(slot), slot.listener.silent_us(now)))
        };
        let worst = greatest(self.troubled.clone(), count, rank);
        let known = worst.into_iter();
        known
            .filter_map(|index| self.status_at(index, now))
            .collect()
    }

    /// Returns whether the state is consistent: every listener is valid, is found by its id, and is
    /// counted once. It is meant for tests, fuzzing and debugging. O(n) for n senders.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let mut census = Census::default();
        let mut are_valid = true;
        for (index, slot) in (0..).zip(&self.slots).filter(|(_, slot)| slot.is_taken()) {
            *census.of(slot.listener.verdict()) += 1;
            are_valid &= self.index(slot.id()) == Some(index);
            are_valid &= slot.listed || !is_troubled(slot);
            are_valid &= self.wake(index).is_some_and(|listener| listener.is_valid());
        }
        are_valid && self.verdicts.are(census)
    }

    /// Removes from the list the senders that are no longer suspected or dead.
    fn strike_off(&mut self) {
        let mut troubled = core::mem::take(&mut self.troubled);
        troubled.retain(|&index| {
            let slot = self.slots.get_mut(index as usize);
            slot.is_some_and(|slot| {
                slot.listed = slot.is_taken() && is_troubled(slot);
                slot.listed
            })
        });
        self.troubled = troubled;
    }
}

fn is_dead<const N: usize>(slot: &Slot<N>) -> bool {
    slot.listener.verdict() == Verdict::Dead
}

fn is_troubled<const N: usize>(slot: &Slot<N>) -> bool {
    matches!(slot.listener.verdict(), Verdict::Suspect | Verdict::Dead)
}
