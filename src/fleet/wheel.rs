//! The deadlines of very many peers: a hierarchical timing wheel, exact to the microsecond
//! [Varghese and Lauck 1987, scheme 7].
//!
//! The wheel has five levels of 16,384 slots. A slot is 256 times as wide as one of the level
//! below: the first level reaches 16 ms, the third 18 minutes, the last two years. A deadline lies
//! on the lowest level that reaches it, and moves down when the time of its slot comes. Rarely more
//! than one in 64 of all deadlines moves at the same moment.
//!
//! Slots are doubly linked lists through one array. To set, to cancel and to find the next deadline
//! takes constant time, however many there are, and allocates nothing.

use alloc::vec::Vec;

use crate::time::Instant;

mod level;

use level::{Level, SLOTS};

const LEVELS: usize = 5;
/// A slot is 2^8 times as wide as one of the level below.
const STEP_BITS: usize = 8;
/// The farthest deadline, two years ahead. A later one is put there, and put again when that time
/// has come.
const HORIZON_US: u64 = (SLOTS as u64 - 1) << ((LEVELS - 1) * STEP_BITS);

/// The cost of returning a deadline that is due, in steps. Moving one down a level costs one step.
pub(super) const VISIT: u32 = 64;

/// Marks the end of a list.
const NONE: u32 = u32::MAX;
/// In the field `previous` of the first link of a list: `HEAD_OF + n` names the list of a slot on
/// level n, `HEAD_OF_SPREAD` the list that is being spread.
const HEAD_OF: u32 = NONE - 8;
const HEAD_OF_SPREAD: u32 = NONE - 1;

/// The deadlines by index.
#[derive(Clone, Debug)]
pub(super) struct Wheel {
    /// The time up to which the wheel has turned. No deadline is earlier.
    now: u64,
    levels: Vec<Level>,
    links: Vec<Link>,
    /// The head of the rest of a slot whose time has come and whose entries are being moved to the
    /// levels below.
    spreading: u32,
}

/// The deadline of one index, and its neighbours in the list of its slot.
#[derive(Clone, Copy, Debug)]
struct Link {
    /// The deadline; [`Instant::MAX`] where there is none.
    due: Instant,
    previous: u32,
    next: u32,
}

impl Link {
    const IDLE: Self = Self {
        due: Instant::MAX,
        previous: NONE,
        next: NONE,
    };
}

/// The next slot of a level that is not empty, and when its time comes.
#[derive(Clone, Copy, Debug)]
struct Turn {
    start: u64,
    level: usize,
}

