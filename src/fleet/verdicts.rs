//! What all fleets share of verdicts: their census, what peers have in common, and the events.

use super::common::{Cause, CommonMode, Labels};
use super::queue::Queue;
use super::{Census, PeerEvent};
use crate::config::error::ConfigError;
use crate::peer::event::{Event, EventKind};
use crate::peer::verdict::Verdict;
use crate::time::Instant;

/// The verdicts on all peers, in numbers, and the events that wait for the caller. `K` is how the
/// fleet names peers.
#[derive(Debug)]
pub(super) struct Verdicts<K> {
    census: Census,
    common: CommonMode,
    queue: Queue<K>,
}

/// A peer to which something happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<K> {
    pub(super) peer: K,
    /// The number of its set of labels.
    pub(super) labels: u8,
    /// The bound in force.
    pub(super) bound_us: u64,
}

impl<K> Verdicts<K> {
    pub(super) fn new(window_us: u64, now: Instant) -> Self {
        Self {
            census: Census::default(),
            common: CommonMode::new(window_us, now),
            queue: Queue::new(),
        }
    }

    pub(super) const fn census(&self) -> Census {
        self.census
    }

    pub(super) const fn is_isolated(&self) -> bool {
        self.common.is_isolated()
    }

    // ---- membership ----

    /// Returns the number of a set of labels.
    pub(super) fn number(&mut self, labels: Labels) -> Result<u8, ConfigError> {
        self.common.number(labels)
    }

    pub(super) fn labels(&self, number: u8) -> Labels {
        self.common.labels(number)
    }

    pub(super) fn add(&mut self, labels: u8, verdict: Verdict, now: Instant) {
        *self.census.of(verdict) += 1;
        self.common.add(labels, verdict, now);
    }

    pub(super) fn remove(&mut self, labels: u8, verdict: Verdict, now: Instant) {
        *self.census.of(verdict) -= 1;
        self.common.remove(labels, verdict, now);
    }

    // ---- changes ----

    /// Counts a change of verdict, and tells whether the fleet is isolated no more. Call it before
    /// the change is told.
    pub(super) fn change(&mut self, labels: u8, from: Verdict, to: Verdict, now: Instant) {
        if from == to {
            return;
        }
        *self.census.of(from) -= 1;
        *self.census.of(to) += 1;
        self.common.change(labels, from, to, now);
        if self.common.rejoins() {
            self.tell(None, now, EventKind::Rejoined);
        }
    }

    /// Makes the verdict on every peer `Unknown`.
    pub(super) fn forget(&mut self, now: Instant) {
        self.census = Census {
            unknown: self.census.peers(),
            ..Census::default()
        };
        self.common.forget(now);
    }

    /// Records by how much the calls until `now` were late.
    pub(super) fn see_lateness(&mut self, late_us: u64, now: Instant) {
        self.common.see_lateness(late_us, now);
    }

    /// Records that the silence of all peers until `now` is excused.
    pub(super) fn see_excuse(&mut self, now: Instant) {
        self.common.see_excuse(now);
    }

    // ---- events ----

    /// Tells what happened to a peer, and why it is dead if it is.
    pub(super) fn tell_of(&mut self, subject: Subject<K>, at: Instant, kind: EventKind) {
        let is_death = matches!(kind, EventKind::Transition(change) if change.to == Verdict::Dead);
        let cause = is_death.then(|| self.cause(&subject, at));
        let peer = Some(subject.peer);
        self.push(PeerEvent { peer, kind, cause }, at);
    }

    /// Tells what happened to all peers.
    pub(super) fn tell(&mut self, peer: Option<K>, at: Instant, kind: EventKind) {
        let cause = None;
        self.push(PeerEvent { peer, kind, cause }, at);
    }

    /// Returns why a peer is dead, and tells before it whether the fleet is isolated.
    fn cause(&mut self, subject: &Subject<K>, at: Instant) -> Cause {
        self.common.see_bound(subject.bound_us);
        if self.common.becomes_isolated() {
            let since = at.minus(subject.bound_us);
            self.tell(None, at, EventKind::Isolated { since });
        }
        self.common.cause(subject.labels)
    }

    fn push(&mut self, event: PeerEvent<K>, at: Instant) {
        self.queue.push(self.census.peers(), event, at);
    }

    /// Leaves out `count` event numbers.
    pub(super) const fn skip(&mut self, count: u32) {
        self.queue.skip(count);
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Event<PeerEvent<K>>> + '_ {
        self.queue.drain()
    }

    /// Returns whether the census is `counted`, and agrees with the counts of silent peers.
    pub(super) fn are(&self, counted: Census) -> bool {
        let (alive, suspect) = self.common.counts();
        let counts = [(alive, counted.alive), (suspect, counted.suspect)];
        counted == self.census && counts.iter().all(|&(one, other)| one as usize == other)
    }
}
