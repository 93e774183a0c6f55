//! The machines of a watch: one monitor for each peer, or one group of all peers.

use systole::machine::{Machine, ProbeResult};
use systole::pacing::Fluctuation;
use systole::{
    ConfigError, Event, Failover, Instant, Monitor, Output, ProbeId, Verdict,
    failover::{self, Condition, Endpoint},
    monitor,
    path::DEFAULT_WINDOW,
};

use super::settings::Settings;

/// The largest number of endpoints in a group.
const GROUP_MAX: usize = 16;

type Group = Failover<GROUP_MAX, DEFAULT_WINDOW, Fluctuation>;

#[derive(Debug)]
pub(super) enum Hearts {
    Apart(Vec<Monitor<DEFAULT_WINDOW>>),
    Group(Box<Group>),
}

/// What the machines want done. Peers are identified by their index.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    Probe(usize, ProbeId),
    Event(usize, Event),
    Group(Event<failover::EventKind>),
    Wait(Instant),
}

impl Hearts {
    /// Returns machines for `peers` new peers.
    pub(super) fn new(
        settings: &Settings,
        peers: usize,
        now: Instant,
    ) -> Result<Self, ConfigError> {
        if let Some(group) = &settings.group {
            let group = Group::with_window(*group, &vec![Endpoint::new(); peers], now)?;
            return Ok(Self::Group(Box::new(group)));
        }
        let monitor = |_| Monitor::new(settings.config.seeded(), now);
        let monitors: Result<_, _> = (0..peers).map(monitor).collect();
        Ok(Self::Apart(monitors?))
    }

    /// Returns machines with other settings for the same peers and for others. `places` holds the
    /// previous index of each. Monitors keep their state; a group starts over.
    pub(super) fn renewed(
        &self,
        settings: &Settings,
        places: &[Option<usize>],
        now: Instant,
    ) -> Result<Self, ConfigError> {
        let mut hearts = Self::new(settings, places.len(), now)?;
        if let (Self::Apart(before), Self::Apart(monitors)) = (self, &mut hearts) {
            for (monitor, place) in monitors.iter_mut().zip(places) {
                if let Some(old) = place.and_then(|place| before.get(place)) {
                    monitor.clone_from(old);
                    monitor.reconfigure(&settings.config, now);
                }
            }
        }
        Ok(hearts)
    }

    /// Polls the machines. Call it until it returns [`Ask::Wait`].
    pub(super) fn poll(&mut self, now: Instant) -> Ask {
        match self {
            Self::Apart(monitors) => poll_all(monitors, now),
            Self::Group(group) => match group.step(now, None) {
                Output::Send((peer, id)) => Ask::Probe(peer, id),
                Output::Event(event) => Ask::Group(event),
                Output::Wait(until) => Ask::Wait(until),
                Output::Idle => Ask::Wait(Instant::MAX),
            },
        }
    }

    /// Records the result of a probe. Results for unknown peers are ignored.
    pub(super) fn handle_result(&mut self, settled: ProbeResult<usize>) {
        match self {
            Self::Apart(monitors) => {
                if let Some(monitor) = monitors.get_mut(settled.target) {
                    monitor.handle_result(settled.to(()));
                }
            }
            Self::Group(group) => group.handle_result(settled),
        }
    }

    /// Returns the state of a peer, or `None` if there is no such peer.
    pub(super) fn known(&self, peer: usize, now: Instant) -> Option<monitor::Snapshot> {
        match self {
            Self::Apart(monitors) => monitors.get(peer).map(|monitor| monitor.snapshot(now)),
            Self::Group(group) => group.status(peer, now).map(|status| status.monitor),
        }
    }

    /// Returns the condition of a peer in the group, if there is a group.
    pub(super) fn condition(&self, peer: usize) -> Option<Condition> {
        match self {
            Self::Apart(_) => None,
            Self::Group(group) => group.condition(peer),
        }
    }

    /// Returns the active peer of the group, if there is a group.
    pub(super) fn active(&self) -> Option<usize> {
        match self {
            Self::Apart(_) => None,
            Self::Group(group) => Some(group.active()),
        }
    }

    /// Returns whether all peers are alive or suspected; in a group only the active one counts.
    pub(super) fn are_well(&self, now: Instant) -> bool {
        match self {
            Self::Apart(monitors) => monitors.iter().all(|monitor| is_well(monitor.verdict())),
            Self::Group(group) => {
                let active = self.known(group.active(), now);
                active.is_some_and(|known| is_well(known.path.verdict))
            }
        }
    }
}

const fn is_well(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Alive | Verdict::Suspect)
}

fn poll_all(monitors: &mut [Monitor<DEFAULT_WINDOW>], now: Instant) -> Ask {
    let mut next = Instant::MAX;
    for (peer, monitor) in monitors.iter_mut().enumerate() {
        match monitor.step(now, None) {
            Output::Send(((), id)) => return Ask::Probe(peer, id),
            Output::Event(event) => return Ask::Event(peer, event),
            Output::Wait(until) => next = next.min(until),
            Output::Idle => {}
        }
    }
    Ask::Wait(next)
}
