//! The senders of a fleet of listeners.

use core::time::Duration;

use super::ListenerFleet;
use super::slot::Slot;
use crate::config::SPAN_MAX_US;
use crate::config::error::{ConfigError, Setting, check};
use crate::fleet::Labels;
use crate::peer::verdict::Verdict;
use crate::push::beat::Beat;
use crate::push::listener::Listener;
use crate::time::{Instant, micros};

impl<const N: usize> ListenerFleet<N> {
    /// Adds the sender with `id`, of which a heartbeat is expected every `interval`. Returns
    /// whether it is new; a sender that is known stays as it is.
    ///
    /// Until the first heartbeat, which states the sender's own interval, the bound is that for
    /// `interval`. Where that is `None`, the configuration says how long the [first
    /// heartbeat](crate::listener::Builder::first_within) is waited for.
    ///
    /// # Errors
    /// `id` is 0, or `interval` is below 1 us or above 12.7 days.
    pub fn add(
        &mut self,
        id: u64,
        interval: Option<Duration>,
        now: Instant,
    ) -> Result<bool, ConfigError> {
        check(Setting::SenderId, id, 1, u64::MAX)?;
        if let Some(interval) = interval {
            check(Setting::Interval, micros(interval), 1, SPAN_MAX_US)?;
        }
        self.schedule.look(now);
        let mut listener = Listener::with_window(self.config, self.schedule.now);
        if let Some(interval) = interval {
            listener.expect_every(interval);
        }
        Ok(self.insert(id, listener))
    }

    /// Adds a sender that was known before this process started, by its newest heartbeat and its
    /// verdict. Returns whether it is new.
    ///
    /// A sender that was alive has a whole bound to be heard; one that was dead or had left stays
    /// so. No heartbeat counts that is not newer than `beat`.
    ///
    /// # Errors
    /// The id of `beat` is 0.
    pub fn restore(
        &mut self,
        beat: &Beat,
        verdict: Verdict,
        now: Instant,
    ) -> Result<bool, ConfigError> {
        check(Setting::SenderId, beat.id(), 1, u64::MAX)?;
        self.schedule.look(now);
        let listener = Listener::remembering(self.config, beat, verdict, self.schedule.now);
        Ok(self.insert(beat.id(), listener))
    }

    /// Admits unknown senders as long as the fleet has fewer than `senders`. A heartbeat that is
    /// not authentic, where that is asked for, and a goodbye admit nobody.
    pub const fn admit_up_to(&mut self, senders: usize) {
        self.limit = senders;
    }

    /// Removes the sender with `id` and returns whether it was in the fleet. Its pending events
    /// stay queued.
    pub fn remove(&mut self, id: u64) -> bool {
        let Some(index) = self.index(id) else {
            return false;
        };
        let slots = &self.slots;
        self.ids.remove(id, |index| id_of(slots, index));
        if let Some(slot) = self.slots.get_mut(index as usize) {
            slot.vacate();
            let (labels, verdict) = (slot.labels, slot.listener.verdict());
            self.verdicts.remove(labels, verdict, self.schedule.now);
        }
        self.schedule.wheel.cancel(index);
        self.vacant.push(index);
        true
    }

    /// Sets what the sender with `id` shares with others, and returns whether it is in the fleet.
    /// Labels say what a [common failure](crate::fleet::Cause::Common)
    /// is limited to. A fleet holds up to 255
    /// different sets of them.
    ///
    /// # Errors
    /// There are more sets than that.
    pub fn set_labels(&mut self, id: u64, labels: Labels) -> Result<bool, ConfigError> {
        let Some(index) = self.index(id) else {
            return Ok(false);
        };
        let number = self.verdicts.number(labels)?;
        if let Some(slot) = self.slots.get_mut(index as usize) {
            let verdict = slot.listener.verdict();
            self.verdicts
                .remove(slot.labels, verdict, self.schedule.now);
            self.verdicts.add(number, verdict, self.schedule.now);
            slot.labels = number;
        }
        Ok(true)
    }

    /// Returns the labels of the sender with `id`, or `None` where it is not in the fleet.
    #[must_use]
    pub fn labels(&self, id: u64) -> Option<Labels> {
        let slot = self.slots.get(self.index(id)? as usize)?;
        Some(self.verdicts.labels(slot.labels))
    }

    /// Adds a sender unless its id is known.
    #[allow(clippy::cast_possible_truncation)] // memory holds fewer than 2^32 slots
    pub(super) fn insert(&mut self, id: u64, mut listener: Listener<N>) -> bool {
        if self.index(id).is_some() {
            return false;
        }
        let due = listener.deadline();
        self.verdicts.add(0, listener.verdict(), self.schedule.now);
        let mut slot = Slot::new(id, &mut listener, self.resumes);
        let index = self.vacant.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(index as usize) {
            Some(place) => {
                slot.listed = place.listed;
                *place = slot;
            }
            None => self.push(slot),
        }
        let slots = &self.slots;
        self.ids.insert(id, index, |index| id_of(slots, index));
        self.list(index, listener.verdict());
        self.schedule.wheel.reserve(self.slots.len());
        self.schedule.wheel.set(index, due);
        true
    }

    /// Appends a slot. The room grows by a sixteenth, because doubling it would cost more memory
    /// than it saves time.
    fn push(&mut self, slot: Slot<N>) {
        if self.slots.len() == self.slots.capacity() {
            self.slots.reserve_exact(self.slots.len() / 16 + 64);
        }
        self.slots.push(slot);
    }

    pub(super) fn index(&self, id: u64) -> Option<u32> {
        self.ids.get(id, |index| id_of(&self.slots, index))
    }
}

pub(super) fn id_of<const N: usize>(slots: &[Slot<N>], index: u32) -> u64 {
    slots.get(index as usize).map_or(0, Slot::id)
}
