//! One of several processes that watch a fleet together.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::pending;
use std::time::Duration;

use systole::{Config, ConfigError, ProbeError};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::ledger::Ledger;
use crate::mirror::{Entries, follow};
use crate::registration::{Registration, connect};
use crate::rendezvous::owner;

/// A peer of the fleet: the key `peers/NAME` holds its address. Put again, it is another incarnation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// Where it echoes datagrams.
    pub address: String,
    /// The revision of its key.
    pub incarnation: i64,
}

/// How peers are watched: every second, dead within three.
///
/// # Errors
/// None, for these numbers.
pub fn watching() -> Result<Config, ConfigError> {
    Config::every(Duration::from_secs(1))
        .detect_within(Duration::from_secs(3))
        .without_initial_delay()
        .build()
}

/// Takes part as `name` until `stop`: registers as `members/NAME` under a lease that outlives stalls of etcd shorter than `ttl`, watches its
/// share of the peers, and writes what it concludes.
///
/// # Errors
/// An endpoint that is no address, or a `ttl` out of range.
pub async fn take_part(
    endpoint: &str,
    name: &str,
    ttl: Duration,
    stop: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error>> {
    let (client, config) = (connect(endpoint, ttl).await?, watching()?);
    let key = format!("members/{name}");
    let registration = Registration::start(endpoint, &key, name, ttl).await?;
    let ledger = Ledger::new(client.clone(), key, registration.watch());
    let (mut members, mut peers) = (follow(client.clone(), "members/"), follow(client, "peers/"));
    let mut watched = BTreeMap::new();
    let mut stop = Box::pin(stop);
    loop {
        tokio::select! {
            Ok(()) = members.changed() => {}
            Ok(()) = peers.changed() => {}
            () = &mut stop => break,
        }
        let mine = share(
            name,
            &members.borrow_and_update(),
            &peers.borrow_and_update(),
        );
        watched.retain(|peer, _| mine.contains(peer));
        for peer in mine {
            watched.entry(peer).or_insert_with_key(|peer| {
                let watch = watch_over(peer.clone(), config, ledger.clone());
                AbortOnDropHandle::new(tokio::spawn(watch))
            });
        }
    }
    drop(watched);
    registration.stop().await;
    Ok(())
}

/// The peers that fall to `name`: none while it is not a member itself.
fn share(name: &str, members: &Entries, peers: &Entries) -> Vec<Peer> {
    let names = || members.keys().map(String::as_str);
    let mine = peers
        .iter()
        .filter(|(peer, _)| owner(names(), peer) == Some(name));
    let mine = mine.map(|(peer, entry)| Peer {
        name: peer.clone(),
        address: entry.value.clone(),
        incarnation: entry.revision,
    });
    mine.collect()
}

/// Never ends; a verdict that changes before it could be written is not written.
async fn watch_over(peer: Peer, config: Config, mut ledger: Ledger) {
    let address = peer.address.clone();
    let heart = systole::task::spawn(config, move || echo(address.clone()));
    let mut conclusion: watch::Receiver<_> = heart.watch();
    loop {
        let verdict = *conclusion.borrow_and_update();
        let say = async {
            ledger.say(verdict, &peer).await;
            pending::<()>().await;
        };
        tokio::select! {
            Ok(()) = conclusion.changed() => {}
            () = say => {}
        }
    }
}

/// A socket for each probe: no answer is taken for another's.
async fn echo(address: String) -> Result<(), ProbeError> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    socket.connect(address).await?;
    socket.send(b"?").await?;
    socket.recv(&mut [0; 16]).await?;
    Ok(())
}
