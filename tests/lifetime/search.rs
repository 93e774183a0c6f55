//! The search alone: what it finds, what it costs, what it remembers.

use core::time::Duration;

use proptest::prelude::*;
use systole::pacing::{LifetimeRange, LifetimeRecord, LifetimeSearch};

use crate::{DAY, MINUTE, SECOND, reach};
use systole_testkit::ops::monitor::micros;

/// One interval of the flow in use, and of the second one if it is wanted, where idles shorter than `lifetime` survive. Returns whether
/// the flow in use was lost.
fn step(search: &mut LifetimeSearch, lifetime: Duration) -> bool {
    if let Some(idle) = search.trial() {
        if idle < lifetime {
            search.trial_survived(idle);
        } else {
            search.trial_lost(idle);
        }
    }
    let idle = search.interval();
    if idle < lifetime {
        search.survived(idle);
        return false;
    }
    search.lost(idle);
    true
}

fn losses(search: &mut LifetimeSearch, lifetime: Duration, steps: u32) -> usize {
    (0..steps).filter(|_| step(search, lifetime)).count()
}

fn lifetimes() -> impl Strategy<Value = Duration> {
    (16_000_u64..3_600_000).prop_map(Duration::from_millis)
}

proptest! {
    /// What the documentation says a fixed lifetime costs: no connection with a second flow, and nearly all of it is used.
    #[test]
    fn a_second_flow_finds_a_lifetime_at_no_loss(lifetime in lifetimes()) {
        let mut search = LifetimeSearch::new(reach().with_second_flow());
        prop_assert_eq!(losses(&mut search, lifetime, 1_000), 0);
        let kept = search.interval().as_secs_f64() / lifetime.as_secs_f64();
        prop_assert!(kept > 0.95 && kept < 1.0, "{kept}");
    }

    /// One without.
    #[test]
    fn a_lone_flow_finds_a_lifetime_at_one_loss(lifetime in lifetimes()) {
        let mut search = LifetimeSearch::new(reach());
        prop_assert_eq!(losses(&mut search, lifetime, 100), 1);
        let kept = search.interval().as_secs_f64() / lifetime.as_secs_f64();
        prop_assert!(kept > 0.92 && kept < 1.0, "{kept}");
    }

    /// A connection for each factor of 4, or part of it, by which a lifetime shrinks.
    #[test]
    fn a_lifetime_that_shrinks_costs_a_loss_a_factor_of_four(lifetime in lifetimes(), by in 1.1_f64..64.0) {
        let shorter = lifetime.div_f64(by).max(16 * SECOND);
        prop_assume!(shorter < lifetime.mul_f64(0.9));
        let by = lifetime.as_secs_f64() / shorter.as_secs_f64();
        let allowed = by.log(4.0).ceil();
        for (reach, beside) in [(reach().with_second_flow(), 0.0), (reach(), 2.0)] {
            let mut search = LifetimeSearch::new(reach);
            losses(&mut search, lifetime, 200);
            let lost = losses(&mut search, shorter, 400);
            let lost = f64::from(u32::try_from(lost).unwrap());
            prop_assert!(lost >= 1.0 && lost <= allowed + beside, "{lost} by {by}");
            let kept = search.interval().as_secs_f64() / shorter.as_secs_f64();
            prop_assert!(kept > 0.7 && kept < 1.0, "{kept}");
        }
    }

    /// A lifetime that has become longer is noticed in the end, at no loss.
    #[test]
    fn a_lifetime_that_grows_is_found_again(lifetime in lifetimes()) {
        let longer = lifetime * 2;
        let mut search = LifetimeSearch::new(reach().with_second_flow());
        losses(&mut search, lifetime, 100);
        let mut kept = Duration::ZERO; // six trials in a row, spread over nine days at least
        while kept < 10 * DAY + 1_000 * lifetime {
            kept += search.interval();
            prop_assert!(!step(&mut search, longer));
        }
        let best = longer.min(60 * MINUTE).as_secs_f64();
        prop_assert!(search.interval().as_secs_f64() > 0.85 * best);
    }

    /// Whatever is claimed, intervals stay within the reach, trials below the longest, and what is remembered can be read again.
    #[test]
    fn no_claim_leads_out_of_the_reach(
        claims in prop::collection::vec((0_u8..6, 0_u64..1 << 44), 1..200), second: bool, least in 1_u64..1 << 38, span in 0_u64..1 << 39,
    ) {
        let (least, most) = (micros(1_000 + least), micros(1_000 + least + span));
        let reach = LifetimeRange::below_the_floor(least, most).unwrap();
        let reach = if second { reach.with_second_flow() } else { reach };
        let mut search = LifetimeSearch::new(reach);
        for (what, us) in claims {
            let claimed = micros(us);
            match what {
                0 => search.survived(claimed),
                1 => search.lost(claimed),
                2 => search.trial_survived(claimed),
                3 => search.trial_lost(claimed),
                4 => { step(&mut search, claimed); }
                _ => search.recall(search.lifetime_record(), claimed * 64),
            }
            prop_assert!(search.interval() >= least && search.interval() <= most);
            prop_assert!(search.trial().is_none_or(|idle| second && idle >= least && idle <= most));
            let memory = search.lifetime_record();
            prop_assert_eq!(LifetimeRecord::new(memory.survived(), memory.lost(), memory.doubts()), Ok(memory));
        }
    }

    /// Nothing is tried for ever: within the first thousand intervals there are fewer trials than one in ten.
    #[test]
    fn trials_are_rare_once_a_lifetime_is_known(lifetime in lifetimes()) {
        let mut search = LifetimeSearch::new(reach().with_second_flow());
        let mut trials = 0;
        for _ in 0..1_000 {
            trials += u32::from(search.trial().is_some());
            step(&mut search, lifetime);
        }
        prop_assert!(trials <= 30, "{trials}");
    }
}

