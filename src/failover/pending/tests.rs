extern crate alloc;

use alloc::format;

use super::super::event::SwitchReason;
use super::*;

const AT: Instant = Instant::from_secs(5);

const fn switched(from: usize, to: usize) -> EventKind {
    let reason = SwitchReason::Requested;
    EventKind::Switched { from, to, reason }
}

fn taken(pending: &mut Pending<3>) -> alloc::vec::Vec<alloc::string::String> {
    let events = core::iter::from_fn(|| pending.take());
    events
        .map(|event| format!("{} {event}", event.number))
        .collect()
}

#[test]
fn events_come_in_the_order_in_which_they_happened() {
    let mut pending = Pending::<3>::new();
    pending.number = u32::MAX - 1;
    pending.released(0, AT);
    pending.tell(AT, EventKind::Restored);
    pending.released(1, AT);
    pending.released(2, AT);
    assert!(!pending.is_empty());
    let told = taken(&mut pending);
    let last = u32::MAX;
    let lines = [
        format!("{last} 0 released"),
        "1 restored".into(),
        "2 1 released".into(),
        "3 2 released".into(),
    ];
    assert_eq!(told, lines);
    assert!(pending.is_empty());
}

#[test]
fn switches_for_which_there_is_no_room_are_told_as_one_and_leave_a_gap() {
    let mut pending = Pending::<3>::new();
    for (from, to) in [(0, 1), (1, 2), (2, 0), (0, 1), (1, 0), (0, 2)] {
        pending.tell(AT, switched(from, to));
    }
    let lines = [
        "1 switched from 0 to 1: requested",
        "2 switched from 1 to 2: requested",
        "3 switched from 2 to 0: requested",
        "6 switched from 0 to 2: requested",
    ];
    assert_eq!(taken(&mut pending), lines);
    for (from, to) in [(2, 1), (1, 2), (2, 0), (0, 1), (1, 0)] {
        // The group is back at the endpoint reported last, so there is nothing to report.
        pending.tell(AT, switched(from, to));
    }
    assert_eq!(taken(&mut pending).len(), 3);
}
