//! One level of the wheel: slots of one width, which are reused cyclically.

use alloc::boxed::Box;
use alloc::vec;

use super::NONE;

pub(super) const SLOTS: usize = 1 << 14;
const MASK: u64 = SLOTS as u64 - 1;
const WORDS: usize = SLOTS / 64;

/// A ring of slots of one width.
#[derive(Clone, Debug)]
pub(super) struct Level {
    /// The width of a slot in microseconds, as a power of two.
    width: usize,
    /// The first index of each slot's list.
    heads: Box<[u32]>,
    /// A bit for each slot that is not empty.
    occupied: Box<[u64]>,
    /// A bit for each word of `occupied` that is not 0.
    summary: [u64; WORDS / 64],
    /// When the time of the next slot comes that is not empty; [`NEVER`] where all are empty. It is
    /// stored because it is read far more often than it changes.
    next: u64,
}

const NEVER: u64 = u64::MAX;

impl Level {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            heads: vec![NONE; SLOTS].into_boxed_slice(),
            occupied: vec![0; WORDS].into_boxed_slice(),
            summary: [0; WORDS / 64],
            next: NEVER,
        }
    }

    /// Returns whether `due` lies within this level: less than one round ahead of `now`.
    pub(super) const fn reaches(&self, due: u64, now: u64) -> bool {
        (due >> self.width) - (now >> self.width) <= MASK
    }

    #[allow(clippy::cast_possible_truncation)] // masked
    const fn slot(&self, due: u64) -> usize {
        (due >> self.width & MASK) as usize
    }

    /// Returns the head of the list in the slot of `due`.
    pub(super) fn head(&self, due: u64) -> u32 {
        self.heads.get(self.slot(due)).copied().unwrap_or(NONE)
    }

    /// Sets the head of the list in the slot of `due`. No deadline is before `now`.
    pub(super) fn set_head(&mut self, due: u64, head: u32, now: u64) {
        let slot = self.slot(due);
        if let Some(place) = self.heads.get_mut(slot) {
            *place = head;
        }
        let word = self.occupied.get_mut(slot / 64);
        let occupied = word.is_some_and(|word| {
            set(word, slot, head != NONE);
            *word != 0
        });
        if let Some(above) = self.summary.get_mut(slot / 4_096) {
            set(above, slot / 64, occupied);
        }
        let start = due >> self.width << self.width;
        if head != NONE {
            self.next = self.next.min(start);
        } else if start == self.next {
            self.next = self.find(now);
        }
    }

    /// Returns when the time of the next slot comes that is not empty, if there is one.
    pub(super) fn next(&self) -> Option<u64> {
        (self.next != NEVER).then_some(self.next)
    }

    /// Searches for the next slot from `now` on that is not empty, and returns when its time comes.
    fn find(&self, now: u64) -> u64 {
        let here = self.slot(now);
        let found = self.occupied_from(here).or_else(|| self.occupied_from(0));
        found.map_or(NEVER, |slot| {
            let ahead = (slot as u64).wrapping_sub(here as u64) & MASK;
            ((now >> self.width) + ahead) << self.width
        })
    }

    /// Returns the first slot from `slot` on that is not empty.
    fn occupied_from(&self, slot: usize) -> Option<usize> {
        let word = self.occupied.get(slot / 64)? & (u64::MAX << (slot % 64));
        if word != 0 {
            return Some(slot / 64 * 64 + word.trailing_zeros() as usize);
        }
        let after = slot / 64 + 1;
        let words = (after / 64..WORDS / 64).find_map(|place| {
            let from = after.saturating_sub(place * 64);
            let above = self.summary.get(place)? & (u64::MAX << from);
            (above != 0).then(|| place * 64 + above.trailing_zeros() as usize)
        })?;
        let bits = self.occupied.get(words)?.trailing_zeros();
        Some(words * 64 + bits as usize)
    }
}

/// Sets or clears one bit of `word`.
const fn set(word: &mut u64, bit: usize, on: bool) {
    let mask = 1 << (bit % 64);
    *word = if on { *word | mask } else { *word & !mask };
}

#[cfg(test)]
mod tests;
