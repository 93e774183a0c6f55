//! A unit: one machine, and the peers that it is about. It is a monitor of one peer, or a group of
//! peers of which one is active.

use std::time::Duration;

use systole::machine::{self, Machine as _, Outcome, ProbeResult, Terms};
use systole::pacing::Fluctuation;
use systole::{
    Config, ConfigError, Event, Failover, Instant, Monitor, Output, ProbeId, Verdict,
    failover::{self, Condition, Endpoint},
    monitor,
    path::DEFAULT_WINDOW,
    peer::Counters,
};

use crate::target::Target;

/// The largest number of endpoints in a group.
const GROUP_MAX: usize = 16;

/// The interval over which the first probes of groups are spread.
const GROUP_INTERVAL: Duration = Duration::from_secs(1);

pub(super) type Group = Failover<GROUP_MAX, DEFAULT_WINDOW, Fluctuation>;

/// The settings of a machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Plan {
    Single(Config),
    Group(failover::Config<Fluctuation>),
}

/// What stays the same when the settings of a unit change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum UnitId {
    Single(Target),
    Group(String),
}

#[derive(Debug)]
pub(super) struct Unit {
    /// What it is, over changes of the configuration.
    pub(super) id: UnitId,
    /// The keys of its peers, in the order of the machine.
    pub(super) members: Vec<usize>,
    pub(super) plan: Plan,
    /// When the machine starts at the earliest.
    pub(super) start: Instant,
    /// The machine, once it has started.
    pub(super) machine: Option<Machine>,
}

#[derive(Debug)]
pub(super) enum Machine {
    Single(Box<Monitor<DEFAULT_WINDOW>>),
    Group(Box<Group>),
}

/// What a machine wants done. Peers are identified by their place in the unit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    Probe(usize, ProbeId),
    Event(Event),
    Group(Event<failover::EventKind>),
    Wait(Instant),
}

impl Plan {
    /// Returns the shortest interval between two probes of a peer.
    pub(super) const fn interval(&self) -> Duration {
        match self {
            Self::Single(config) => config.interval_min(),
            Self::Group(_) => GROUP_INTERVAL,
        }
    }

    /// Returns a new machine for `peers` peers.
    pub(super) fn machine(&self, peers: usize, now: Instant) -> Result<Machine, ConfigError> {
        Ok(match self {
            Self::Single(config) => Machine::Single(Box::new(Monitor::new(config.seeded(), now)?)),
            Self::Group(config) => {
                let endpoints = vec![Endpoint::new(); peers];
                let group = Group::with_window(config.seeded(), &endpoints, now)?;
                Machine::Group(Box::new(group))
            }
        })
    }
}

impl Machine {
    /// Polls the machine. Call it until it returns [`Ask::Wait`].
    pub(super) fn poll(&mut self, now: Instant) -> Ask {
        match self {
            Self::Single(monitor) => match monitor.step(now, None) {
                Output::Send(((), id)) => Ask::Probe(0, id),
                Output::Event(event) => Ask::Event(event),
                Output::Wait(until) => Ask::Wait(until),
                Output::Idle => Ask::Wait(Instant::MAX),
            },
            Self::Group(group) => match group.step(now, None) {
                Output::Send((place, id)) => Ask::Probe(place, id),
                Output::Event(event) => Ask::Group(event),
                Output::Wait(until) => Ask::Wait(until),
                Output::Idle => Ask::Wait(Instant::MAX),
            },
        }
    }

    /// Gives the machine other settings. Of a group, `places` says which place each of its `peers`
    /// had before, if that has changed; what is known of them stays.
    pub(super) fn reconfigure(
        &mut self,
        plan: &Plan,
        peers: usize,
        places: Option<&[Option<usize>]>,
        now: Instant,
    ) {
        match (self, plan) {
            (Self::Single(monitor), Plan::Single(config)) => monitor.reconfigure(config, now),
            (Self::Group(group), Plan::Group(config)) => {
                let Some(places) = places else {
                    return group.reconfigure(config, now);
                };
                let endpoints = vec![Endpoint::new(); peers];
                // the settings were checked with as many peers when they were read
                if let Ok(new) = group.renewed(config.seeded(), &endpoints, places, now) {
                    **group = new;
                }
            }
            _ => {} // a unit stays what it is
        }
    }

    /// Records the result of a probe, and returns what became of it.
    pub(super) fn handle_result(&mut self, result: ProbeResult<usize>) -> Outcome {
        match self {
            Self::Single(monitor) => monitor.handle_result(result.to(())),
            Self::Group(group) => group.handle_result(result),
        }
    }

    /// Records that there was no room for a probe.
    pub(super) fn skip(&mut self, place: usize, id: ProbeId, now: Instant) {
        match self {
            Self::Single(monitor) => monitor.handle_skipped(id, now),
            Self::Group(group) => group.handle_skipped(place, id, now),
        };
    }

    pub(super) fn probe_now(&mut self, place: usize, now: Instant) {
        match self {
            Self::Single(monitor) => monitor.probe_now(now),
            Self::Group(group) => group.probe_now(place, now),
        }
    }

    pub(super) fn is_overdue(&self, place: usize, id: ProbeId) -> bool {
        match self {
            Self::Single(monitor) => machine::Machine::is_overdue(&**monitor, (), id),
            Self::Group(group) => machine::Machine::is_overdue(&**group, place, id),
        }
    }

    /// Returns how long to wait for the reply to a probe of a peer.
    pub(super) fn terms(&self, place: usize) -> Terms {
        match self {
            Self::Single(monitor) => monitor.terms(()),
            Self::Group(group) => group.terms(place),
        }
    }

    pub(super) fn counters(&self, place: usize) -> Counters {
        match self {
            Self::Single(monitor) => *monitor.counters(),
            Self::Group(group) => machine::Machine::counters(&**group, place),
        }
    }

    /// Returns the state of a peer, or `None` if there is no such peer.
    pub(super) fn known(&self, place: usize, now: Instant) -> Option<monitor::Snapshot> {
        match self {
            Self::Single(monitor) => (place == 0).then(|| monitor.snapshot(now)),
            Self::Group(group) => group.status(place, now).map(|status| status.monitor),
        }
    }

    /// Returns whether the peer has been heard, and is not dead.
    pub(super) fn is_heard(&self, place: usize, now: Instant) -> bool {
        let known = self.known(place, now);
        known.is_some_and(|known| !matches!(known.path.verdict, Verdict::Unknown | Verdict::Dead))
    }

    /// Returns the condition of a peer in the group, if there is a group.
    pub(super) fn condition(&self, place: usize) -> Option<Condition> {
        match self {
            Self::Single(_) => None,
            Self::Group(group) => group.condition(place),
        }
    }

    /// Returns the place of the active peer of the group, if there is a group.
    pub(super) fn active(&self) -> Option<usize> {
        match self {
            Self::Single(_) => None,
            Self::Group(group) => Some(group.active()),
        }
    }

    /// Returns whether the peer is alive or suspected; in a group only the active one counts.
    pub(super) fn is_well(&self, now: Instant) -> bool {
        let known = self.known(self.active().unwrap_or(0), now);
        let verdict = known.map(|known| known.path.verdict);
        matches!(verdict, Some(Verdict::Alive | Verdict::Suspect))
    }
}
