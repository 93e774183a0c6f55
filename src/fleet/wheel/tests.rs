//! Tests of `wheel`. They are not published.

extern crate std;
use alloc::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const ALL: u32 = 1 << 20;

#[derive(Clone, Debug)]
enum Op {
    Set(u32, u64),
    Cancel(u32),
    /// Advances by this time, with this many steps per call.
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

/// A sorted list, to compare the wheel with.
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

/// Where the steps run out, the rest of the slot has to be due at once.
#[test]
fn a_slot_that_is_being_spread_is_due_now() {
    let mut wheel = Wheel::new(Instant::ZERO);
    wheel.reserve(8);
    let due = Instant::from_secs(60);
    for index in 0..8 {
        wheel.set(index, due);
    }
    assert_eq!(wheel.pop(due, &mut 3, |_| ()), None);
    assert!(wheel.next() <= due);
    let mut popped = 0;
    while wheel.pop(due, &mut { ALL }, |_| ()).is_some() {
        popped += 1;
    }
    assert_eq!((popped, wheel.next()), (8, Instant::MAX));
}

proptest! {
    /// Whatever the steps per call, no deadline is early, late or lost.
    #[test]
    fn turns_like_a_sorted_list(start in span(), ops in prop::collection::vec(op(), 1..if cfg!(miri) { 20 } else { 200 })) {
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
                        if let Some((index, at)) = wheel.pop(Instant::from_micros(now), &mut steps, |_| ()) {
                            prop_assert_eq!(at.as_micros(), due);
                            prop_assert!(model.0.remove(&(due, index)), "{} at {}", index, due);
                        }
                    }
                    let mut steps = ALL;
                    prop_assert_eq!(wheel.pop(Instant::from_micros(now), &mut steps, |_| ()), None);
                }
            }
            let first = model.0.first().map_or(u64::MAX, |&(due, _)| due);
            prop_assert!(wheel.next().as_micros() <= first);
            prop_assert!(wheel.next().as_micros() > now || first <= now);
        }
    }
}

/// A deadline beyond the horizon is early, never late.
#[test]
fn the_end_of_time_is_far_and_never_comes() {
    let mut wheel = Wheel::new(Instant::ZERO);
    wheel.reserve(2);
    wheel.set(0, Instant::from_micros(u64::MAX - 1));
    wheel.set(1, Instant::MAX); // never
    let mut steps = ALL;
    let (_, due) = wheel
        .pop(Instant::from_micros(u64::MAX - 2), &mut steps, |_| ())
        .unwrap();
    assert_eq!(due.as_micros(), HORIZON_US);
    wheel.set(0, Instant::from_micros(u64::MAX - 1));
    wheel.pop(Instant::MAX, &mut steps, |_| ()).unwrap();
    assert_eq!(wheel.pop(Instant::MAX, &mut steps, |_| ()), None);
    assert_eq!(wheel.next(), Instant::MAX);
}

#[test]
fn a_deadline_of_the_past_is_due_now() {
    let mut wheel = Wheel::new(Instant::from_secs(7));
    wheel.reserve(1);
    wheel.set(0, Instant::from_secs(1));
    let mut steps = ALL;
    assert_eq!(
        wheel.pop(Instant::from_secs(7), &mut steps, |_| ()),
        Some((0, Instant::from_secs(7)))
    );
}
