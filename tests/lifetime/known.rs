//! The search alone: what it does next, by what it knows.

use core::time::Duration;

use systole::pacing::{LifetimeRange, LifetimeRecord, LifetimeSearch};

use crate::{DAY, MINUTE, SECOND, reach};

const MICROSECOND: Duration = Duration::from_micros(1);

/// A search that survived an idle and lost another one.
fn knows(
    reach: LifetimeRange,
    survived: Duration,
    lost: Option<Duration>,
    doubts: u8,
) -> LifetimeSearch {
    let mut search = LifetimeSearch::new(reach);
    let memory = LifetimeRecord::new(survived, lost, doubts).unwrap();
    search.recall(memory, Duration::ZERO);
    search
}

fn two() -> LifetimeRange {
    reach().with_second_flow()
}

// ---- when it ends ----

#[test]
fn where_the_longest_interval_was_survived_nothing_is_left_to_be_found() {
    for reach in [reach(), two()] {
        assert!(!knows(reach, 59 * MINUTE, None, 0).is_settled());
        assert!(knows(reach, 60 * MINUTE, None, 0).is_settled());
        assert!(knows(reach, 70 * MINUTE, Some(100 * MINUTE), 0).is_settled());
    }
}

#[test]
fn with_a_second_flow_it_ends_within_a_32nd() {
    let lost = 33 * MINUTE;
    assert!(knows(two(), 32 * MINUTE, Some(lost), 0).is_settled());
    assert!(!knows(two(), 32 * MINUTE, Some(lost + MICROSECOND), 0).is_settled());
}

/// The next try, 119 of 112, would be 17 short of 136.
#[test]
fn without_one_it_ends_an_eighth_short_of_what_was_lost() {
    let lost = 1_360 * SECOND;
    assert!(knows(reach(), 1_120 * SECOND, Some(lost), 0).is_settled());
    assert!(!knows(reach(), 1_120 * SECOND, Some(lost + 2 * MICROSECOND), 0).is_settled());
}

/// What was kept while it lasted counts for no confirmation.
#[test]
fn the_time_that_is_kept_counts_from_its_end() {
    let mut search = knows(two(), 8 * MINUTE, Some(9 * MINUTE), 0);
    for _ in 0..9 {
        search.survived(search.interval());
    }
    search.trial_lost(8 * MINUTE + 10 * SECOND);
    assert!(search.is_settled());
    assert_eq!(search.trial(), None);
    search.survived(search.interval());
    assert_eq!(search.trial(), Some(8 * MINUTE));
}

// ---- what is tried ----

#[test]
fn a_second_flow_idles_twice_as_long_each_time_and_then_half_way() {
    let mut search = LifetimeSearch::new(two());
    for seconds in [30, 60, 120, 240, 480, 960, 1_920, 3_600] {
        assert_eq!(search.trial(), Some(seconds * SECOND));
        search.trial_survived(seconds * SECOND);
    }
    let trial = |lost| knows(two(), 4 * MINUTE, Some(lost), 0).trial();
    assert_eq!(trial(10 * MINUTE), Some(7 * MINUTE));
    assert_eq!(trial(10 * MINUTE + MICROSECOND), Some(8 * MINUTE)); // more than two and a half times as long
}

/// After 1, 4, 16 … intervals, which are longer from one time to the next.
#[test]
fn what_a_second_flow_survived_is_confirmed_ever_more_seldom() {
    let mut search = knows(two(), 32 * MINUTE, Some(33 * MINUTE), 0);
    let mut kept = 0;
    let confirmed = [(); 3].map(|()| {
        while search.trial().is_none() {
            search.survived(search.interval());
            kept += 1;
        }
        search.trial_survived(32 * MINUTE);
        kept
    });
    assert_eq!(confirmed, [1, 5, 17]);
}

/// Confirms and keeps until something else is tried.
fn tries_again(search: &mut LifetimeSearch) -> Duration {
    let survived = search.lifetime_record().survived();
    loop {
        match search.trial() {
            Some(trial) if trial > survived => return trial,
            Some(trial) => search.trial_survived(trial),
            None => search.survived(search.interval()),
        }
    }
}

/// Where the flow in use was lost that may have been an accident: then the same again first, and every other time a little more.
#[test]
fn a_second_flow_tries_a_quarter_more_or_after_an_accident_the_same_again() {
    let (survived, lost) = (1_580 * SECOND, 1_600 * SECOND);
    for (doubts, tries) in [(0, [2_000, 2_000, 2_000]), (1, [1_600, 2_000, 1_700])] {
        let mut search = knows(two(), survived, Some(lost), doubts);
        for seconds in tries {
            let trial = tries_again(&mut search);
            assert_eq!(trial, seconds * SECOND, "with {doubts} doubts");
            search.trial_lost(trial);
        }
    }
}

#[test]
fn a_lone_flow_tries_a_sixteenth_more_than_was_lost_after_thirty_days() {
    let mut search = knows(reach(), 15 * MINUTE, Some(16 * MINUTE), 0);
    let mut kept = Duration::ZERO;
    while search.interval() < 16 * MINUTE {
        kept += search.interval();
        search.survived(search.interval());
    }
    assert!(kept >= 30 * DAY && kept < 31 * DAY, "{kept:?}");
    assert_eq!(search.interval(), 17 * MINUTE);
}

// ---- what is kept ----

#[test]
fn every_doubt_doubles_the_margin() {
    for (doubts, margin) in [(0, 30), (1, 60), (2, 120), (3, 240)] {
        let search = knows(reach(), 32 * MINUTE, Some(33 * MINUTE), doubts);
        assert_eq!(search.interval() + margin * SECOND, 32 * MINUTE);
        let mut search = knows(two(), 32 * MINUTE, Some(33 * MINUTE), doubts);
        for _ in 0..3 {
            search.trial_survived(32 * MINUTE); // confirmed
        }
        assert_eq!(search.interval() + margin * SECOND, 32 * MINUTE);
    }
}

#[test]
fn two_early_losses_are_in_a_row_unless_more_than_half_was_survived_between_them() {
    let between = |longer: Duration| {
        let mut search = knows(reach(), 8 * MINUTE, None, 0);
        search.lost(3 * MINUTE);
        search.survived(search.interval() / 2 + longer);
        search.lost(3 * MINUTE);
        search.lifetime_record().lost()
    };
    assert_eq!(between(Duration::ZERO), Some(3 * MINUTE));
    assert_eq!(between(MICROSECOND), None);
}

#[test]
fn less_was_survived_than_lost_however_soon_that_was() {
    let mut search = LifetimeSearch::new(reach());
    search.lost(MICROSECOND);
    assert_eq!(search.lifetime_record().lost(), Some(MICROSECOND));
    assert_eq!(search.lifetime_record().survived(), Duration::ZERO);
}
