//! A group over real servers that are stopped, killed, cut off and slowed down. On real clocks and in the classic form, so it takes
//! ten seconds; `SYSTOLE_DEEP=1` adds two minutes of a server that goes up and down, and cuts all links for longer.
#![cfg(all(feature = "tokio", unix))]

use std::time::Duration;
use systole_testkit::deep;

use systole::{
    Event,
    failover::{self, Failback, Outage, SwitchReason},
};
use systole_testkit::servers::replicas::{Blow, HOLD_DOWN, QUARANTINE, Replicas, impatient};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
/// What a busy machine may take to schedule us and the servers.
const SLACK: Duration = Duration::from_millis(500);

async fn is_left_and_returned_to(blow: Blow) {
    let Some(mut replicas) = Replicas::<2>::start(impatient()).await else {
        return;
    };
    replicas.strike(0, blow);
    let struck = Instant::now();
    let (left, event) = replicas.switch(impatient().bound() + 5 * SECOND).await;
    assert!(
        matches!(
            event.kind,
            failover::EventKind::Switched { from: 0, to: 1, .. }
        ),
        "{blow:?}: {event:?}"
    );
    let took = left - struck;
    eprintln!("{blow:?}: switched after {took:?}");
    assert!(took <= impatient().bound() + SLACK, "{blow:?}: {took:?}");

    replicas.heal(0, blow);
    let (back, event) = replicas.switch(20 * SECOND).await;
    let preferred = SwitchReason::Preferred;
    assert!(
        matches!(event.kind, failover::EventKind::Switched { from: 1, to: 0, reason, .. } if reason == preferred),
        "{blow:?}: {event:?}"
    );
    assert!(
        back - left >= QUARANTINE + HOLD_DOWN,
        "{blow:?}: {:?}",
        back - left
    );
}

#[tokio::test]
async fn a_server_that_fails_is_left_and_returned_to() {
    tokio::join!(
        is_left_and_returned_to(Blow::Stop),
        is_left_and_returned_to(Blow::Kill),
        is_left_and_returned_to(Blow::Hole),
        is_left_and_returned_to(Blow::Slow),
    );
}

#[tokio::test]
async fn with_all_links_cut_nobody_is_blamed() {
    let span = if deep::asked_for("the links are cut for 6 s, not 20") {
        20
    } else {
        6
    };
    let Some(mut replicas) = Replicas::<2>::start(impatient()).await else {
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
    let count = |kind: fn(&Event<failover::EventKind>) -> bool| {
        seen.iter().filter(|event| kind(event)).count()
    };
    let ours = |event: &Event<failover::EventKind>| {
        matches!(
            event.kind,
            failover::EventKind::Down {
                outage: Outage::Isolated,
                ..
            }
        )
    };
    assert_eq!(count(ours), 1, "{seen:?}");
    assert_eq!(
        count(|event| matches!(event.kind, failover::EventKind::Quarantined { .. })),
        0,
        "{seen:?}"
    );
    assert!(
        count(|event| matches!(event.kind, failover::EventKind::Switched { .. })) <= 1,
        "{seen:?}"
    );
    assert_eq!(
        count(|event| matches!(event.kind, failover::EventKind::Restored)),
        1,
        "{seen:?}"
    );
}

/// Up for 5 s and down for 5 s, two minutes long: how often it is switched.
async fn switches_while_flapping(returning: Failback) -> Option<u32> {
    if !deep::asked_for("flapping is left to tests/failover.rs, in virtual time") {
        return None;
    }
    let config = failover::Config::builder()
        .failback(returning)
        .build()
        .unwrap();
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
    if let Some(switches) = switches_while_flapping(Failback::Stay).await {
        assert_eq!(switches, 1);
    }
}

#[tokio::test]
async fn a_flapping_server_is_returned_to_no_more_often_than_stated() {
    if let Some(switches) = switches_while_flapping(Failback::Prefer).await {
        eprintln!("{switches} switches in two minutes of flapping");
        assert!(switches <= 1 + 2 * 120 / (30 + 30), "{switches}");
    }
}
