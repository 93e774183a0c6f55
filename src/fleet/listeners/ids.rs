//! The index of each sender's slot by its id: a hash table with linear probing, at most seven
//! eighths full. It stores indices only, so an entry takes four bytes.

use alloc::vec;
use alloc::vec::Vec;

use crate::math::random::{Secret, mix};

/// Marks an empty place.
const NONE: u32 = u32::MAX;
const PLACES_MIN: usize = 16;

#[derive(Debug)]
pub(super) struct Ids {
    /// A power of two of them.
    places: Vec<u32>,
    count: usize,
    /// Secret, so that nobody can choose ids that share a place.
    seed: Secret,
}

impl Ids {
    pub(super) fn new(seed: Secret) -> Self {
        Self {
            places: vec![NONE; PLACES_MIN],
            count: 0,
            seed,
        }
    }

    /// Returns the index of `id`, where `id_of` returns the id of an index.
    pub(super) fn get(&self, id: u64, id_of: impl Fn(u32) -> u64) -> Option<u32> {
        let index = self.places.get(self.place_of(id, id_of)).copied()?;
        (index != NONE).then_some(index)
    }

    /// Adds `index` under `id`, which is not in the table.
    pub(super) fn insert(&mut self, id: u64, index: u32, id_of: impl Fn(u32) -> u64) {
        if (self.count + 1) * 8 > self.places.len() * 7 {
            self.grow(&id_of);
        }
        self.count += 1;
        self.set(self.place_of(id, id_of), index);
    }

    /// Removes `id`. Entries behind it move up, so that each is found from its own place on.
    pub(super) fn remove(&mut self, id: u64, id_of: impl Fn(u32) -> u64) {
        let mut free = self.place_of(id, &id_of);
        if self.places.get(free).is_none_or(|&index| index == NONE) {
            return;
        }
        self.count -= 1;
        let mut place = self.after(free);
        while let Some(&index) = self.places.get(place).filter(|&&index| index != NONE) {
            let home = self.home(id_of(index));
            if self.distance(home, place) >= self.distance(free, place) {
                self.set(free, index);
                free = place;
            }
            place = self.after(place);
        }
        self.set(free, NONE);
    }

    fn grow(&mut self, id_of: &impl Fn(u32) -> u64) {
        let doubled = vec![NONE; self.places.len() * 2];
        for index in core::mem::replace(&mut self.places, doubled) {
            if index != NONE {
                self.set(self.place_of(id_of(index), id_of), index);
            }
        }
    }

    /// Returns the place of `id`, or the empty one where it belongs. One in eight is empty.
    fn place_of(&self, id: u64, id_of: impl Fn(u32) -> u64) -> usize {
        let mut place = self.home(id);
        while let Some(&index) = self.places.get(place) {
            if index == NONE || id_of(index) == id {
                break;
            }
            place = self.after(place);
        }
        place
    }

    #[allow(clippy::cast_possible_truncation)] // masked
    const fn home(&self, id: u64) -> usize {
        mix(mix(id ^ self.seed.0).wrapping_add(self.seed.0)) as usize & (self.places.len() - 1)
    }

    const fn after(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }

    /// Returns how far `to` lies behind `from`.
    const fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.places.len() - 1)
    }

    fn set(&mut self, place: usize, index: u32) {
        if let Some(slot) = self.places.get_mut(place) {
            *slot = index;
        }
    }
}
