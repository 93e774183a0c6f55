//! The peers of a fleet that are named: they are looked up beside the probes, a few at a time, and
//! one that has no address does not stop the others.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::hosts::Host;
use crate::target::look_up;

/// The most lookups at the same time.
const LOOKUPS_MAX: usize = 64;
/// How long after a failed lookup the name is looked up again.
const AGAIN: Duration = Duration::from_secs(10);

/// The names without a known address. Each is in one of three places.
#[derive(Debug, Default)]
pub(super) struct Names {
    waiting: VecDeque<Host>,
    lookups: JoinSet<(Host, Result<IpAddr, String>)>,
    /// Those that have no address, when they are looked up again, and why; the next one first.
    failed: VecDeque<(Instant, Host, String)>,
}

impl Names {
    /// Takes a peer; returns its address if it is named by that.
    pub(super) fn take(&mut self, host: &Host) -> Option<SocketAddr> {
        let address = host.name.parse::<IpAddr>().ok();
        if address.is_none() {
            self.waiting.push_back(host.clone());
        }
        address.map(|address| SocketAddr::new(address, host.port))
    }

    /// Returns the number of peers whose address is not known.
    pub(super) fn unknown(&self) -> usize {
        self.waiting.len() + self.lookups.len() + self.failed.len()
    }

    /// Returns peers that have no address, and why.
    pub(super) fn failed(&self) -> impl Iterator<Item = (String, &str)> {
        let failed = self.failed.iter();
        failed.map(|(_, host, why)| (host.to_string(), why.as_str()))
    }

    /// Waits until the address of a peer is known. Cancel safe.
    pub(super) async fn next(&mut self) -> (Host, SocketAddr) {
        loop {
            self.look_up();
            let again = self.failed.front().map(|(at, ..)| *at);
            select! {
                Some(done) = self.lookups.join_next() => match done {
                    Ok((host, Ok(address))) => {
                        let address = SocketAddr::new(address, host.port);
                        return (host, address);
                    }
                    Ok((host, Err(why))) => {
                        self.failed.push_back((Instant::now() + AGAIN, host, why));
                    }
                    Err(_) => {} // a lookup neither panics nor is aborted
                },
                () = until(again) => {
                    let host = self.failed.pop_front().map(|(_, host, _)| host);
                    self.waiting.extend(host);
                }
            }
        }
    }

    fn look_up(&mut self) {
        while self.lookups.len() < LOOKUPS_MAX
            && let Some(host) = self.waiting.pop_front()
        {
            self.lookups.spawn(async move {
                let found = look_up(&host.name).await;
                (host, found)
            });
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
