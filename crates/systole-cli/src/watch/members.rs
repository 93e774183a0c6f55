//! The units and peers of a watch: how they come, start and go.

use std::time::Duration;

use systole::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::engine::Engine;
use super::peer::{Access, Peer};
use super::settings::{UnitSettings, Watched};
use super::unit::{Plan, Unit, UnitId};
use crate::report::WatchEvent;
use crate::target::Link;
use crate::trouble::Trouble;

/// How long a machine waits at most for the links of its peers before it starts.
const OPENING_MAX: Duration = Duration::from_millis(250);
/// How far apart the first probes of several peers are, where the interval leaves room for it.
const SPREAD: Duration = Duration::from_millis(10);

impl Engine {
    /// Adds units, whose first probes are spread over up to an interval; returns their keys.
    pub(super) fn add_all(&mut self, units: &[&UnitSettings]) -> Vec<usize> {
        let now = self.epoch.now();
        let many = u32::try_from(units.len()).unwrap_or(u32::MAX).max(1);
        let start = |(unit, rank): (&&UnitSettings, u32)| {
            let apart = SPREAD.min(unit.plan.interval() / many);
            now.saturating_add(apart.saturating_mul(rank))
        };
        let starts: Vec<_> = units.iter().zip(0..).map(start).collect();
        let added = units.iter().zip(starts);
        added.map(|(unit, start)| self.add(unit, start)).collect()
    }

    fn add(&mut self, settings: &UnitSettings, start: Instant) -> usize {
        let unit = self.next_key();
        let members: Vec<_> = settings.targets.iter().map(|_| self.next_key()).collect();
        for ((place, &key), watched) in members.iter().enumerate().zip(&settings.targets) {
            self.add_peer(key, watched, unit, place);
        }
        let state = Unit {
            id: settings.id.clone(),
            members,
            plan: settings.plan,
            start,
            machine: None,
        };
        self.units.insert(unit, state);
        self.agenda.set(unit, start.saturating_add(OPENING_MAX));
        unit
    }

    pub(super) fn add_peer(&mut self, key: usize, watched: &Watched, unit: usize, place: usize) {
        let closed = Access::Closed("its name is being looked up".into());
        let mut peer = Peer::new(watched.name(), unit, place, closed);
        peer.watched = Some(watched.clone());
        self.peers.insert(key, peer);
        self.open_link(key);
    }

    /// Adds the built-in demo peer, whose link is open.
    pub(super) fn add_demo(&mut self, plan: Plan, key: usize, (link, name): (Link, String)) {
        let now = self.epoch.now();
        let state = Unit {
            id: UnitId::Group(name.clone()),
            members: vec![key],
            plan,
            start: now,
            machine: None,
        };
        let peer = Peer::new(name, key, 0, Access::Open(link));
        self.peers.insert(key, peer);
        self.units.insert(key, state);
        self.order.push(key);
        self.agenda.set(key, now);
    }

    pub(super) fn next_key(&mut self) -> usize {
        self.keys.next().unwrap_or_default()
    }

    /// Opens a link to a peer, beside the one in use if there is one.
    pub(super) fn open_link(&mut self, key: usize) {
        let (herald, trust) = (self.herald.of(key), self.settings.trust.clone());
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        let Some(target) = peer.watched.as_ref().map(|one| one.target.clone()) else {
            return; // the demo peer
        };
        let opening = tokio::spawn(async move {
            let link = Link::open(&target, &trust, herald.clone()).await;
            herald.opened(link);
        });
        peer.opening = Some(AbortOnDropHandle::new(opening));
    }

    /// Tries again to open the link of a peer, unless that is under way.
    pub(super) fn open_link_again(&mut self, key: usize) {
        if self
            .peers
            .get(&key)
            .is_some_and(|peer| peer.opening.is_none())
        {
            self.open_link(key);
        }
    }

    /// Takes a link that was opened for a peer, or the reason why it cannot be.
    pub(super) fn opened(&mut self, key: usize, link: Result<Link, Trouble>) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        let (unit, place) = (peer.unit, peer.place);
        match peer.opened(link.map_err(|trouble| trouble.to_string())) {
            Some(why) => self.tell(key, &WatchEvent::Refused(why)),
            None => self.accessible(unit, place),
        }
    }

    /// Starts the machine of `unit` once all links were tried, or else has a peer probed that now
    /// can be.
    fn accessible(&mut self, unit: usize, place: usize) {
        let now = self.epoch.now();
        if let Some(machine) = self.machine(unit) {
            machine.probe_now(place, now);
            self.agenda.set(unit, now);
        } else if let Some(state) = self.units.get(&unit) {
            let is_opening = |key| {
                self.peers
                    .get(key)
                    .is_some_and(|peer| peer.opening.is_some())
            };
            if !state.members.iter().any(is_opening) {
                self.agenda.set(unit, state.start.max(now));
            }
        }
    }

    /// Starts the machine of `unit`, unless it has started.
    pub(super) fn begin(&mut self, unit: usize) {
        let now = self.epoch.now();
        let Some(state) = self
            .units
            .get_mut(&unit)
            .filter(|unit| unit.machine.is_none())
        else {
            return;
        };
        state.machine = state.plan.machine(state.members.len(), now).ok();
        for key in state.members.clone() {
            self.tell(key, &WatchEvent::Start);
        }
    }

    /// Removes a unit and its peers.
    pub(super) fn remove(&mut self, unit: usize) {
        self.agenda.remove(unit);
        let members = self.units.get(&unit).map(|unit| unit.members.clone());
        for key in members.unwrap_or_default() {
            self.remove_peer(key);
        }
        self.units.remove(&unit);
        self.end_series(unit);
    }
}
