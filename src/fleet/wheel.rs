//! Deadlines of very many peers: a hierarchical timing wheel, to the microsecond.
//!
//! Eight levels of 256 slots hold 64 bits of time (Varghese and Lauck 1987, scheme 7). A deadline lies on the level of the highest byte in
//! which it differs from the wheel's time, so whatever lies on a level is due before whatever lies on the next one. Slots are doubly linked lists
//! through one array: to set, to cancel and to find the next deadline takes constant time, whatever else is waiting, and allocates nothing.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::time::Instant;

const LEVELS: usize = 8;
const SLOTS: usize = 256;
const SLOT_BITS: u32 = 8;
const WORDS: usize = SLOTS / 64;

/// The end of a list.
const NONE: u32 = u32::MAX;

/// What is due when, by index.
#[derive(Clone, Debug)]
pub(super) struct Wheel {
    /// How far it has turned. Nothing that waits is due earlier.
    now: u64,
    levels: Box<[Level; LEVELS]>,
    links: Vec<Link>,
    /// The rest of a slot whose time has come and that is being spread over the levels below.
    spreading: u32,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    heads: [u32; SLOTS],
    /// A bit for each slot that is not empty.
    occupied: [u64; WORDS],
}

/// Place of a list on the wheel.
#[derive(Clone, Copy, Debug)]
struct Slot {
    level: usize,
    number: usize,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    /// [`Instant::MAX`]: it does not wait.
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

impl Level {
    const EMPTY: Self = Self {
        heads: [NONE; SLOTS],
        occupied: [0; WORDS],
    };

    /// The first slot that is not empty.
    fn first(&self) -> Option<usize> {
        let mut words = self.occupied.iter().enumerate();
        words.find_map(|(place, &word)| {
            (word != 0).then(|| place * 64 + word.trailing_zeros() as usize)
        })
    }

    fn head(&self, slot: usize) -> u32 {
        self.heads.get(slot).copied().unwrap_or(NONE)
    }

    fn set_head(&mut self, slot: usize, head: u32) {
        if let Some(place) = self.heads.get_mut(slot) {
            *place = head;
        }
        if let Some(word) = self.occupied.get_mut(slot / 64) {
            let bit = 1 << (slot % 64);
            *word = if head == NONE {
                *word & !bit
            } else {
                *word | bit
            };
        }
    }
}

impl Wheel {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            now: now.as_micros(),
            levels: Box::new([Level::EMPTY; LEVELS]),
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

    /// `index` is due at `due` and at no other time; never where that is [`Instant::MAX`].
    pub(super) fn set(&mut self, index: u32, due: Instant) {
        self.cancel(index);
        if due < Instant::MAX {
            self.insert(index, due);
        }
    }

    /// `index` is not due any more.
    pub(super) fn cancel(&mut self, index: u32) {
        let Some(link) = self.link_mut(index) else {
            return;
        };
        let gone = core::mem::replace(link, Link::IDLE);
        if gone.due == Instant::MAX {
            return;
        }
        if let Some(previous) = self.link_mut(gone.previous) {
            previous.next = gone.next;
        } else if self.spreading == index {
            self.spreading = gone.next;
        } else {
            self.set_head(self.slot(gone.due.as_micros()), gone.next);
        }
        if let Some(next) = self.link_mut(gone.next) {
            next.previous = gone.previous;
        }
    }

    /// The next index that is due by `now`, in the order of deadlines; it does not wait any more. Every step of the search takes one of
    /// `steps`, and where they run out there may be more.
    pub(super) fn pop(&mut self, now: Instant, steps: &mut u32) -> Option<(u32, Instant)> {
        while *steps > 0 {
            *steps -= 1;
            if self.spreading != NONE {
                self.spread_one();
                continue;
            }
            let found = self
                .first()
                .filter(|&slot| self.start(slot) <= now.as_micros());
            let Some(slot) = found else {
                self.now = self.now.max(now.as_micros());
                return None;
            };
            self.now = self.start(slot);
            let head = self.head(slot);
            if slot.level == 0 {
                self.cancel(head);
                return Some((head, Instant::from_micros(self.now)));
            }
            self.spreading = head;
            self.set_head(slot, NONE);
        }
        None
    }

    /// Before this nothing is due: exact within 256 microseconds from now, else rounded down to a slot. Never where nothing waits.
    pub(super) fn next(&self) -> Instant {
        if self.spreading != NONE {
            return Instant::from_micros(self.now);
        }
        self.first()
            .map_or(Instant::MAX, |slot| Instant::from_micros(self.start(slot)))
    }

    /// Moves one entry of the slot whose time has come to a level below.
    fn spread_one(&mut self) {
        let index = self.spreading;
        if let Some(due) = self.link_mut(index).map(|link| link.due) {
            self.set(index, due);
        }
    }

    fn insert(&mut self, index: u32, due: Instant) {
        let due = due.as_micros().max(self.now);
        let slot = self.slot(due);
        let next = self.head(slot);
        if let Some(link) = self.link_mut(index) {
            *link = Link {
                due: Instant::from_micros(due),
                previous: NONE,
                next,
            };
            self.set_head(slot, index);
        }
        if let Some(next) = self.link_mut(next) {
            next.previous = index;
        }
    }