#[test]
fn a_closed_flow_tells_the_lifetime_to_the_second() {
    let mut search = LifetimeSearch::new(reach());
    assert!(!search.is_settled());
    while search.interval() < 7 * MINUTE {
        step(&mut search, 60 * MINUTE);
    }
    search.lost(6 * MINUTE + 50 * SECOND); // closed before its next probe
    assert_eq!(
        search.lifetime_record().lost(),
        Some(6 * MINUTE + 50 * SECOND)
    );
    assert!(search.is_settled());
    assert!(search.interval() > 6 * MINUTE && search.interval() < 6 * MINUTE + 50 * SECOND);
}

/// A flow that is gone after an idle it had survived is asked somewhat sooner from then on, and not as if nothing had ever been survived.
#[test]
fn what_was_survived_and_then_lost_is_survived_by_an_eighth_less() {
    let mut search = LifetimeSearch::new(reach());
    search.survived(8 * MINUTE);
    search.lost(8 * MINUTE);
    let interval = search.interval();
    assert!(
        6 * MINUTE < interval && interval < 7 * MINUTE,
        "{interval:?}"
    );
}

#[test]
fn one_loss_long_before_what_was_survived_has_another_cause() {
    let mut search = LifetimeSearch::new(reach());
    losses(&mut search, 10 * MINUTE, 100);
    let kept = search.interval();
    search.lost(2 * MINUTE);
    assert_eq!(search.interval(), kept);
    step(&mut search, 10 * MINUTE);
    search.lost(2 * MINUTE);
    assert_eq!(search.interval(), kept, "not two in a row");
    search.lost(2 * MINUTE);
    assert!(search.interval() < 2 * MINUTE);
}

#[test]
fn a_trial_that_began_before_a_loss_proves_nothing_after_it() {
    let mut search = LifetimeSearch::new(reach().with_second_flow());
    losses(&mut search, 10 * MINUTE, 100);
    search.lost(search.interval());
    let back = search.interval();
    search.trial_survived(12 * MINUTE);
    assert_eq!(search.interval(), back);
    assert!(search.lifetime_record().lost().is_some());
}

/// A lone flow is given up again to look for more: after 30 days, 60 days and so on.
#[test]
fn without_a_second_flow_more_is_tried_rarely() {
    let mut search = LifetimeSearch::new(reach());
    let mut time = Duration::ZERO;
    let mut lost_at = Vec::new();
    while time < 365 * DAY {
        time += search.interval();
        if step(&mut search, 30 * MINUTE) {
            lost_at.push(time.as_secs() / DAY.as_secs());
        }
    }
    assert_eq!(lost_at, [0, 30, 60, 120, 240]);
}

#[test]
fn what_is_remembered_is_forgotten_slowly() {
    let memory = LifetimeRecord::new(8 * MINUTE, Some(9 * MINUTE), 0).unwrap();
    let after = |age| {
        let mut search = LifetimeSearch::new(reach());
        search.recall(memory, age);
        (
            search.lifetime_record().survived(),
            search.lifetime_record().lost(),
        )
    };
    assert_eq!(after(29 * DAY), (8 * MINUTE, Some(9 * MINUTE)));
    assert_eq!(after(30 * DAY), (4 * MINUTE, None));
    assert_eq!(after(60 * DAY), (2 * MINUTE, None));
    assert_eq!(after(Duration::MAX), (Duration::ZERO, None));
    let mut search = LifetimeSearch::new(reach());
    search.recall(
        LifetimeRecord::new(Duration::ZERO, Some(MINUTE), 1).unwrap(),
        30 * DAY,
    );
    assert_eq!(search.lifetime_record().lost(), None);
}

