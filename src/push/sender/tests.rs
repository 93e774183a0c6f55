//! Tests of `sender`. They are not published.

use proptest::prelude::*;

use super::*;
use crate::push::wire;

const SECOND: Duration = Duration::from_secs(1);

fn sender() -> Sender {
    Sender::new(SECOND, 9, Instant::ZERO).unwrap()
}

#[test]
fn the_next_beat_is_told_to_be_an_eighth_late_at_most() {
    let deadline = Beat::new(0, SECOND)
        .with_deadline(SECOND * 9 / 8)
        .deadline();
    match sender().poll(Instant::from_secs(1)) {
        Output::Send(beat) => assert_eq!(beat.deadline(), deadline),
        other => assert!(matches!(other, Output::Send(_)), "{other:?}"),
    }
}

/// Returns the sequence number of the heartbeat that is to be sent, if there is one.
fn number(output: Output<Beat, Infallible>) -> Option<u32> {
    match output {
        Output::Send(beat) => Some(beat.sequence()),
        _ => None,
    }
}

#[test]
fn slots_do_not_drift_with_late_polls() {
    let (mut sender, mut now) = (sender(), Instant::ZERO);
    for slot in 0..1_000_u32 {
        now = Instant::from_secs(u64::from(slot)).plus(u64::from(slot % 7) * 100_000);
        assert_eq!(number(sender.poll(now)), Some(slot));
    }
    assert_eq!(sender.poll(now), Output::Wait(Instant::from_secs(1_000)));
}

#[test]
fn a_shorter_interval_does_not_wait_for_the_longer_one() {
    let mut sender = Sender::new(3_600 * SECOND, 9, Instant::ZERO).unwrap();
    let _ = sender.poll(Instant::ZERO);
    sender.set_interval(SECOND, Instant::from_secs(60)).unwrap();
    assert_eq!(
        sender.poll(Instant::from_secs(60)),
        Output::Wait(Instant::from_secs(61))
    );
}

/// Returns the intervals and deadlines that the next heartbeats state, in seconds.
fn said<const BEATS: usize>(sender: &mut Sender) -> [(u64, u64); BEATS] {
    core::array::from_fn(|_| match sender.poll(sender.next) {
        Output::Send(beat) => (beat.interval().as_secs(), beat.deadline().as_secs()),
        other => panic!("{other:?} at the next slot"),
    })
}

#[test]
fn a_longer_interval_is_announced_by_as_many_beats_as_may_be_lost() {
    let mut three = sender();
    three.set_interval(80 * SECOND, Instant::ZERO).unwrap();
    let (slow, notice) = ((80, 90), (1, 90 + 3 * 79));
    assert_eq!(said(&mut three), [notice, notice, notice, slow, slow]);
    let mut none = sender().losses(0).unwrap();
    none.set_interval(80 * SECOND, Instant::ZERO).unwrap();
    assert_eq!(said(&mut none), [slow, slow]);
}

/// Otherwise a sender that slows down a little at every heartbeat would never slow down at all.
#[test]
fn an_interval_that_is_set_while_another_is_announced_waits_for_that() {
    let mut sender = sender();
    sender.set_interval(8 * SECOND, Instant::ZERO).unwrap();
    let (first, second) = ((1, 9 + 3 * 7), (8, 90 + 3 * 72));
    assert_eq!(said(&mut sender), [first]);
    sender.set_interval(80 * SECOND, Instant::ZERO).unwrap();
    let slow = (80, 90);
    assert_eq!(
        said(&mut sender),
        [first, first, second, second, second, slow]
    );
}

#[test]
fn a_shorter_interval_ends_the_announcement_of_a_longer_one() {
    let mut sender = sender();
    sender.set_interval(80 * SECOND, Instant::ZERO).unwrap();
    assert_eq!(said(&mut sender), [(1, 90 + 3 * 79)]);
    sender.set_interval(8 * SECOND, Instant::ZERO).unwrap();
    let notice = (1, 9 + 3 * 7);
    assert_eq!(said(&mut sender), [notice, notice, (8, 9), (8, 9)]);
    sender.set_interval(80 * SECOND, Instant::ZERO).unwrap();
    sender.set_interval(SECOND, Instant::ZERO).unwrap();
    assert_eq!(said(&mut sender), [(1, 1); 8]);
}

proptest! {
    #[test]
    fn a_beat_says_on_the_wire_what_the_sender_states(
        from_us in 1..SPAN_MAX_US,
        to_us in 1..SPAN_MAX_US,
        losses in 0..=LOSSES_MAX,
    ) {
        let sender = Sender::new(duration(from_us), 9, Instant::ZERO).unwrap();
        let mut sender = sender.losses(losses).unwrap();
        sender.set_interval(duration(to_us), Instant::ZERO).unwrap();
        for _ in 0..losses + 2 {
            let Output::Send(beat) = sender.poll(sender.next) else { continue };
            prop_assert_eq!(wire::decode(&wire::encode(&beat)), Ok(beat));
        }
    }
}

#[test]
fn a_deadline_is_an_interval_and_an_eighth_rounded_up() {
    let mut sender = Sender::new(5 * SECOND, 9, Instant::ZERO).unwrap();
    let beat = sender.goodbye();
    assert_eq!(beat.deadline(), Duration::from_micros(5_625_008));
}

#[test]
fn nothing_follows_a_goodbye() {
    let mut sender = sender();
    sender.set_load(Some(3));
    let beat = sender.goodbye();
    assert!(beat.is_goodbye());
    assert_eq!((beat.load(), beat.exit_status()), (None, None));
    assert_eq!(sender.poll(Instant::from_secs(60)), Output::Idle);
}

#[test]
fn the_ends_of_time_and_of_the_numbers_are_survived() {
    let mut sender = sender();
    sender.sequence = u32::MAX;
    assert_eq!(number(sender.poll(Instant::ZERO)), Some(u32::MAX));
    assert_eq!(number(sender.poll(Instant::ZERO)), None);
    assert_eq!(sender.sequence, 0);
    let far = Instant::from_micros(u64::MAX - 1);
    assert!(matches!(sender.poll(far), Output::Send(_)));
    assert_eq!(sender.poll(Instant::MAX), Output::Idle);
}

#[test]
fn a_fleet_does_not_start_in_step() {
    let starts: [Instant; 64] = core::array::from_fn(|seed| sender().spread(seed as u64).next);
    let early = starts.iter().filter(|&&at| at < Instant::from_millis(500));
    assert!((20..44).contains(&early.count()));
    assert!(starts.iter().all(|&at| at < Instant::from_secs(1)));
}