impl Wheel {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            now: now.as_micros(),
            levels: (0..LEVELS)
                .map(|level| Level::new(level * STEP_BITS))
                .collect(),
            links: Vec::new(),
            spreading: NONE,
        }
    }

    /// Makes room for indices below `count`.
    pub(super) fn reserve(&mut self, count: usize) {
        if self.links.len() < count {
            self.links.resize(count, Link::IDLE);
        }
    }

    /// Replaces the deadline of `index` by `due`, or removes it where that is [`Instant::MAX`].
    pub(super) fn set(&mut self, index: u32, due: Instant) {
        self.cancel(index);
        if due < Instant::MAX {
            self.insert(index, due);
        }
    }

    /// Removes the deadline of `index`.
    pub(super) fn cancel(&mut self, index: u32) {
        let link = self.link_mut(index);
        let gone = link.map_or(Link::IDLE, |link| core::mem::replace(link, Link::IDLE));
        if gone.due == Instant::MAX {
            return;
        }
        if let Some(previous) = self.link_mut(gone.previous) {
            previous.next = gone.next;
        } else if gone.previous == HEAD_OF_SPREAD {
            self.spreading = gone.next;
        } else {
            let level = (gone.previous - HEAD_OF) as usize;
            self.set_head(level, gone.due.as_micros(), gone.next);
        }
        self.edit(gone.next, |next| next.previous = gone.previous);
    }

    /// Removes and returns the earliest deadline that is due by `now`, with its index. Moving a
    /// deadline down takes one of `steps`, returning one takes [`VISIT`]. Where the steps run out,
    /// the result is `None` although more may be due.
    ///
    /// Calls `soon` for each index that moves to the lowest level: it is due within 16 ms, and
    /// where there are many, within a quarter of a millisecond.
    pub(super) fn pop(
        &mut self,
        now: Instant,
        steps: &mut u32,
        soon: impl Fn(u32),
    ) -> Option<(u32, Instant)> {
        while *steps > 0 {
            if self.spreading != NONE {
                *steps -= 1;
                let index = self.spreading;
                if self.spread_one() == Some(0) {
                    soon(index);
                }
                continue;
            }
            let found = self.first().filter(|turn| turn.start <= now.as_micros());
            let Some(Turn { start, level }) = found else {
                self.now = self.now.max(now.as_micros());
                return None;
            };
            self.now = start;
            let head = self
                .levels
                .get(level)
                .map_or(NONE, |level| level.head(start));
            if level == 0 {
                *steps = steps.saturating_sub(VISIT);
                self.cancel(head);
                return Some((head, Instant::from_micros(start)));
            }
            self.spread(level, head);
        }
        None
    }

    /// Returns a moment before which nothing is due: the next deadline if it is within 16 ms, else
    /// that rounded down to a slot; [`Instant::MAX`] where there is none.
    pub(super) fn next(&self) -> Instant {
        if self.spreading != NONE {
            return Instant::from_micros(self.now);
        }
        let first = self.first();
        first.map_or(Instant::MAX, |turn| Instant::from_micros(turn.start))
    }

    /// Returns the slot whose time comes next. Of several with the same time it is the widest,
    /// since its entries may be due first.
    fn first(&self) -> Option<Turn> {
        let levels = self.levels.iter().enumerate().rev();
        let turns = levels.filter_map(|(level, slots)| {
            let start = slots.next()?;
            Some(Turn { start, level })
        });
        turns.min_by_key(|turn| turn.start)
    }

    /// Begins to spread the slot with the list `head`, whose time has come.
    fn spread(&mut self, level: usize, head: u32) {
        self.set_head(level, self.now, NONE);
        self.spreading = head;
        self.edit(head, |link| link.previous = HEAD_OF_SPREAD);
    }

    /// Moves one entry of the list that is being spread to a lower level. Returns that level.
    fn spread_one(&mut self) -> Option<usize> {
        let index = self.spreading;
        let due = self.link_mut(index)?.due;
        self.cancel(index);
        self.insert(index, due)
    }

    #[allow(clippy::cast_possible_truncation)]
    fn insert(&mut self, index: u32, due: Instant) -> Option<usize> {
        let due = due
            .as_micros()
            .clamp(self.now, self.now.saturating_add(HORIZON_US));
        let mut levels = self.levels.iter().enumerate();
        let (place, level) = levels.find(|(_, level)| level.reaches(due, self.now))?;
        let next = level.head(due);
        self.set_head(place, due, index);
        self.edit(index, |link| {
            *link = Link {
                due: Instant::from_micros(due),
                previous: HEAD_OF + place as u32,
                next,
            };
        });
        self.edit(next, |next| next.previous = index);
        Some(place)
    }

    fn set_head(&mut self, level: usize, due: u64, head: u32) {
        if let Some(level) = self.levels.get_mut(level) {
            level.set_head(due, head, self.now);
        }
    }

    /// Changes the link of `index`, if there is one.
    fn edit(&mut self, index: u32, change: impl FnOnce(&mut Link)) {
        if let Some(link) = self.link_mut(index) {
            change(link);
        }
    }

    fn link_mut(&mut self, index: u32) -> Option<&mut Link> {
        self.links.get_mut(index as usize)
    }
}

#[cfg(test)]
mod tests;
