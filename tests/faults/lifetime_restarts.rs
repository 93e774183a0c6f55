//! A server that restarts once a week closes every flow. That says nothing about the NAT before it, which forgets after 30 minutes throughout.
#![allow(missing_docs, clippy::unwrap_used)]

use core::time::Duration;

use systole::pacing::{LifetimeSearch, Reach};

const SECOND: Duration = Duration::from_secs(1);
const WEEK: Duration = Duration::from_secs(7 * 86_400);
const NAT: Duration = Duration::from_secs(1_800);

/// Packets in 20 weeks without a second flow, in tenths of what it takes who knows the lifetime, and the flows that the NAT forgot. A restart comes so many percent
/// into an idle.
fn watched(percent: u32) -> (u32, u32) {
    let reach = Reach::between(15 * SECOND, 3_600 * SECOND).unwrap();
    let mut search = LifetimeSearch::new(reach);
    let (mut now, mut restarts, mut packets, mut forgotten) = (Duration::ZERO, 0, 0, 0);
    while now < 20 * WEEK {
        let idle = search.interval();
        packets += 1;
        if now > WEEK * (restarts + 1) {
            restarts += 1;
            now += idle * percent / 100;
            search.lost(idle * percent / 100);
            continue;
        }
        now += idle;
        if idle < NAT {
            search.survived(idle);
        } else {
            forgotten += 1;
            search.lost(idle);
        }
    }
    let least = u32::try_from((20 * WEEK).as_secs() / NAT.as_secs()).unwrap();
    (packets * 10 / least, forgotten)
}

/// Today: 28 times the packets. The search takes each restart for a lifetime that has shrunk, and climbs no more: 331 s after the second, 52 s after the
/// eighth, then the least of 15 s.
#[test]
fn a_restart_a_week_that_shows_at_the_next_probe_costs_few_packets() {
    let (tenths, forgotten) = watched(100);
    assert!(tenths <= 30, "{tenths} tenths");
    assert!(forgotten <= 25, "{forgotten} flows");
}

/// Today: 25 times.
#[test]
fn a_restart_a_week_that_shows_at_once_costs_few_packets() {
    let (tenths, forgotten) = watched(60);
    assert!(tenths <= 30, "{tenths} tenths");
    assert!(forgotten <= 25, "{forgotten} flows");
}