/// What was learnt at home is not asked again there.
#[test]
fn a_memory_spares_the_search() {
    let reach = reach().with_second_flow();
    let mut search = LifetimeSearch::new(reach);
    losses(&mut search, 10 * MINUTE, 100);
    let mut back = LifetimeSearch::new(reach);
    back.recall(search.lifetime_record(), DAY);
    assert!(back.is_settled());
    assert!(back.interval() > 8 * MINUTE);
}

/// A search that found out that flows are forgotten after `lifetime`, and has kept to that for a while.
fn found(reach: LifetimeRange, lifetime: Duration) -> LifetimeSearch {
    let mut search = LifetimeSearch::new(reach);
    losses(&mut search, lifetime, 100);
    assert!(search.is_settled());
    assert_eq!(*search.range(), reach);
    search
}

/// What was survived is confirmed after 1, 4, 16 … intervals, and after 4^7 for the last time.
#[test]
fn a_lifetime_is_confirmed_eight_times() {
    let trial_after = |confirmed: u8| {
        let mut search = found(reach().with_second_flow(), 300 * SECOND);
        let (survived, lost) = (
            search.lifetime_record().survived(),
            search.lifetime_record().lost().unwrap(),
        );
        search.recall(search.lifetime_record(), Duration::ZERO);
        for _ in 0..12 {
            search.trial_lost(lost); // more is tried in vain, and seldom from here on
        }
        for _ in 0..confirmed {
            search.trial_survived(survived);
        }
        for _ in 0..70_000 {
            search.survived(search.interval());
        }
        search.trial().map(|trial| trial == survived)
    };
    assert_eq!(trial_after(7), Some(true));
    assert_eq!(trial_after(8), None);
}

/// A lone flow that has rested for 30 days and is about to try more than was lost, an idle between the two that was, and the next try.
fn rested() -> (LifetimeSearch, Duration, Duration) {
    let mut search = found(reach(), 300 * SECOND);
    let days = try_again(&mut search);
    assert!((29.0..31.0).contains(&days), "{days}");
    let (survived, lost) = (
        search.lifetime_record().survived(),
        search.lifetime_record().lost().unwrap(),
    );
    assert!(search.interval() > lost);
    (search, survived, lost)
}

/// Keeps to the lifetime until more is tried; returns after how many days that is.
fn try_again(search: &mut LifetimeSearch) -> f64 {
    let (mut idled, lost) = (Duration::ZERO, search.lifetime_record().lost().unwrap());
    while search.interval() < lost {
        search.survived(search.interval());
        idled += search.interval();
    }
    idled.as_secs_f64() / DAY.as_secs_f64()
}

/// Jitter may cut short what was to be tried: more than was survived is survived, less than was lost, and the next try is a while off.
#[test]
fn a_try_that_is_cut_short_counts_as_one() {
    let (mut search, survived, lost) = rested();
    search.survived(lost.saturating_sub(SECOND));
    assert!(search.lifetime_record().survived() > survived);
    assert!(search.interval() < lost);
    let days = try_again(&mut search);
    assert!((29.0..31.0).contains(&days), "{days} more");
}

#[test]
fn a_try_that_is_cut_short_and_fails_counts_as_one() {
    let (mut search, survived, lost) = rested();
    search.lost(lost.saturating_sub(SECOND));
    assert_eq!(search.lifetime_record().survived(), survived);
    assert_eq!(
        search.lifetime_record().lost(),
        Some(lost.saturating_sub(SECOND))
    );
    let days = try_again(&mut search);
    assert!((29.0..31.0).contains(&days), "{days} more");
}

/// A restart of the peer says nothing of the NAT: the second flow shows within hours that the idle is survived still.
#[test]
fn a_loss_after_many_idles_that_were_survived_is_undone_by_the_second_flow() {
    let mut search = LifetimeSearch::new(reach().with_second_flow());
    losses(&mut search, 30 * MINUTE, 100);
    let kept = search.interval();
    search.lost(kept);
    assert!(search.interval() < kept / 2);
    assert_eq!(losses(&mut search, 30 * MINUTE, 40), 0);
    let interval = search.interval();
    assert!(interval > kept * 9 / 10, "{interval:?} of {kept:?}");
    assert!(search.lifetime_record().lost().unwrap() >= 30 * MINUTE);
}

