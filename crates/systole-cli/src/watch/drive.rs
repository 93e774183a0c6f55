//! What the machines ask for: probes to send, events to tell.

use systole::machine::ProbeResult;
use systole::{
    Event, EventKind, Instant, ProbeError, ProbeId, Verdict,
    failover::{self, Condition},
    monitor,
    path::{EarlyWarning, Health},
};

use super::engine::Engine;
use super::peer::{Peer, Sent};
use super::unit::{Ask, Machine};
use crate::report::{WatchEvent, Who};
use crate::target::Miss;
use crate::view::PeerView;

impl Engine {
    /// Does everything that `unit` wants done at `now`.
    pub(super) fn drain(&mut self, key: usize, now: Instant) {
        self.begin(key);
        loop {
            let Some(machine) = self.machine(key) else {
                return;
            };
            let ask = machine.poll(now);
            self.notice(key);
            match ask {
                Ask::Probe(place, id) => self.send(key, place, id, now),
                Ask::Event(event) => self.tell_of_peer(key, event),
                Ask::Group(event) => self.tell_of_group(key, event),
                Ask::Wait(until) => {
                    self.agenda.set(key, until);
                    return self.record(key, now);
                }
            }
        }
    }

    pub(super) fn machine(&mut self, unit: usize) -> Option<&mut Machine> {
        self.units.get_mut(&unit)?.machine.as_mut()
    }

    fn known(&self, unit: usize, place: usize, now: Instant) -> Option<monitor::Snapshot> {
        let machine = self.units.get(&unit)?.machine.as_ref()?;
        machine.known(place, now)
    }

    /// Returns the state of a peer, or `None` if its machine has not started.
    pub(super) fn known_of(&self, key: usize, now: Instant) -> Option<monitor::Snapshot> {
        let peer = self.peers.get(&key)?;
        self.known(peer.unit, peer.place, now)
    }

    pub(super) fn member(&self, unit: usize, place: usize) -> Option<usize> {
        self.units.get(&unit)?.members.get(place).copied()
    }

    fn send(&mut self, unit: usize, place: usize, id: ProbeId, now: Instant) {
        let key = self.member(unit, place).unwrap_or(usize::MAX);
        let machine = self
            .units
            .get_mut(&unit)
            .and_then(|unit| unit.machine.as_mut());
        let (Some(peer), Some(machine)) = (self.peers.get_mut(&key), machine) else {
            return;
        };
        match peer.send(id, now, machine) {
            Sent::Yes => {}
            Sent::NoRoom => {
                machine.skip(place, id, now);
            }
            Sent::No(why) => {
                let unsent = Err(ProbeError::Unsent);
                machine.handle_result(ProbeResult::new(place, id, unsent, now));
                self.open_link_again(key);
                self.tell(key, &WatchEvent::Miss(Miss::Unsent(why)));
            }
        }
    }

    /// Reports what the machine of `unit` found while it was polled: overdue probes, and new
    /// conditions of endpoints in a group.
    pub(super) fn notice(&mut self, unit: usize) {
        let members = self.units.get(&unit).map_or(0, |unit| unit.members.len());
        for place in 0..members {
            self.notice_peer(unit, place);
        }
    }

    fn notice_peer(&mut self, unit: usize, place: usize) {
        let machine = self.units.get(&unit).and_then(|unit| unit.machine.as_ref());
        let condition = machine.and_then(|machine| machine.condition(place));
        let lost = machine.map_or(0, |machine| machine.counters(place).lost);
        let key = self.member(unit, place).unwrap_or(usize::MAX);
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        let (more, before) = (peer.has_lost_more(lost), peer.turn(condition));
        if more {
            self.tell(key, &WatchEvent::Lost);
            self.warn(key, EarlyWarning::overdue);
        }
        if let (Some(from), Some(to)) = (before, condition)
            && from != to
        {
            let is_worse = matches!(
                to,
                Condition::Unknown | Condition::Suspected | Condition::Dead
            );
            let why = self.why(key).filter(|_| is_worse);
            self.tell(key, &WatchEvent::Condition { from, to, why });
        }
    }

