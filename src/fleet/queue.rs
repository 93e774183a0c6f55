//! The events of a fleet that wait for the caller.

use alloc::collections::VecDeque;

use super::PeerEvent;
use crate::peer::event::Event;
use crate::time::Instant;

/// The pending events, of which the oldest are dropped where there are too many.
#[derive(Debug)]
pub(super) struct Queue<K> {
    events: VecDeque<Event<PeerEvent<K>>>,
    /// The number of the last event.
    number: u32,
}

/// How many more events may be pending than there are peers: those of the fleet as a whole.
const EVENTS_MORE: usize = 64;

impl<K> Queue<K> {
    pub(super) const fn new() -> Self {
        Self {
            events: VecDeque::new(),
            number: 0,
        }
    }

    /// Queues an event under the next number, among those of `peers` peers.
    pub(super) fn push(&mut self, peers: usize, event: PeerEvent<K>, at: Instant) {
        if self.events.len() >= peers.saturating_add(EVENTS_MORE) {
            self.events.pop_front();
        }
        self.number = self.number.wrapping_add(1).max(1);
        self.events.push_back(Event::new(self.number, at, event));
    }

    /// Leaves out `count` numbers.
    pub(super) const fn skip(&mut self, count: u32) {
        self.number = self.number.wrapping_add(count);
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Event<PeerEvent<K>>> + '_ {
        self.events.drain(..)
    }
}
