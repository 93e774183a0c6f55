//! Tests of `flow`. They are not published.

use core::time::Duration;

use super::*;

fn beat(sequence: u32) -> Beat {
    Beat::new(sequence, Duration::from_secs(1))
}

#[test]
fn duplicates_are_told_from_reordered_beats_and_numbers_wrap() {
    let mut flow = Flow::new(&beat(u32::MAX - 1));
    assert_eq!(flow.place(&beat(1)), Place::Next(3));
    flow.advance(3);
    assert_eq!(flow.sequence, 1);
    assert_eq!(flow.place(&beat(0)), Place::Reordered);
    flow.note(0);
    assert_eq!(flow.place(&beat(0)), Place::Known);
    assert_eq!(flow.place(&beat(1)), Place::Known);
    assert_eq!(flow.place(&beat(u32::MAX)), Place::Reordered);
    assert_eq!(
        flow.place(&beat(u32::MAX - 2)),
        Place::Known,
        "before the first"
    );
    assert_eq!(flow.place(&beat(u32::MAX - 1)), Place::Known);
    assert_eq!(flow.place(&beat(u32::MAX - 100)), Place::Known, "too old");
    assert_eq!(flow.place(&beat(1).with_incarnation(1)), Place::Other);
}

#[test]
fn a_jump_over_the_memory_forgets_it() {
    let mut flow = Flow::new(&beat(0));
    flow.advance(1_000);
    assert_eq!(flow.place(&beat(0)), Place::Known);
    assert_eq!(flow.place(&beat(999)), Place::Reordered);
}

#[test]
fn a_stranger_is_confirmed_in_pace() {
    let candidate = Candidate::new(&beat(7), Instant::from_secs(10));
    let at = Instant::from_millis;
    assert!(candidate.is_confirmed_by(&beat(8), at(10_500)));
    assert!(!candidate.is_confirmed_by(&beat(8), at(10_499)), "too soon");
    assert!(!candidate.is_confirmed_by(&beat(7), at(11_000)), "the same");
    assert!(!candidate.is_confirmed_by(&beat(700), at(11_000)), "a jump");
}
