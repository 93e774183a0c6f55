//! The events that wait for the reader.

use alloc::collections::VecDeque;
use core::task::{Context, Poll, Waker};
use std::collections::HashMap;

use crate::fleet::PeerEvent;
use crate::{Event, EventKind};

/// The number of events up to which all are kept.
pub(super) const EVENTS: usize = 1_024;

/// A bounded queue that loses no verdict. Where more than [`EVENTS`] wait, each sender has at most
/// one change of its verdict beyond them, from the oldest verdict to the newest, and other events
/// are dropped.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    events: VecDeque<Event<PeerEvent<u64>>>,
    /// How many events were taken in all, so that positions stay valid.
    taken: u64,
    /// The position, counted from the first event ever, of each sender's change beyond the limit.
    beyond: HashMap<u64, u64>,
    /// How many events were dropped, or replaced by a later one of their sender.
    pub(super) coalesced: u64,
    reader: Option<Waker>,
    is_closed: bool,
}

impl Inbox {
    pub(super) fn push(&mut self, event: Event<PeerEvent<u64>>) {
        let change = matches!(event.kind.kind, EventKind::Transition(_));
        let sender = event.kind.peer.filter(|_| change);
        if self.events.len() < EVENTS {
            if let Some(id) = sender {
                self.beyond.remove(&id); // no longer the newest change of its sender
            }
            self.events.push_back(event);
        } else if let Some(id) = sender {
            self.push_beyond(id, event);
        } else {
            self.coalesced = self.coalesced.saturating_add(1);
        }
    }

    fn push_beyond(&mut self, id: u64, event: Event<PeerEvent<u64>>) {
        if let Some(&position) = self.beyond.get(&id) {
            return self.replace(position, event);
        }
        let position = self.taken.saturating_add(length(&self.events));
        self.beyond.insert(id, position);
        self.events.push_back(event);
    }

    /// Replaces the change at `position` by a later one, which then begins with the earlier verdict.
    fn replace(&mut self, position: u64, mut event: Event<PeerEvent<u64>>) {
        let index = usize::try_from(position.saturating_sub(self.taken)).ok();
        let Some(place) = index.and_then(|index| self.events.get_mut(index)) else {
            return;
        };
        if let (EventKind::Transition(old), EventKind::Transition(new)) =
            (place.kind.kind, &mut event.kind.kind)
        {
            new.from = old.from;
        }
        *place = event;
        self.coalesced = self.coalesced.saturating_add(1);
    }

    pub(super) fn pop(&mut self) -> Option<Event<PeerEvent<u64>>> {
        let event = self.events.pop_front()?;
        if let Some(id) = event.kind.peer
            && self.beyond.get(&id) == Some(&self.taken)
        {
            self.beyond.remove(&id);
        }
        self.taken = self.taken.saturating_add(1);
        Some(event)
    }

    /// Returns the next event, or stores the waker of the reader.
    pub(super) fn poll_pop(
        &mut self,
        context: &Context<'_>,
    ) -> Poll<Option<Event<PeerEvent<u64>>>> {
        match self.pop() {
            None if !self.is_closed => {
                self.reader = Some(context.waker().clone());
                Poll::Pending
            }
            event => Poll::Ready(event),
        }
    }

    /// Wakes the reader if there is something to read.
    pub(super) fn wake(&mut self) {
        if (self.is_closed || !self.events.is_empty())
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
    }

    /// Ends the events: those that wait are still read.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.wake();
    }
}

fn length(events: &VecDeque<Event<PeerEvent<u64>>>) -> u64 {
    u64::try_from(events.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
