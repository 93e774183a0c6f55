//! A watched peer: its link, and the probes that have no result yet.

use std::collections::VecDeque;
use std::mem::replace;
use std::time::SystemTime;

use systole::{
    Instant, ProbeId,
    failover::Condition,
    path::{EarlyWarning, Health},
};
use tokio_util::task::AbortOnDropHandle;

use super::settings::Watched;
use super::unit::Machine;
use crate::labels::Labels;
use crate::report::{WatchEvent, describe};
use crate::target::{Link, Scheme};

/// The number of probes whose send times are kept: as many as can be under way.
const SENT_MAX: usize = 64;
/// The number of connections that one peer holds at most.
const CONNECTIONS_MAX: usize = 2;

#[derive(Debug)]
pub(super) struct Peer {
    /// What is watched, or `None` for the demo peer.
    pub(super) watched: Option<Watched>,
    pub(super) name: String,
    /// The unit that it belongs to, and its place there.
    pub(super) unit: usize,
    pub(super) place: usize,
    pub(super) access: Access,
    /// The task that opens a new link, beside the one in use if there is one.
    pub(super) opening: Option<AbortOnDropHandle<()>>,
    /// The link before, as long as its probes are under way.
    previous: Option<Link>,
    /// What earlier links ignored.
    ignored: u64,
    /// In how many days its certificate expires, if that was told.
    pub(super) certificate_days: Option<u64>,
    /// Why the last probe proved no life; `None` if it did, or if there is nothing but silence.
    why: Option<String>,
    sent: VecDeque<(ProbeId, Instant)>,
    /// The machine's count of lost probes when it was last read.
    lost: u32,
    /// The condition in the group when it was last read.
    condition: Option<Condition>,
    warning: EarlyWarning,
}

/// Whether a peer can be probed.
#[derive(Debug)]
pub(super) enum Access {
    Open(Link),
    /// Its link could not be opened yet, for this reason.
    Closed(String),
}

/// What became of a probe that the machine asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Yes,
    /// All connections that the peer may hold wait for replies that may still come in time.
    NoRoom,
    /// It cannot be sent, for this reason.
    No(String),
}

impl Peer {
    pub(super) const fn new(name: String, unit: usize, place: usize, access: Access) -> Self {
        Self {
            watched: None,
            name,
            unit,
            place,
            access,
            opening: None,
            previous: None,
            ignored: 0,
            certificate_days: None,
            why: None,
            sent: VecDeque::new(),
            lost: 0,
            condition: None,
            warning: EarlyWarning::new(),
        }
    }

    /// Passes the result of a probe to the early warning; returns its state if that changed.
    pub(super) fn warned(
        &mut self,
        tell: impl FnOnce(&mut EarlyWarning) -> Health,
    ) -> Option<Health> {
        let before = self.warning.health();
        let health = tell(&mut self.warning);
        (health != before).then_some(health)
    }

    pub(super) const fn health(&self) -> Health {
        self.warning.health()
    }

    /// Stores the machine's count of lost probes; returns whether it has risen.
    pub(super) const fn has_lost_more(&mut self, lost: u32) -> bool {
        lost > replace(&mut self.lost, lost)
    }

    /// Stores the condition in the group; returns the one before.
    pub(super) const fn turn(&mut self, condition: Option<Condition>) -> Option<Condition> {
        replace(&mut self.condition, condition)
    }

    pub(super) fn labels(&self) -> Option<&Labels> {
        let watched = self.watched.as_ref()?;
        Some(&watched.labels).filter(|labels| !labels.is_empty())
    }

