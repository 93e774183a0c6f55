//! Days of beats at a steady slope. `SYSTOLE_BEATS=1000000` lives as long as ten days and more.

use systole_testkit::push::{Lived, LongLife, lives};

/// Beats a life, unless set: long enough for a thousand ppm of drift to add up to more than a
/// stated bound leaves.
const BEATS: u32 = 4_000;

fn beats() -> u32 {
    let set = std::env::var("SYSTOLE_BEATS").ok();
    let set = set.map(|it| it.replace('_', ""));
    set.and_then(|it| it.parse().ok()).unwrap_or(BEATS)
}

/// Lives all lives of the table, and prints those that break the bar.
fn broken(is_broken: impl Fn(&LongLife, &Lived) -> bool) -> usize {
    let (mut count, mut polls) = (0, 0);
    for life in lives(beats()) {
        let lived = life.live();
        polls += lived.polls;
        if is_broken(&life, &lived) {
            count += 1;
            println!("{life:?}: {lived:?}");
        }
    }
    println!("{polls} polls");
    count
}

#[test]
fn a_live_sender_of_a_steady_slope_is_never_called_dead() {
    assert_eq!(broken(|_, lived| lived.deaths > 0), 0);
}

#[test]
fn a_live_sender_of_a_steady_slope_is_not_suspect_after_sixteen_beats() {
    assert_eq!(broken(|_, lived| lived.suspicions > 0), 0);
}

#[test]
fn a_crash_after_a_long_life_is_found_within_the_bound_the_delay_and_the_jitter() {
    let late = |life: &LongLife, lived: &Lived| {
        lived
            .found_after_us
            .is_none_or(|us| us > life.limit_us(lived))
    };
    assert_eq!(broken(late), 0);
}