/// Keeps to a lifetime of half an hour for some days.
fn keep_for(search: &mut LifetimeSearch, days: u32) {
    let mut kept = Duration::ZERO;
    while kept < days * DAY {
        let interval = search.interval();
        kept += interval;
        assert!(!step(search, 30 * MINUTE), "{interval:?}");
    }
}

#[test]
fn without_a_second_flow_a_loss_after_many_idles_that_were_survived_is_undone_within_two_days() {
    for percent in [55, 80, 100] {
        let mut search = found(reach(), 30 * MINUTE);
        let kept = search.interval();
        search.lost(kept * percent / 100);
        assert!(search.interval() < kept * percent / 100);
        keep_for(&mut search, 2);
        assert_eq!(search.interval(), kept, "lost after {percent} %");
    }
}

/// The second loss at the same interval may be the NAT's, the third at a shorter one is not.
#[test]
fn a_loss_that_was_undone_is_not_undone_soon_again_unless_a_shorter_idle_is_lost_too() {
    let mut search = found(reach(), 30 * MINUTE);
    let kept = search.interval();
    search.lost(kept);
    keep_for(&mut search, 2);
    search.lost(kept);
    keep_for(&mut search, 20);
    assert!(search.interval() < kept * 7 / 8);
    search.lost(search.interval());
    keep_for(&mut search, 2);
    assert_eq!(search.interval(), kept);
}

/// Restarts of the peer, one a week for 20 weeks.
#[test]
fn with_a_second_flow_weekly_restarts_cost_no_flow_and_few_packets() {
    let mut search = LifetimeSearch::new(reach().with_second_flow());
    let mut packets = 0;
    for _ in 0..20 {
        let mut now = Duration::ZERO;
        while now < 7 * DAY {
            now += search.interval();
            packets += 1 + u32::from(search.trial().is_some());
            assert!(!step(&mut search, 30 * MINUTE));
        }
        search.lost(search.interval());
    }
    assert!(packets < 20 * 7 * 48 * 5 / 4, "{packets}");
}

/// Flows in use that are lost in `days`, where the lifetime at each moment is what `lifetime` says. A trial takes as long as it idles.
fn flows_lost(reach: LifetimeRange, days: u32, lifetime: impl Fn(Duration) -> Duration) -> u32 {
    let mut search = LifetimeSearch::new(reach);
    let (mut now, mut lost) = (Duration::ZERO, 0);
    let mut trial: Option<(Duration, Duration)> = None;
    while now < days * DAY {
        let idle = search.interval();
        let next = now + idle;
        loop {
            let (start, tried) = match trial {
                Some(trial) => trial,
                None => match search.trial() {
                    Some(tried) => *trial.insert((now, tried)),
                    None => break,
                },
            };
            if start + tried > next {
                break;
            }
            trial = None;
            if tried < lifetime(start) {
                search.trial_survived(tried);
            } else {
                search.trial_lost(tried);
            }
            now = now.max(start + tried);
        }
        let start = next.saturating_sub(idle);
        now = next;
        if idle < lifetime(start) {
            search.survived(idle);
        } else {
            lost += 1;
            search.lost(idle);
        }
    }
    lost
}

/// Two NATs by the time of day, or of the week, or by the path that is used: what the second flow finds on one of them is not the lifetime of the other.
#[test]
fn where_lifetimes_alternate_a_second_flow_loses_no_more_flows_than_none() {
    for (long_s, short_s) in [(1_800, 300), (3_000, 60), (600, 240), (1_800, 900)] {
        for (period_h, long_h) in [
            (6, 3),
            (24, 12),
            (24, 8),
            (24, 16),
            (168, 48),
            (168, 120),
            (720, 360),
        ] {
            for offset_h in [0, long_h] {
                let lifetime = |now: Duration| {
                    let hour = now.as_secs() / 3_600 + offset_h;
                    let long = hour % period_h < long_h;
                    Duration::from_secs(if long { long_s } else { short_s })
                };
                let [with, without] = [reach().with_second_flow(), reach()]
                    .map(|reach| flows_lost(reach, 60, lifetime));
                assert!(
                    with <= without,
                    "{long_s} and {short_s} s, {long_h} of {period_h} h from {offset_h}: {with} with, {without} without"
                );
            }
        }
    }
}
