//! Three monitor processes share 300 peers through a real etcd, on real clocks: it takes as long as leases take to lapse.
#![cfg(unix)]

mod common {
    pub mod etcd;
    pub mod peers;
}

use std::collections::BTreeMap;
use std::ops::Range;
use std::process::{Child, Command};
use std::time::Duration;

use common::etcd::Etcd;
use common::peers::EchoPeer;
use etcd_client::{Client, EventType, GetOptions, WatchOptions};
use systole_testkit::servers::signal::signal;
use tokio::time::{Instant, sleep, timeout};

/// How long etcd may stall.
const TTL: Duration = Duration::from_secs(2);
/// For how long a lease is granted then.
const LEASE: Duration = Duration::from_secs(4);
/// How soon a peer is called dead.
const BOUND: Duration = Duration::from_secs(3);
/// How long etcd takes to notice that a lease has lapsed: it looks twice a second.
const LAPSE: Duration = Duration::from_millis(500);
/// What a busy machine may take to schedule all these processes.
const SLACK: Duration = Duration::from_secs(2);
/// Within which a peer is watched again when the members change: their lease, and a path to it that is learnt anew.
const WATCHED_AGAIN: Duration = LEASE.saturating_add(LAPSE).saturating_add(BOUND);
const PATIENCE: Duration = Duration::from_secs(30);

struct Monitor(Child);

impl Monitor {
    fn start(etcd: &Etcd, name: &str) -> Self {
        let ttl = TTL.as_secs().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_monitor"));
        Self(
            command
                .args([&*etcd.endpoint(), name, &*ttl])
                .spawn()
                .unwrap(),
        )
    }

    fn signal(&self, name: &str) {
        signal(self.0.id(), name);
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may be gone, as the test wants it
        let _ = self.0.wait();
    }
}

async fn start_peers(client: &mut Client) -> Vec<EchoPeer> {
    let mut peers = Vec::new();
    for number in 0..300 {
        let peer = EchoPeer::start(format!("{number:03}")).await;
        let key = format!("peers/{}", peer.name);
        client.put(key, &*peer.address, None).await.unwrap();
        peers.push(peer);
    }
    peers
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let so = async {
        while !is_so().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, so).await.expect(what);
}

async fn count(client: &mut Client, prefix: &str) -> usize {
    let options = GetOptions::new().with_prefix().with_keys_only();
    client.get(prefix, Some(options)).await.unwrap().kvs().len()
}

/// Waits until `peers` are called dead, which takes no longer than `within`.
async fn all_called(client: &mut Client, peers: usize, within: Duration) {
    let began = Instant::now();
    until("verdicts", async || {
        count(client, "verdicts/").await >= peers
    })
    .await;
    let took = began.elapsed();
    assert!(took <= within, "{peers} peers are called after {took:?}");
}

/// Every verdict that was ever written, and how often: by the peer's name.
async fn calls(client: &mut Client) -> BTreeMap<String, u32> {
    let options = WatchOptions::new().with_prefix().with_start_revision(1);
    let mut history = client.watch("verdicts/", Some(options)).await.unwrap();
    let mut calls = BTreeMap::new();
    while let Ok(Ok(Some(change))) = timeout(Duration::from_secs(1), history.message()).await {
        for event in change.events() {
            let pair = event.kv().unwrap();
            assert_eq!(
                event.event_type(),
                EventType::Put,
                "nobody comes back: {pair:?}"
            );
            assert_was_held(client, pair.value_str().unwrap(), pair.mod_revision()).await;
            let name = pair.key_str().unwrap().split('/').nth(1).unwrap();
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    calls
}

/// At `revision` the member that signed with `word` held the lease of its epoch.
async fn assert_was_held(client: &mut Client, word: &str, revision: i64) {
    let (member, epoch) = word.split_once(' ').unwrap();
    let then = GetOptions::new().with_revision(revision);
    let found = client.get(member, Some(then)).await.unwrap();
    let held = found.kvs().first().map(etcd_client::KeyValue::mod_revision);
    assert_eq!(held, Some(epoch.parse().unwrap()), "{word} at {revision}");
}

/// A fleet that is watched, and every path known.
async fn watched(etcd: &Etcd, client: &mut Client) -> (Vec<EchoPeer>, [Monitor; 3]) {
    let peers = start_peers(client).await;
    let monitors = ["a", "b", "c"].map(|name| Monitor::start(etcd, name));
    until("members", async || count(client, "members/").await == 3).await;
    until("watched", async || peers.iter().all(EchoPeer::is_asked)).await;
    sleep(TTL).await;
    for peer in &peers {
        peer.take_longest_gap();
    }
    (peers, monitors)
}

#[tokio::test]
async fn three_monitors_share_a_fleet() {
    let Some(etcd) = Etcd::start("fleet") else {
        return;
    };
    let mut client = etcd.client().await;
    let (peers, [killed, stopped, _left]) = watched(&etcd, &mut client).await;
    let kill = |numbers: Range<usize>| peers[numbers].iter().for_each(EchoPeer::kill);

    kill(0..10);
    all_called(&mut client, 10, BOUND + SLACK).await;

    killed.signal("KILL");
    stopped.signal("STOP");
    kill(10..20);
    all_called(&mut client, 20, WATCHED_AGAIN + SLACK).await;
    assert_eq!(count(&mut client, "members/").await, 1);

    stopped.signal("CONT"); // the peers change hands while they die
    kill(20..30);
    all_called(&mut client, 30, WATCHED_AGAIN + SLACK).await;
    assert_eq!(count(&mut client, "members/").await, 2);
    for peer in &peers[30..] {
        let (name, gap) = (&peer.name, peer.take_longest_gap());
        assert!(gap <= WATCHED_AGAIN, "{name} was left alone for {gap:?}");
    }
    let once = peers[..30].iter().map(|peer| (peer.name.clone(), 1));
    assert_eq!(calls(&mut client).await, once.collect());
}
