//! Tests of `arrivals`. They are not published.

use core::time::Duration;

use super::*;

const SECOND_US: u64 = 1_000_000;

/// A beat that many slots and so long after the moment at which the last one was sent, by the line.
fn step(arrivals: &Arrivals<8>, slots: u32, interval_us: u64, after_us: u64) -> Step {
    Step {
        slots,
        interval_us,
        received: arrivals.sent.plus(after_us),
        late_us: 0,
        slept: false,
    }
}

fn aligned() -> Arrivals<8> {
    let mut arrivals = Arrivals::new();
    arrivals.align(Instant::from_secs(10_000), SECOND_US);
    arrivals
}

/// The next beat, which says an interval of a second, so long after its slot.
fn beat(arrivals: &mut Arrivals<8>, late_us: u64) -> u64 {
    let step = step(arrivals, 1, SECOND_US, SECOND_US + late_us);
    arrivals.take(step)
}

#[test]
fn the_first_beat_is_on_schedule() {
    let arrivals = aligned();
    assert_eq!(arrivals.sent, Instant::from_secs(10_000));
    assert_eq!(arrivals.expected(), Instant::from_secs(10_001));
    assert_eq!(arrivals.allowance_us(), SECOND_US / 8);
}

/// One on time, and one two seconds late.
#[test]
fn lateness_has_a_mean_a_deviation_and_what_may_well_come() {
    let mut arrivals = aligned();
    assert_eq!(beat(&mut arrivals, 2 * SECOND_US), 2 * SECOND_US);
    assert_eq!(arrivals.deviation_us(), SECOND_US);
    assert_eq!(arrivals.moments().mean(), Duration::from_secs(1));
    assert_eq!(arrivals.allowance_us(), 6 * SECOND_US);
    assert_eq!(
        arrivals.expected(),
        Instant::from_secs(10_004),
        "as late as the last"
    );
    beat(&mut arrivals, 0);
    let expected = Instant::from_micros(10_003_666_666); // as late as the mean
    assert_eq!(arrivals.expected(), expected);
}

#[test]
fn our_own_lateness_is_no_delay_of_the_next_beat() {
    let mut arrivals = aligned();
    let late = Step {
        late_us: 2 * SECOND_US,
        ..step(&arrivals, 1, SECOND_US, 3 * SECOND_US)
    };
    assert_eq!(arrivals.take(late), 2 * SECOND_US);
    assert_eq!(arrivals.expected(), Instant::from_secs(10_002));
}

/// An interval that changed in a beat that was lost: nobody knows the slot of this one.
#[test]
fn a_new_interval_keeps_the_line_if_its_slot_is_known() {
    let excess = |slots, after_us| {
        let mut arrivals = aligned();
        let new = step(&arrivals, slots, 5 * SECOND_US, after_us);
        let excess_us = arrivals.take(new);
        let next = arrivals.expected().since(arrivals.sent);
        assert_eq!(next, 5 * SECOND_US + excess_us, "{slots} slots");
        excess_us
    };
    assert_eq!(excess(1, SECOND_US), 0);
    assert_eq!(excess(1, SECOND_US + 1_000), 1_000);
    assert_eq!(excess(1, SECOND_US / 10), 0, "its slot was brought forward");
    assert_eq!(excess(2, 20 * SECOND_US), 0);
}

#[test]
fn slots_and_ages_are_counted_from_the_newest_beat() {
    let arrivals = aligned();
    let at = |second: u64| Instant::from_secs(10_000 + second);
    assert_eq!(arrivals.slots_since(at(10), SECOND_US), 10);
    assert_eq!(arrivals.slots_since(at(10), u64::MAX), 0);
    let age = |missing, second| arrivals.age_us(at(0), missing, at(second));
    assert_eq!([age(0, 1), age(2, 3), age(1, 1)], [0; 3]);
    assert_eq!(age(0, 3), 2 * SECOND_US);
}

/// Which of the beats that come `late_us` after their slots, one a second, is the first to restart the line.
fn restarted_at(late_us: impl Fn(u64) -> u64, bound_us: u64, patience_us: u64) -> Option<u64> {
    let mut arrivals = aligned();
    (1..60).find(|&slot| {
        let received = Instant::from_secs(10_000 + slot).plus(late_us(slot));
        let step = Step {
            received,
            ..step(&arrivals, 1, SECOND_US, 0)
        };
        arrivals.take(step);
        let restarts = arrivals.restarts(received, bound_us, patience_us);
        assert!(!restarts || arrivals.sent == received);
        restarts
    })
}

#[test]
fn beats_that_come_too_late_for_the_next_restart_the_line_after_the_patience() {
    let late = |_| 30 * SECOND_US;
    assert_eq!(restarted_at(late, 31 * SECOND_US, 10 * SECOND_US), None);
    assert_eq!(
        restarted_at(late, 31 * SECOND_US - 1, 10 * SECOND_US),
        Some(11)
    );
    assert_eq!(
        restarted_at(late, 3 * SECOND_US, 0),
        Some(4),
        "four at least"
    );
    let one_on_time = |slot| if slot == 8 { 0 } else { 30 * SECOND_US };
    assert_eq!(
        restarted_at(one_on_time, 3 * SECOND_US, 10 * SECOND_US),
        Some(19)
    );
}
