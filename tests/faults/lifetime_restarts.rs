//! A server that restarts now and then closes every flow. That says nothing about the NAT before it, whose lifetime stays.

use core::time::Duration;

use systole::pacing::{LifetimeRange, LifetimeSearch};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
const WEEK: Duration = Duration::from_secs(7 * 86_400);
const NAT: Duration = Duration::from_secs(1_800);

/// What a search cost in 20 weeks.
struct Cost {
    /// Packets in tenths of what it takes who knows the lifetime.
    tenths: u32,
    /// Flows that the NAT forgot.
    forgotten: u32,
    restarts: u32,
}

/// A search without a second flow, where the server restarts every so often, each time so many percent into an idle.
fn watched(reach: LifetimeRange, nat: Duration, every: Duration, percent: u32) -> Cost {
    let mut search = LifetimeSearch::new(reach);
    let (mut now, mut restarts, mut packets, mut forgotten) = (Duration::ZERO, 0, 0, 0);
    while now < 20 * WEEK {
        let idle = search.interval();
        packets += 1;
        if now > every * (restarts + 1) {
            restarts += 1;
            now += idle * percent / 100;
            search.lost(idle * percent / 100);
            continue;
        }
        now += idle;
        if idle < nat {
            search.survived(idle);
        } else {
            forgotten += 1;
            search.lost(idle);
        }
    }
    let least = u32::try_from((20 * WEEK).as_secs() / nat.as_secs()).unwrap();
    Cost {
        tenths: packets * 10 / least,
        forgotten,
        restarts,
    }
}

fn weekly(percent: u32) -> (u32, u32) {
    let reach = LifetimeRange::between(15 * SECOND, 3_600 * SECOND).unwrap();
    let cost = watched(reach, NAT, WEEK, percent);
    (cost.tenths, cost.forgotten)
}

/// Before: 28 times the packets. The search took each restart for a lifetime that had shrunk, and climbed no more: 331 s after the second, 52 s after the
/// eighth, then the least of 15 s.
#[test]
fn a_restart_a_week_that_shows_at_the_next_probe_costs_few_packets() {
    let (tenths, forgotten) = weekly(100);
    assert!(tenths <= 30, "{tenths} tenths");
    assert!(forgotten <= 25, "{forgotten} flows");
}

/// Before: 25 times.
#[test]
fn a_restart_a_week_that_shows_at_once_costs_few_packets() {
    let (tenths, forgotten) = weekly(60);
    assert!(tenths <= 30, "{tenths} tenths");
    assert!(forgotten <= 25, "{forgotten} flows");
}

#[test]
fn restarts_cost_few_packets_and_few_flows_however_often_they_come_and_whatever_the_lifetime_is() {
    for days in [2, 3, 7, 12, 30] {
        for nat_s in [61, 300, 1_000, 1_800, 3_100, 7_200, 14_000] {
            for percent in [5, 20, 51, 60, 90, 100] {
                let reach = LifetimeRange::between(15 * SECOND, 4 * 3_600 * SECOND).unwrap();
                let cost = watched(reach, nat_s * SECOND, days * DAY, percent);
                let case = format!("{days} days, {nat_s} s, {percent} %");
                assert!(cost.tenths <= 30, "{case}: {} tenths", cost.tenths);
                let most = cost.restarts + 3;
                assert!(cost.forgotten <= most, "{case}: {} flows", cost.forgotten);
            }
        }
    }
}