    /// Returns what the round-trip time measures.
    pub(super) fn round_trip_is(&self) -> &'static str {
        let watched = self.watched.as_ref();
        let scheme = watched.map_or(Scheme::Udp, |watched| watched.target.scheme());
        scheme.round_trip()
    }

    /// Returns whether a probe is under way that may still become overdue.
    pub(super) fn is_waiting(&self) -> bool {
        !self.sent.is_empty()
    }

    /// Takes a new link, which is used from the next probe on. If it could not be opened, returns
    /// why, provided that the link before stays in use.
    pub(super) fn opened(&mut self, link: Result<Link, String>) -> Option<String> {
        self.opening = None;
        match (&self.access, link) {
            (Access::Open(_), Err(why)) => return Some(why),
            (Access::Closed(_), Err(why)) => self.access = Access::Closed(why),
            (_, Ok(link)) => {
                if let Access::Open(before) = replace(&mut self.access, Access::Open(link)) {
                    self.ignored += before.ignored();
                    self.previous = Some(before);
                }
            }
        }
        None
    }

    /// Sends a probe. If the peer holds as many connections as it may, the probe takes the place of
    /// the oldest one that `is_overdue`. If there is none and `machine` has not heard of the peer,
    /// or calls it dead, it takes the place of the latest one: a peer that is back is noticed, a
    /// slow one is waited for, and no skipped probe puts the bound off.
    pub(super) fn send(&mut self, id: ProbeId, now: Instant, machine: &Machine) -> Sent {
        let place = self.place;
        let terms = machine.terms(place);
        let link = match &mut self.access {
            Access::Open(link) => link,
            Access::Closed(why) => return Sent::No(why.clone()),
        };
        let (sent, reply_window) = (&mut self.sent, terms.reply_window);
        sent.retain(|&(_, at)| at.saturating_add(reply_window) > now);
        if sent.is_empty() {
            self.previous = None;
        }
        let is_settled = |id| !sent.iter().any(|&(other, _)| other == id);
        let is_over = |id| is_settled(id) || machine.is_overdue(place, id);
        if !make_room(link, || !machine.is_heard(place, now), is_over) {
            return Sent::NoRoom;
        }
        if !link.send(id, reply_window) {
            return Sent::No("its link has ended".into());
        }
        sent.push_back((id, now));
        if sent.len() > SENT_MAX {
            sent.pop_front();
        }
        Sent::Yes
    }

    /// Returns when its certificate expires, if it has shown one.
    pub(super) fn certificate_expires(&self) -> Option<SystemTime> {
        match &self.access {
            Access::Open(link) => link.certificate_expires(),
            Access::Closed(_) => None,
        }
    }

    /// Notes what became of a probe, which may explain the next verdict.
    pub(super) fn note(&mut self, happening: &WatchEvent) {
        match happening {
            WatchEvent::Answer { .. } | WatchEvent::Lost => self.why = None,
            WatchEvent::Miss(_) => self.why = describe(happening),
            _ => {}
        }
    }

    /// Returns why the last probe proved no life, if that is known.
    pub(super) fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// Returns how many datagrams came that are not the first echo of a probe.
    pub(super) fn ignored(&self) -> u64 {
        match &self.access {
            Access::Open(link) => self.ignored + link.ignored(),
            Access::Closed(_) => self.ignored,
        }
    }

    /// Returns when probe `id`, of which a result has come, was sent.
    pub(super) fn settle(&mut self, id: ProbeId) -> Option<Instant> {
        let place = self.sent.iter().position(|&(sent, _)| sent == id)?;
        self.sent.remove(place).map(|(_, sent)| sent)
    }
}

/// Makes room for one more connection; returns whether there is room.
fn make_room(
    link: &mut Link,
    is_unheard: impl Fn() -> bool,
    is_over: impl Fn(ProbeId) -> bool,
) -> bool {
    let under_way = link.under_way();
    if under_way.len() < CONNECTIONS_MAX {
        return true;
    }
    let under_way: Vec<_> = under_way.collect();
    let over = under_way.iter().find(|&&id| is_over(id));
    let latest = under_way.last().filter(|_| is_unheard());
    let Some(&id) = over.or(latest) else {
        return false;
    };
    link.cancel(id);
    true
}