    /// Passes the result of a probe to the early warning of a peer, and reports if its state
    /// changed.
    pub(super) fn warn(&mut self, key: usize, tell: impl FnOnce(&mut EarlyWarning) -> Health) {
        let peer = self.peers.get_mut(&key);
        if let Some(health) = peer.and_then(|peer| peer.warned(tell)) {
            self.tell(key, &WatchEvent::Health(health));
        }
    }

    /// Reports an event of a single peer; a bad one with what became of the last probe.
    fn tell_of_peer(&mut self, unit: usize, event: Event) {
        let is_bad = match event.kind {
            EventKind::Transition(change) => change.to != Verdict::Alive,
            EventKind::Blind { .. } => true,
            _ => false,
        };
        let key = self.member(unit, 0).unwrap_or(usize::MAX);
        let why = self.why(key).filter(|_| is_bad);
        self.tell(key, &WatchEvent::Event { event, why });
    }

    fn why(&self, key: usize) -> Option<String> {
        self.peers.get(&key)?.why().map(Into::into)
    }

    /// Reports an event of a group under the endpoint that it is about.
    fn tell_of_group(&mut self, unit: usize, event: Event<failover::EventKind>) {
        let active = || self.units.get(&unit)?.machine.as_ref()?.active();
        let place = match event.kind {
            failover::EventKind::Switched { to, .. } => to,
            failover::EventKind::Quarantined { endpoint, .. }
            | failover::EventKind::Released { endpoint, .. } => endpoint,
            _ => active().unwrap_or_default(),
        };
        let from = match event.kind {
            failover::EventKind::Switched { from, .. } => self.name(unit, from),
            _ => String::new(),
        };
        self.tell_at(unit, place, &WatchEvent::Group { event, from });
    }

    fn name(&self, unit: usize, place: usize) -> String {
        let peer = self
            .member(unit, place)
            .and_then(|key| self.peers.get(&key));
        peer.map(|peer| peer.name.clone()).unwrap_or_default()
    }

    fn tell_at(&mut self, unit: usize, place: usize, happening: &WatchEvent) {
        if let Some(key) = self.member(unit, place) {
            self.tell(key, happening);
        }
    }

    /// Reports an event. All events pass through this method.
    pub(super) fn tell(&mut self, key: usize, happening: &WatchEvent) {
        if happening.is_of_one_probe() {
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.note(happening);
            }
        } else {
            self.run_hook(key, happening);
        }
        if !self.report.wants(happening) {
            return;
        }
        let now = self.epoch.now();
        let Some(known) = self.known_of(key, now) else {
            return;
        };
        if let Some(peer) = self.peers.get(&key) {
            let (name, labels) = (&*peer.name, peer.labels());
            let who = Who { key, name, labels };
            self.report.tell(now, who, happening, &known);
        }
    }

    /// Reports what came of all probes of a peer.
    pub(super) fn sum_up(&mut self, key: usize) {
        let ignored = self.peers.get(&key).map_or(0, Peer::ignored);
        self.tell(key, &WatchEvent::Summary { ignored });
    }

    /// Shows the current state of all peers.
    pub(super) fn show(&mut self) {
        let now = self.epoch.now();
        let sights = self.order.iter().filter_map(|&key| self.sight(key, now));
        let sights = sights.collect();
        self.report.show(now, sights);
    }

    fn sight(&self, key: usize, now: Instant) -> Option<PeerView> {
        let peer: &Peer = self.peers.get(&key)?;
        let machine = self.units.get(&peer.unit)?.machine.as_ref()?;
        Some(PeerView {
            key,
            name: peer.name.clone(),
            round_trip: peer.round_trip_is(),
            known: machine.known(peer.place, now)?,
            health: peer.health(),
            why: peer.why().map(Into::into),
            condition: machine.condition(peer.place),
            active: machine.active() == Some(peer.place),
        })
    }
}
