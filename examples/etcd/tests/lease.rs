//! Against a real etcd: stalled for less than the TTL and for more, restarted without its memory, and left in an orderly way.
#![cfg(unix)]

mod common {
    pub mod etcd;
}

use std::time::Duration;

use common::etcd::Etcd;
use systole::Verdict;
use systole::task::StopOutcome;
use systole_etcd::{Registration, Tenure};
use tokio::time::{Instant, sleep, sleep_until, timeout};

const KEY: &str = "services/demo";
const TTL: Duration = Duration::from_secs(3);
const THIRD: Duration = Duration::from_secs(1);
/// Barely shorter than that.
const STALL: Duration = Duration::from_millis(2_950);
/// What a busy machine may take to schedule us and etcd.
const SLACK: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(20);

async fn register(etcd: &Etcd) -> Registration {
    let endpoint = etcd.endpoint();
    let registration = Registration::start(&endpoint, KEY, "here", TTL).await;
    registration.expect("a TTL in range and an address")
}

/// The next tenure that `wanted` likes.
async fn until(registration: &Registration, wanted: impl Fn(&Tenure) -> bool) -> Tenure {
    let mut tenure = registration.watch();
    let wanted = |held: &Option<Tenure>| held.as_ref().is_some_and(&wanted);
    let seen = timeout(PATIENCE, tenure.wait_for(wanted)).await;
    seen.expect("in time").expect("a heart").expect("a tenure")
}

/// The tenure after the next renewal of `held`.
async fn renewed(registration: &Registration, held: Tenure) -> Tenure {
    until(registration, |tenure| tenure.until > held.until).await
}

#[tokio::test]
async fn a_stall_shorter_than_the_ttl_costs_nothing() {
    let Some(etcd) = Etcd::start("stall") else {
        return;
    };
    let registration = register(&etcd).await;
    let mut held = until(&registration, |_| true).await;
    let (lease, epoch) = (held.lease, held.epoch);
    for _ in 0..5 {
        let before = held.until;
        held = renewed(&registration, held).await;
        assert!(
            held.until - before <= THIRD + SLACK,
            "{:?}",
            held.until - before
        );
        let plan = registration.heart().snapshot().path.plan;
        assert!(plan.interval() <= THIRD, "{:?}", plan.interval());
    }
    let next = registration.heart().snapshot().path.plan.interval();
    sleep(next * 3 / 4).await; // the lease is about to be renewed
    etcd.signal("STOP");
    sleep(STALL).await;
    etcd.signal("CONT");
    held = renewed(&registration, held).await;
    held = renewed(&registration, held).await;
    assert_eq!((held.lease, held.epoch), (lease, epoch));
    assert_eq!(etcd.value_of(KEY).await.as_deref(), Some("here"));
}

#[tokio::test]
async fn a_lapsed_lease_is_known_to_be_lost_and_won_again() {
    let Some(etcd) = Etcd::start("lapse") else {
        return;
    };
    let registration = register(&etcd).await;
    let held = until(&registration, |_| true).await;
    let held = renewed(&registration, held).await;
    etcd.signal("STOP");
    let stopped = Instant::now();
    let dead = timeout(PATIENCE, registration.heart().until_dead()).await;
    assert_eq!(dead, Ok(Verdict::Dead));
    assert!(stopped.elapsed() <= TTL + SLACK, "{:?}", stopped.elapsed());
    let last = until(&registration, |_| true).await.until;
    sleep_until(last).await;
    assert_eq!(registration.tenure(), None, "we know without being told");
    sleep(SLACK).await;
    etcd.signal("CONT");
    let anew = until(&registration, |tenure| tenure.lease != held.lease).await;
    assert!(anew.epoch > held.epoch);
    assert_eq!(etcd.value_of(KEY).await.as_deref(), Some("here"));
    assert_eq!(
        registration.tenure().map(|tenure| tenure.epoch),
        Some(anew.epoch)
    );
}

#[tokio::test]
async fn an_etcd_that_does_not_answer_yet_is_waited_for() {
    let Some(etcd) = Etcd::start("later") else {
        return;
    };
    etcd.signal("STOP");
    let registration = register(&etcd).await;
    assert_eq!(registration.tenure(), None);
    etcd.signal("CONT");
    until(&registration, |_| true).await;
    assert_eq!(etcd.value_of(KEY).await.as_deref(), Some("here"));
}

#[tokio::test]
async fn an_etcd_without_its_memory_is_told_again() {
    let Some(etcd) = Etcd::start("memory") else {
        return;
    };
    let registration = register(&etcd).await;
    let held = until(&registration, |_| true).await;
    let etcd = etcd.anew();
    let anew = until(&registration, |tenure| tenure.lease != held.lease).await;
    assert_ne!(anew.lease, held.lease);
    assert_eq!(etcd.value_of(KEY).await.as_deref(), Some("here"));
}

/// While its lease lives, somebody deletes the key; then somebody writes over it.
#[tokio::test]
async fn a_key_that_is_deleted_or_overwritten_is_put_back_at_a_new_epoch() {
    let Some(etcd) = Etcd::start("put-back") else {
        return;
    };
    let registration = register(&etcd).await;
    let first = until(&registration, |_| true).await;
    let mut client = etcd.client().await;
    client.delete(KEY, None).await.unwrap();
    let second = until(&registration, |tenure| tenure.epoch > first.epoch).await;
    assert_eq!(etcd.value_of(KEY).await.as_deref(), Some("here"));
    client.put(KEY, "elsewhere", None).await.unwrap();
    let third = until(&registration, |tenure| tenure.epoch > second.epoch).await;
    assert_eq!(etcd.value_of(KEY).await.as_deref(), Some("here"));
    assert_eq!((second.lease, third.lease), (first.lease, first.lease));
}

#[tokio::test]
async fn a_stop_takes_the_key_along() {
    let Some(etcd) = Etcd::start("stop") else {
        return;
    };
    let registration = register(&etcd).await;
    until(&registration, |_| true).await;
    assert_eq!(registration.stop().await, StopOutcome::Completed);
    assert_eq!(etcd.value_of(KEY).await, None);

    let registration = register(&etcd).await;
    until(&registration, |_| true).await;
    etcd.signal("STOP");
    assert_eq!(
        registration.stop().await,
        StopOutcome::TimedOut,
        "it waits for nobody"
    );
    etcd.signal("CONT");
}
