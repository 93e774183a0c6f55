//! Reading the configuration again: what remains and what changes.

use std::collections::HashMap;

use super::engine::Engine;
use super::settings::{Settings, UnitSettings, Watched};
use crate::report::WatchEvent;

impl Engine {
    /// Reads the configuration again. Targets that remain keep their connection, statistics and
    /// verdict; a group that remains also keeps its active endpoint and its quarantines. If the
    /// file has an error, nothing changes.
    pub(super) fn reload(&mut self) {
        self.service.reloading();
        match Settings::read(&self.options) {
            Ok(settings) => self.adopt(settings),
            Err(trouble) => {
                let text = format!("settings not read: {trouble}");
                self.report.notice(self.epoch.now(), "refused", &text);
            }
        }
        self.service.ready();
    }

    fn adopt(&mut self, settings: Settings) {
        let trusts_others = settings.trusts_others_than(&self.settings);
        self.settings = settings;
        let units = self.settings.units.clone();
        let before = self.units.iter().map(|(&key, unit)| (unit.id.clone(), key));
        let mut before: HashMap<_, _> = before.collect();
        let places: Vec<_> = units.iter().map(|unit| before.remove(&unit.id)).collect();
        for unit in before.into_values() {
            self.remove(unit);
        }
        for (unit, place) in units.iter().zip(&places) {
            if let Some(place) = place {
                self.keep(*place, unit, trusts_others);
            }
        }
        let new = units.iter().zip(&places);
        let new = new.filter_map(|(unit, place)| place.is_none().then_some(unit));
        let mut added = self.add_all(&new.collect::<Vec<_>>()).into_iter();
        let units = places
            .into_iter()
            .filter_map(|place| place.or_else(|| added.next()));
        self.arrange(&units.collect::<Vec<_>>());
    }

    /// Lists the peers in the order of `units`.
    pub(super) fn arrange(&mut self, units: &[usize]) {
        let units = units.iter().filter_map(|unit| self.units.get(unit));
        self.order = units
            .flat_map(|unit| unit.members.iter().copied())
            .collect();
    }

    /// Gives a unit that remains its new settings.
    fn keep(&mut self, key: usize, settings: &UnitSettings, trusts_others: bool) {
        let places = if self.has_the_targets(key, settings) {
            None
        } else {
            Some(self.exchange_members(key, settings))
        };
        let now = self.epoch.now();
        let Some(unit) = self.units.get_mut(&key) else {
            return;
        };
        let before = std::mem::replace(&mut unit.plan, settings.plan);
        if let Some(machine) = &mut unit.machine
            && (before != settings.plan || places.is_some())
        {
            let places = places.as_deref();
            machine.reconfigure(&settings.plan, unit.members.len(), places, now);
        }
        let members = unit.members.clone();
        if places.is_some() {
            self.end_series(key); // they name the members
        }
        for (&peer, watched) in members.iter().zip(&settings.targets) {
            self.keep_peer(peer, watched, trusts_others);
            self.tell(peer, &WatchEvent::Reloaded);
        }
        self.agenda.set(key, now);
    }

    fn keep_peer(&mut self, key: usize, watched: &Watched, trusts_others: bool) {
        if let Some(peer) = self.peers.get_mut(&key) {
            let (before, unit) = (std::mem::replace(&mut peer.name, watched.name()), peer.unit);
            let labels = peer.labels().cloned().unwrap_or_default();
            peer.watched = Some(watched.clone());
            if before != watched.name() || labels != watched.labels {
                self.end_series(unit); // they bear both
            }
        }
        if trusts_others && watched.target.scheme().has_certificate() {
            self.open_link(key); // with the authorities that are trusted now
        }
    }
}
