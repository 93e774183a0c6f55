//! The machines behind a watch: a monitor a peer, or one group of them all.

use std::time::Duration;

use systole::pacing::Fluctuation;
use systole::{
    Condition, ConfigError, Endpoint, Event, Failover, FailoverEvent, FailoverOutput, Fault,
    Instant, Monitor, MonitorSnapshot, Output, ProbeId, Verdict, WINDOW,
};

use super::settings::Settings;

/// The most endpoints of a group.
const GROUP_MAX: usize = 16;

type Group = Failover<GROUP_MAX, WINDOW, Fluctuation>;

#[derive(Debug)]
pub(super) enum Hearts {
    Apart(Vec<Monitor<WINDOW>>),
    Group(Box<Group>),
}

/// What the machines ask for. Peers are known by their places.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    Probe(usize, ProbeId),
    Event(usize, Event),
    Group(FailoverEvent),
    Wait(Instant),
}

impl Hearts {
    /// For `peers` peers of which nothing is known.
    pub(super) fn new(
        settings: &Settings,
        peers: usize,
        now: Instant,
    ) -> Result<Self, ConfigError> {
        if let Some(group) = &settings.group {
            let group = Group::new(*group, &vec![Endpoint::new(); peers], now)?;
            return Ok(Self::Group(Box::new(group)));
        }
        let monitor = |_| Monitor::new(settings.config.seeded(), now);
        let monitors: Result<_, _> = (0..peers).map(monitor).collect();
        Ok(Self::Apart(monitors?))
    }

    /// The same peers and others under other settings: `places` says where each was before. Monitors keep what they know; a group starts over.
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

    /// Until it answers [`Ask::Wait`].
    pub(super) fn poll(&mut self, now: Instant) -> Ask {
        match self {
            Self::Apart(monitors) => poll_all(monitors, now),
            Self::Group(group) => match group.poll(now) {
                FailoverOutput::Probe { endpoint, id } => Ask::Probe(endpoint, id),
                FailoverOutput::Event(event) => Ask::Group(event),
                FailoverOutput::Wait(until) => Ask::Wait(until),
                FailoverOutput::Idle => Ask::Wait(Instant::MAX),
            },
        }
    }

    pub(super) fn reply(&mut self, peer: usize, id: ProbeId, at: Instant, setup: Duration) {
        match self {
            Self::Apart(monitors) => with(monitors, peer, |monitor| {
                monitor.handle_reply_with(id, at, setup);
            }),
            Self::Group(group) => group.handle_reply_with(peer, id, at, setup),
        }
    }

    pub(super) fn fault(&mut self, peer: usize, id: ProbeId, fault: Fault, at: Instant) {
        match (self, fault) {
            (Self::Apart(monitors), Fault::Failed(failure)) => with(monitors, peer, |monitor| {
                monitor.handle_failure(id, failure, at);
            }),
            (Self::Apart(monitors), Fault::Unsent) => with(monitors, peer, |monitor| {
                monitor.handle_unsent(id, at);
            }),
            (Self::Group(group), Fault::Failed(failure)) => {
                group.handle_failure(peer, id, failure, at);
            }
            (Self::Group(group), Fault::Unsent) => group.handle_unsent(peer, id, at),
            _ => {} // the machine sees for itself
        }
    }

    pub(super) fn pushback(&mut self, peer: usize, at: Instant) {
        match self {
            Self::Apart(monitors) => with(monitors, peer, |monitor| monitor.handle_pushback(at)),
            Self::Group(group) => group.handle_pushback(peer, at),
        }
    }

    /// What is known of a peer; nothing where there is no such peer.
    pub(super) fn known(&self, peer: usize, now: Instant) -> Option<MonitorSnapshot> {
        match self {
            Self::Apart(monitors) => monitors.get(peer).map(|monitor| monitor.snapshot(now)),
            Self::Group(group) => group.status(peer, now).map(|status| status.monitor),
        }
    }

    /// What a group thinks of a peer.
    pub(super) fn condition(&self, peer: usize) -> Option<Condition> {
        match self {
            Self::Apart(_) => None,
            Self::Group(group) => group.condition(peer),
        }
    }

    /// The peer that a group uses.
    pub(super) fn active(&self) -> Option<usize> {
        match self {
            Self::Apart(_) => None,
            Self::Group(group) => Some(group.active()),
        }
    }

    /// Whether all peers are of use; of a group, the one in use.
    pub(super) fn are_well(&self, now: Instant) -> bool {
        match self {
            Self::Apart(monitors) => monitors.iter().all(|monitor| is_well(monitor.verdict())),
            Self::Group(group) => {
                let active = self.known(group.active(), now);
                active.is_some_and(|known| is_well(known.heart.verdict))
            }
        }
    }
}

const fn is_well(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Alive | Verdict::Suspect)
}

/// A peer that is none is nobody's.
fn with(monitors: &mut [Monitor<WINDOW>], peer: usize, act: impl FnOnce(&mut Monitor<WINDOW>)) {
    if let Some(monitor) = monitors.get_mut(peer) {
        act(monitor);
    }
}

fn poll_all(monitors: &mut [Monitor<WINDOW>], now: Instant) -> Ask {
    let mut until = Instant::MAX;
    for (peer, monitor) in monitors.iter_mut().enumerate() {
        match monitor.poll(now) {
            Output::Probe(id) => return Ask::Probe(peer, id),
            Output::Event(event) => return Ask::Event(peer, event),
            Output::Wait(at) => until = until.min(at),
            Output::Idle => {}
        }
    }
    Ask::Wait(until)
}
