extern crate alloc;

use alloc::format;
use core::time::Duration;

use super::*;

const NOW: Instant = Instant::from_secs(2);
const CONTEXT: Context = Context {
    bound_us: 3_000_000,
    by: RelaxedBy::Pushback,
    failed_at: Instant::from_millis(1_250),
};

#[test]
fn events_read_as_lines_of_a_log() {
    let mut pending = Pending::NONE;
    let change = Change {
        from: Verdict::Suspect,
        to: Verdict::Dead,
        reason: Reason::BoundElapsed,
    };
    pending.transition(change, Instant::ZERO, SuspicionLevel::ZERO);
    assert!(pending.late(2_500_000, 1_000_000));
    pending.relaxed(1_000_000);
    pending.broken();
    pending.blind();
    let lines = [(); SLOTS].map(|()| {
        let event = pending.take(&CONTEXT, NOW);
        event.map(|event| format!("{event}")).unwrap_or_default()
    });
    assert_eq!(
        lines,
        [
            "suspect to dead: silent",
            "paused: 2.5s late ourselves",
            "bound relaxed from 1s to 3s: asked for fewer probes",
            "promise broken: more mistakes than allowed",
            "blind: no probe could be sent since 1.250000s",
        ]
    );
}

#[test]
fn events_come_in_order_and_an_overwritten_one_leaves_a_gap() {
    let mut pending = Pending::NONE;
    pending.number = u32::MAX;
    pending.broken();
    assert_eq!(
        pending.take(&CONTEXT, NOW).map(|event| event.number),
        Some(1)
    ); // never 0
    pending = Pending::NONE;
    pending.broken();
    pending.relaxed(1);
    pending.broken();
    assert_eq!(
        pending.take(&CONTEXT, NOW).map(|event| event.number),
        Some(2)
    );
    let broken = Event::new(3, NOW, EventKind::PromiseBroken);
    assert_eq!(pending.take(&CONTEXT, NOW), Some(broken));
    assert_eq!(pending.take(&CONTEXT, NOW), None);
}

#[test]
fn what_was_late_in_pieces_is_one_pause() {
    let mut pending = Pending::NONE;
    assert_eq!(
        [3, 4, 9].map(|late_us| pending.late(late_us, 7)),
        [false, true, false]
    );
    let lateness = Duration::from_micros(16);
    let paused = Event::new(1, NOW, EventKind::Paused { lateness });
    assert_eq!(pending.take(&CONTEXT, NOW), Some(paused));
    assert!(!pending.late(6, 7), "the next one starts from nothing");
    pending.drained();
    assert!(!pending.late(6, 7));
}
