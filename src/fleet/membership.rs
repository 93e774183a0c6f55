//! The peers of a fleet.

use super::slot::Slot;
use super::{Fleet, Labels, PeerKey};
use crate::config::error::ConfigError;
use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::verdict::Verdict;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Fleet<N, P> {
    /// Adds a peer of which nothing is known. The first probes of the peers are spread over one
    /// interval.
    pub fn add(&mut self, now: Instant) -> PeerKey {
        self.schedule.look(now);
        let peer = self.next_key();
        let mut monitor = Monitor::start(self.config_of(peer), self.schedule.now);
        let slot = Slot {
            dormant: monitor.rest(),
            generation: peer.generation,
            labels: 0,
            listed: false,
            blind: self.blind,
            overflows: self.overflows(),
        };
        match self.slots.get_mut(peer.index()) {
            Some(place) => {
                *place = Slot {
                    listed: place.listed,
                    ..slot
                }
            }
            None => self.slots.push(slot),
        }
        self.verdicts.add(0, Verdict::Unknown, self.schedule.now);
        self.schedule.wheel.reserve(self.slots.len());
        self.schedule.wheel.set(peer.index, monitor.due());
        peer
    }

    /// Returns the key for the next peer, with the index of a removed peer or a new one.
    // Memory holds fewer than 2^32 slots.
    #[allow(clippy::cast_possible_truncation)]
    fn next_key(&mut self) -> PeerKey {
        let index = self.vacant.pop().unwrap_or(self.slots.len() as u32);
        let place = self.slots.get(index as usize);
        let generation = place.map_or(1, |slot| slot.generation.wrapping_add(1));
        PeerKey { index, generation }
    }

    /// Removes `peer` and returns whether it was in the fleet. Its pending events stay queued.
    pub fn remove(&mut self, peer: PeerKey) -> bool {
        let Some(slot) = self.slot(peer) else {
            return false;
        };
        let (labels, verdict) = (slot.labels, self.verdict_of(slot));
        let mut monitor = self.wake(slot, peer);
        monitor.abandon_all();
        self.counters.add(monitor.counters());
        if let Some(slot) = self.slots.get_mut(peer.index()) {
            slot.generation = slot.generation.wrapping_add(1);
        }
        self.verdicts.remove(labels, verdict, self.schedule.now);
        self.schedule.wheel.cancel(peer.index);
        self.vacant.push(peer.index);
        true
    }

    /// Sets what `peer` shares with others, and returns whether it is in the fleet. Labels say what
    /// a [common failure](crate::fleet::Cause::Common)
    /// is limited to. A fleet holds up to 255 different sets of
    /// them.
    ///
    /// # Errors
    /// There are more sets than that.
    pub fn set_labels(&mut self, peer: PeerKey, labels: Labels) -> Result<bool, ConfigError> {
        let Some(slot) = self.slot(peer) else {
            return Ok(false);
        };
        let (before, verdict) = (slot.labels, self.verdict_of(slot));
        let number = self.verdicts.number(labels)?;
        self.verdicts.remove(before, verdict, self.schedule.now);
        self.verdicts.add(number, verdict, self.schedule.now);
        if let Some(slot) = self.slots.get_mut(peer.index()) {
            slot.labels = number;
        }
        Ok(true)
    }

    /// Returns the labels of `peer`, or `None` where it is not in the fleet.
    #[must_use]
    pub fn labels(&self, peer: PeerKey) -> Option<Labels> {
        self.slot(peer)
            .map(|slot| self.verdicts.labels(slot.labels))
    }

    /// Returns the slot of `peer`, or `None` where it is not in the fleet.
    pub(super) fn slot(&self, peer: PeerKey) -> Option<&Slot<N, P>> {
        let slot = self.slots.get(peer.index())?;
        (slot.generation == peer.generation && slot.is_taken()).then_some(slot)
    }

    /// Returns the key of the peer with `index`, if there is one.
    pub(super) fn key(&self, index: u32) -> Option<PeerKey> {
        let slot = self
            .slots
            .get(index as usize)
            .filter(|slot| slot.is_taken())?;
        Some(PeerKey {
            index,
            generation: slot.generation,
        })
    }
}
