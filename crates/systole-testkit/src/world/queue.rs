//! Things that happen at a moment of true time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A queue in order of time; things of the same moment come out in the order in which they went in.
#[derive(Debug)]
pub struct Queue<T> {
    heap: BinaryHeap<Reverse<(u64, u64, Entry<T>)>>,
    pushed: u64,
}

/// Compares equal to everything: time and order of arrival decide before it is asked.
#[derive(Debug)]
struct Entry<T>(T);

impl<T> PartialEq for Entry<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
            pushed: 0,
        }
    }
}

impl<T> Queue<T> {
    /// Adds `thing`, to come out at `at_us`.
    pub fn push(&mut self, at_us: u64, thing: T) {
        self.pushed += 1;
        self.heap.push(Reverse((at_us, self.pushed, Entry(thing))));
    }

    /// When the next thing comes out.
    #[must_use]
    pub fn next_us(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((at_us, ..))| *at_us)
    }

    /// The next thing that is due at `now_us`, with its moment.
    pub fn pop_due(&mut self, now_us: u64) -> Option<(u64, T)> {
        if self.next_us()? > now_us {
            return None;
        }
        let Reverse((at_us, _, Entry(thing))) = self.heap.pop()?;
        Some((at_us, thing))
    }

    /// How many things are waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}
