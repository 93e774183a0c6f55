use alloc::vec::Vec;
use core::time::Duration;

use super::*;
use crate::path::SuspicionLevel;
use crate::{Instant, Reason, Transition, Verdict};

fn change(number: u32, id: u64, from: Verdict, to: Verdict) -> Event<PeerEvent<u64>> {
    let change = Transition {
        level: SuspicionLevel::ZERO,
        from,
        to,
        reason: Reason::Overdue,
    };
    let kind = PeerEvent {
        peer: Some(id),
        kind: EventKind::Transition(change),
        cause: None,
    };
    Event::new(number, Instant::ZERO, kind)
}

fn full() -> Inbox {
    let mut inbox = Inbox::default();
    for number in 1..=1_024 {
        inbox.push(change(number, 1, Verdict::Alive, Verdict::Suspect));
    }
    inbox
}

fn drain(inbox: &mut Inbox) -> Vec<(u32, Verdict, Verdict)> {
    core::iter::from_fn(|| inbox.pop())
        .map(|event| match event.kind.kind {
            EventKind::Transition(change) => (event.number, change.from, change.to),
            _ => unreachable!(),
        })
        .collect()
}

#[test]
fn beyond_the_limit_each_sender_keeps_one_change_to_its_latest_verdict() {
    let mut inbox = full();
    for (number, id, from, to) in [
        (1_025, 1, Verdict::Suspect, Verdict::Dead),
        (1_026, 2, Verdict::Alive, Verdict::Suspect),
        (1_027, 1, Verdict::Dead, Verdict::Alive),
        (1_028, 2, Verdict::Suspect, Verdict::Dead),
    ] {
        inbox.push(change(number, id, from, to));
    }
    let events = drain(&mut inbox);
    assert_eq!(
        events[1_024..],
        [
            (1_027, Verdict::Suspect, Verdict::Alive),
            (1_028, Verdict::Alive, Verdict::Dead)
        ]
    );
    assert_eq!((inbox.coalesced, inbox.beyond.len()), (2, 0));
}

#[test]
fn what_was_read_is_not_replaced() {
    let mut inbox = full();
    inbox.push(change(1_025, 2, Verdict::Alive, Verdict::Suspect));
    for _ in 0..1_025 {
        inbox.pop().unwrap();
    }
    inbox.push(change(1_026, 2, Verdict::Suspect, Verdict::Dead));
    assert_eq!(
        drain(&mut inbox),
        [(1_026, Verdict::Suspect, Verdict::Dead)]
    );
}

#[test]
fn the_last_change_that_is_read_of_a_sender_is_its_latest() {
    let mut inbox = full();
    inbox.push(change(1_025, 2, Verdict::Alive, Verdict::Suspect));
    for _ in 0..2 {
        inbox.pop().unwrap();
    }
    inbox.push(change(1_026, 2, Verdict::Suspect, Verdict::Dead)); // there is room again
    inbox.push(change(1_027, 2, Verdict::Dead, Verdict::Alive));
    let numbers: Vec<_> = drain(&mut inbox).iter().map(|event| event.0).collect();
    assert_eq!(numbers[1_022..], [1_025, 1_026, 1_027]);
    assert!(inbox.beyond.is_empty());
}

#[test]
fn beyond_the_limit_what_is_no_verdict_is_dropped() {
    let mut inbox = full();
    let kind = PeerEvent {
        peer: None,
        kind: EventKind::Paused {
            lateness: Duration::from_secs(1),
        },
        cause: None,
    };
    inbox.push(Event::new(1_025, Instant::ZERO, kind));
    assert_eq!((inbox.events.len(), inbox.coalesced), (EVENTS, 1));
}
