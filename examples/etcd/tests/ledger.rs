//! What a ledger writes to a real etcd, and what it does not.
#![cfg(unix)]

mod common {
    pub mod etcd;
}

use std::time::Duration;

use common::etcd::Etcd;
use systole::Verdict;
use systole_etcd::{Ledger, Peer, Registration, Tenure, verdict_key};
use tokio::sync::watch;
use tokio::time::timeout;

const MEMBER: &str = "members/a";
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn nothing_is_written_under_a_lost_lease() {
    let Some(etcd) = Etcd::start("ledger") else {
        return;
    };
    let endpoint = etcd.endpoint();
    let registration = Registration::start(&endpoint, MEMBER, "a", 3 * SECOND)
        .await
        .unwrap();
    let held = registration
        .watch()
        .wait_for(Option::is_some)
        .await
        .unwrap()
        .unwrap();
    let (name, address) = ("peer".to_owned(), "nowhere".to_owned());
    let peer = Peer {
        name,
        address,
        incarnation: 7,
    };
    let key = verdict_key(&peer);

    let lost = Tenure {
        epoch: held.epoch - 1,
        ..held
    };
    let (told, tenure) = watch::channel(Some(lost));
    let mut ledger = Ledger::new(etcd.client().await, MEMBER.to_owned(), tenure);
    let saying = timeout(SECOND, ledger.say(Verdict::Dead, &peer)).await;
    assert!(saying.is_err(), "it waits for another lease");
    assert_eq!(etcd.value_of(&key).await, None);

    told.send_replace(Some(held));
    ledger.say(Verdict::Dead, &peer).await;
    let word = format!("{MEMBER} {}", held.epoch);
    assert_eq!(etcd.value_of(&key).await, Some(word));
    ledger.say(Verdict::Dead, &peer).await; // which changes nothing
    ledger.say(Verdict::Alive, &peer).await;
    assert_eq!(etcd.value_of(&key).await, None);
    registration.stop().await;
}
