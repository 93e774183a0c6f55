//! The events of a fleet that wait for the caller.

use alloc::collections::VecDeque;

use super::PeerEvent;
use crate::peer::event::{Event, EventKind};
use crate::time::Instant;

/// The pending events, of which the oldest are dropped where there are too many.
#[derive(Debug)]
pub(super) struct Queue<K> {
    events: VecDeque<Event<PeerEvent<K>>>,
    /// The number of the last event.
    pub(super) number: u32,
}

/// The number of pending events is at most the number of peers, or this if it is greater.
const EVENTS_MIN: usize = 64;

impl<K> Queue<K> {
    pub(super) const fn new() -> Self {
        Self {
            events: VecDeque::new(),
            number: 0,
        }
    }

    /// Queues an event under the next number, among those of `peers` peers.
    pub(super) fn tell(&mut self, peers: usize, peer: Option<K>, at: Instant, kind: EventKind) {
        if self.events.len() >= peers.max(EVENTS_MIN) {
            self.events.pop_front();
        }
        self.number = self.number.wrapping_add(1).max(1);
        let event = Event::new(self.number, at, PeerEvent { peer, kind });
        self.events.push_back(event);
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Event<PeerEvent<K>>> + '_ {
        self.events.drain(..)
    }
}
