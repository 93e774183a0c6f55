//! A group whose targets change: those that remain keep their links.

use super::engine::Engine;
use super::settings::{UnitSettings, Watched};
use crate::target::Target;

impl Engine {
    pub(super) fn has_the_targets(&self, unit: usize, settings: &UnitSettings) -> bool {
        let wanted = settings.targets.iter().map(|watched| Some(&watched.target));
        let members = self.units.get(&unit).map(|unit| unit.members.iter());
        let members = members.into_iter().flatten();
        members.map(|key| self.target_of(*key)).eq(wanted)
    }

    fn target_of(&self, key: usize) -> Option<&Target> {
        let watched = self.peers.get(&key)?.watched.as_ref()?;
        Some(&watched.target)
    }

    /// Makes the targets of `settings` the members of a group; returns for each its place before.
    pub(super) fn exchange_members(
        &mut self,
        unit: usize,
        settings: &UnitSettings,
    ) -> Vec<Option<usize>> {
        let before = self.units.get(&unit).map(|unit| unit.members.clone());
        let before = before.unwrap_or_default();
        let place_before = |watched: &Watched| {
            let is_it = |key: &usize| self.target_of(*key) == Some(&watched.target);
            before.iter().position(is_it)
        };
        let places: Vec<_> = settings.targets.iter().map(place_before).collect();
        let mut members = Vec::new();
        for (place, watched) in settings.targets.iter().enumerate() {
            let stays = places.get(place).copied().flatten();
            let stays = stays.and_then(|place| before.get(place).copied());
            members.push(stays.unwrap_or_else(|| self.new_peer(watched, unit, place)));
        }
        for key in before.into_iter().filter(|key| !members.contains(key)) {
            self.remove_peer(key);
        }
        self.number_members(unit, members);
        places
    }

    fn new_peer(&mut self, watched: &Watched, unit: usize, place: usize) -> usize {
        let key = self.next_key();
        self.add_peer(key, watched, unit, place);
        key
    }

    pub(super) fn remove_peer(&mut self, key: usize) {
        self.sum_up(key);
        self.report.forget(key);
        self.peers.remove(&key);
    }

    fn number_members(&mut self, unit: usize, members: Vec<usize>) {
        for (place, key) in members.iter().enumerate() {
            if let Some(peer) = self.peers.get_mut(key) {
                peer.place = place;
            }
        }
        if let Some(unit) = self.units.get_mut(&unit) {
            unit.members = members;
        }
    }
}