    /// Where what is due at `due` lies. The same as long as it lies there: the wheel never turns past a slot that is not empty.
    const fn slot(&self, due: u64) -> Slot {
        let differing = (due ^ self.now) | 1;
        let level = differing.ilog2() / SLOT_BITS;
        Slot {
            level: level as usize,
            number: (due >> (level * SLOT_BITS)) as usize % SLOTS,
        }
    }

    /// When the time of `slot` comes.
    const fn start(&self, slot: Slot) -> u64 {
        let low = slot.level as u32 * SLOT_BITS; // at most 56
        let above = self.now & u64::MAX.unbounded_shl(low + SLOT_BITS);
        above | (slot.number as u64) << low
    }

    fn first(&self) -> Option<Slot> {
        let mut levels = self.levels.iter().enumerate();
        levels.find_map(|(level, slots)| slots.first().map(|number| Slot { level, number }))
    }

    fn head(&self, slot: Slot) -> u32 {
        self.levels
            .get(slot.level)
            .map_or(NONE, |level| level.head(slot.number))
    }

    fn set_head(&mut self, slot: Slot, head: u32) {
        if let Some(level) = self.levels.get_mut(slot.level) {
            level.set_head(slot.number, head);
        }
    }

    fn link_mut(&mut self, index: u32) -> Option<&mut Link> {
        self.links.get_mut(index as usize)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const ALL: u32 = 1 << 20;

    #[derive(Clone, Debug)]
    enum Op {
        Set(u32, u64),
        Cancel(u32),
        /// Turn by so much, with so many steps at a time.
        Turn(u64, u32),
    }

    fn span() -> impl Strategy<Value = u64> {
        (0_u32..44, any::<u64>()).prop_map(|(bits, draw)| draw & ((1 << bits) - 1))
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            4 => (0_u32..32, span()).prop_map(|(index, after)| Op::Set(index, after)),
            1 => (0_u32..32).prop_map(Op::Cancel),
            2 => (span(), 1_u32..50).prop_map(|(span, steps)| Op::Turn(span, steps)),
        ]
    }

    /// The same as the wheel, sorted.
    #[derive(Default)]
    struct Model(BTreeSet<(u64, u32)>);

    impl Model {
        fn cancel(&mut self, index: u32) {
            self.0.retain(|&(_, other)| other != index);
        }

        fn due(&mut self, now: u64) -> Option<(u64, u32)> {
            self.0.first().copied().filter(|&(due, _)| due <= now)
        }
    }

    proptest! {
        /// Nothing is early, nothing late, nothing lost; however the steps are rationed.
        #[test]
        fn turns_like_a_sorted_list(start in span(), ops in prop::collection::vec(op(), 1..200)) {
            let mut now = start;
            let mut wheel = Wheel::new(Instant::from_micros(now));
            wheel.reserve(32);
            let mut model = Model::default();
            for op in ops {
                match op {
                    Op::Set(index, after) => {
                        wheel.set(index, Instant::from_micros(now + after));
                        model.cancel(index);
                        model.0.insert((now + after, index));
                    }
                    Op::Cancel(index) => {
                        wheel.cancel(index);
                        model.cancel(index);
                    }
                    Op::Turn(span, ration) => {
                        now += span;
                        while let Some((due, _)) = model.due(now) {
                            let mut steps = ration;
                            if let Some((index, at)) = wheel.pop(Instant::from_micros(now), &mut steps) {
                                prop_assert_eq!(at.as_micros(), due);
                                prop_assert!(model.0.remove(&(due, index)), "{} at {}", index, due);
                            }
                        }
                        let mut steps = ALL;
                        prop_assert_eq!(wheel.pop(Instant::from_micros(now), &mut steps), None);
                    }
                }
                let first = model.0.first().map_or(u64::MAX, |&(due, _)| due);
                prop_assert!(wheel.next().as_micros() <= first);
                prop_assert!(wheel.next().as_micros() > now || first <= now);
            }
        }
    }

    #[test]
    fn waits_until_the_end_of_time() {
        let mut wheel = Wheel::new(Instant::ZERO);
        wheel.reserve(2);
        wheel.set(0, Instant::from_micros(u64::MAX - 1));
        wheel.set(1, Instant::MAX); // never
        let mut steps = ALL;
        assert_eq!(
            wheel.pop(Instant::from_micros(u64::MAX - 2), &mut steps),
            None
        );
        assert_eq!(
            wheel.pop(Instant::MAX, &mut steps),
            Some((0, Instant::from_micros(u64::MAX - 1)))
        );
        assert_eq!(wheel.pop(Instant::MAX, &mut steps), None);
        assert_eq!(wheel.next(), Instant::MAX);
    }

    #[test]
    fn a_deadline_of_the_past_is_due_now() {
        let mut wheel = Wheel::new(Instant::from_secs(7));
        wheel.reserve(1);
        wheel.set(0, Instant::from_secs(1));
        let mut steps = ALL;
        assert_eq!(
            wheel.pop(Instant::from_secs(7), &mut steps),
            Some((0, Instant::from_secs(7)))
        );
    }
}
