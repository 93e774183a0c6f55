//! A group over real servers that are stopped, killed, cut off and slowed down. On real clocks and in the classic form, so each takes
//! a few seconds; `SYSTOLE_DEEP=1` adds two minutes of a server that goes up and down, and ten minutes of chance.
#![cfg(all(feature = "tokio", unix))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used
)] // a test

#[path = "common/deep.rs"]
mod deep;
#[path = "common/proxy.rs"]
mod proxy;
#[path = "common/redis.rs"]
mod redis;
#[path = "common/replicas.rs"]
mod replicas;
#[allow(dead_code)] // shared: each test uses its part
#[path = "common/server.rs"]
mod server;

use std::time::Duration;

use replicas::{BLOWS, Blow, Replicas};
use systole::{FailoverConfig, FailoverEvent, Outage, Return, SwitchReason};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
/// What a busy machine may take to schedule us and the servers.
const SLACK: Duration = Duration::from_millis(500);
const QUARANTINE: Duration = Duration::from_secs(2);
const HOLD_DOWN: Duration = SECOND;

/// The classic form, less patient.
fn config() -> FailoverConfig {
    let config = FailoverConfig::CLASSIC.returning(Return::Prefer);
    let config = config.quarantine(QUARANTINE, 2 * QUARANTINE).unwrap();
    config.hold_down(HOLD_DOWN).unwrap()
}

async fn is_left_and_returned_to(blow: Blow) {
    let Some(mut replicas) = Replicas::<2>::start(config()).await else {
        return;
    };
    replicas.strike(0, blow);
    let struck = Instant::now();
    let (left, event) = replicas.switch(config().bound() + 5 * SECOND).await;
    assert!(
        matches!(event, FailoverEvent::Switched { from: 0, to: 1, .. }),
        "{event:?}"
    );
    let took = left - struck;
    eprintln!("{blow:?}: switched after {took:?}");
    assert!(took <= config().bound() + SLACK, "{took:?}");

    replicas.heal(0, blow);
    let (back, event) = replicas.switch(20 * SECOND).await;
    let preferred = SwitchReason::Preferred;
    assert!(
        matches!(event, FailoverEvent::Switched { from: 1, to: 0, reason, .. } if reason == preferred),
        "{event:?}"
    );
    assert!(back - left >= QUARANTINE + HOLD_DOWN, "{:?}", back - left);
}

#[tokio::test]
async fn a_stopped_server_is_left_and_returned_to() {
    is_left_and_returned_to(Blow::Stop).await;
}

#[tokio::test]
async fn a_killed_server_is_left_and_returned_to() {
    is_left_and_returned_to(Blow::Kill).await;
}

#[tokio::test]
async fn a_server_behind_a_black_hole_is_left_and_returned_to() {
    is_left_and_returned_to(Blow::Hole).await;
}

#[tokio::test]
async fn a_server_behind_a_slow_path_is_left_and_returned_to() {
    is_left_and_returned_to(Blow::Slow).await;
}

#[tokio::test]
async fn with_all_links_cut_nobody_is_blamed() {
    let span = if deep::asked_for("the links are cut for 6 s, not 20") {
        20
    } else {
        6
    };
    let Some(mut replicas) = Replicas::<2>::start(config()).await else {
        return;
    };
    for endpoint in 0..2 {
        replicas.strike(endpoint, Blow::Hole);
    }
    let mut seen = replicas.listen(span * SECOND).await;
    for endpoint in 0..2 {
        replicas.heal(endpoint, Blow::Hole);
    }
    seen.extend(replicas.listen(3 * SECOND).await);
    let count = |kind: fn(&FailoverEvent) -> bool| seen.iter().filter(|event| kind(event)).count();
    let ours = |event: &FailoverEvent| {
        matches!(
            event,
            FailoverEvent::Down {
                outage: Outage::Ours,
                ..
            }
        )
    };
    assert_eq!(count(ours), 1, "{seen:?}");
    assert_eq!(
        count(|event| matches!(event, FailoverEvent::Quarantined { .. })),
        0,
        "{seen:?}"
    );
    assert!(
        count(|event| matches!(event, FailoverEvent::Switched { .. })) <= 1,
        "{seen:?}"
    );
    assert_eq!(
        count(|event| matches!(event, FailoverEvent::Restored { .. })),
        1,
        "{seen:?}"
    );
}

/// Up for 5 s and down for 5 s, two minutes long: how often it is switched.
async fn switches_while_flapping(returning: Return) -> Option<u32> {
    if !deep::asked_for("flapping is left to tests/failover.rs, in virtual time") {
        return None;
    }
    let config = FailoverConfig::CLASSIC.returning(returning);
    let mut replicas = Replicas::<2>::start(config).await?;
    for _ in 0..12 {
        replicas.strike(0, Blow::Hole);
        replicas.listen(5 * SECOND).await;
        replicas.heal(0, Blow::Hole);
        replicas.listen(5 * SECOND).await;
    }
    Some(replicas.group.with(|group, _| group.switches()))
}

#[tokio::test]
async fn a_flapping_server_is_left_once() {
    if let Some(switches) = switches_while_flapping(Return::Stay).await {
        assert_eq!(switches, 1);
    }
}

#[tokio::test]
async fn a_flapping_server_is_returned_to_no_more_often_than_stated() {
    if let Some(switches) = switches_while_flapping(Return::Prefer).await {
        eprintln!("{switches} switches in two minutes of flapping");
        assert!(switches <= 1 + 2 * 120 / (30 + 30), "{switches}");
    }
}

/// Something befalls one of three servers every few seconds. Whenever it is the active one, and for longer than the bound, it is left.
#[tokio::test]
async fn ten_minutes_of_chance() {
    if !deep::asked_for("no ten minutes of chance") {
        return;
    }
    let Some(mut replicas) = Replicas::<3>::start(config()).await else {
        return;
    };
    let (mut chance, mut settled, mut left) = (Chance(0x5eed), None, 0);
    let born = Instant::now();
    while born.elapsed() < 600 * SECOND {
        left += u32::from(something_happens(&mut replicas, &mut chance).await);
        if settled.is_none() && born.elapsed() > 60 * SECOND {
            settled = Some(resident_kib());
        }
    }
    let grown = resident_kib() - settled.unwrap();
    let switches = replicas.group.with(|group, _| group.switches());
    eprintln!("the active server was lost {left} times; {switches} switches; {grown} KiB more");
    assert!(left > 10 && switches >= left);
    assert!(grown < 1024, "{grown} KiB");
}

/// Whether it was the active server, for long enough.
async fn something_happens(replicas: &mut Replicas<3>, chance: &mut Chance) -> bool {
    let blow = BLOWS[chance.below(4)];
    let active = replicas.group.active();
    let struck = if chance.below(3) == 0 {
        chance.below(3)
    } else {
        active
    };
    let span = Duration::from_millis(500) + SECOND * u32::try_from(chance.below(7)).unwrap();
    replicas.strike(struck, blow);
    replicas.listen(span).await;
    let lost = struck == active && span > config().bound() + SLACK;
    assert!(
        !lost || replicas.group.active() != struck,
        "{struck} is not left: {blow:?}"
    );
    replicas.heal(struck, blow);
    replicas
        .listen(Duration::from_millis(500) + 2 * QUARANTINE)
        .await;
    lost
}

/// An xorshift.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// What this process keeps in memory.
fn resident_kib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}
