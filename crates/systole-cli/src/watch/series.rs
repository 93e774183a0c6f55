//! The metrics of a watch, for Prometheus.

use std::collections::HashMap;

use systole::Instant;
use systole::telemetry::{Group, Peer};

use super::hearts::Hearts;
use super::watched::Watched;

/// The name of the group of replicas, of which there is at most one.
const GROUP: &str = "watch";

/// The metrics of each peer, which end when the peer is removed, or of the group.
#[derive(Debug, Default)]
pub(super) struct Series {
    peers: HashMap<usize, Peer>,
    group: Option<Group>,
}

impl Series {
    /// Exports the state of `hearts` for `peers` at `now`.
    pub(super) fn record(&mut self, hearts: &Hearts, peers: &[Watched], now: Instant) {
        match hearts {
            Hearts::Apart(monitors) => {
                let is_watched = |key: &usize| peers.iter().any(|watched| watched.key == *key);
                self.peers.retain(|key, _| is_watched(key));
                self.group = None;
                for (watched, monitor) in peers.iter().zip(monitors) {
                    let peer = self.peers.entry(watched.key);
                    let peer = peer.or_insert_with(|| Peer::new(&*watched.name));
                    peer.record(monitor, now);
                }
            }
            Hearts::Group(group) => {
                self.peers.clear();
                let names = peers.iter().map(|watched| &*watched.name);
                let series = self.group.get_or_insert_with(|| Group::new(GROUP, names));
                series.record(group, now);
            }
        }
    }
}
