//! Metrics of a group of replicas.

use alloc::sync::Arc;
use alloc::vec::Vec;

use ::metrics::{SharedString, counter, gauge};

use super::{Peer, one_if};
use crate::pacing::Pacing;
use crate::{Failover, Instant, failover::GroupState};

const STATES: [(GroupState, &str); 4] = [
    (GroupState::Serving, "serving"),
    (GroupState::Suspecting, "suspecting"),
    (GroupState::Isolated, "isolated"),
    (GroupState::AllDead, "all_dead"),
];

/// The metrics of a [`Failover`]: those of each endpoint, and the following with a label `group`.
///
/// | | |
/// |---|---|
/// | `systole_active{group, peer}` | gauge: 1 for the active endpoint, 0 for the others |
/// | `systole_group_state{group, state}` | gauge: 1 for the current state, 0 for the others |
/// | `systole_switches_total{group}`, `systole_quarantines_total{group}` | counters |
#[derive(Debug)]
pub struct Group {
    name: SharedString,
    peers: Vec<Peer>,
    switches: u32,
    quarantines: u32,
}

impl Group {
    /// Creates the metrics of the group called `name`, whose endpoints are called `peers`, in
    /// order. An endpoint without a name is left out.
    #[must_use]
    pub fn new<S: Into<Arc<str>>>(
        name: impl Into<Arc<str>>,
        peers: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            name: SharedString::from_shared(name.into()),
            peers: peers.into_iter().map(Peer::new).collect(),
            switches: 0,
            quarantines: 0,
        }
    }

    /// Exports the state of `group` at `now`.
    pub fn record<const M: usize, const N: usize, P: Pacing>(
        &mut self,
        group: &Failover<M, N, P>,
        now: Instant,
    ) {
        for (peer, (monitor, warning)) in self.peers.iter_mut().zip(group.watched()) {
            peer.record_warned(monitor, warning, now);
        }
        self.show(Some(group.active()), Some(group.state()));
        self.count(group.switches(), group.quarantines());
    }

    /// Sets the gauges of the group. `None` sets them all to 0.
    fn show(&self, active: Option<usize>, state: Option<GroupState>) {
        for (index, peer) in self.peers.iter().enumerate() {
            gauge!("systole_active", "group" => self.name.clone(), "peer" => peer.name.clone())
                .set(one_if(active == Some(index)));
        }
        for (each, word) in STATES {
            gauge!("systole_group_state", "group" => self.name.clone(), "state" => word)
                .set(one_if(state == Some(each)));
        }
    }

    /// Raises the counters by what was counted since the last record.
    fn count(&mut self, switches: u32, quarantines: u32) {
        let rise = |now: u32, seen: u32| u64::from(now.saturating_sub(seen));
        counter!("systole_switches_total", "group" => self.name.clone())
            .increment(rise(switches, self.switches));
        counter!("systole_quarantines_total", "group" => self.name.clone())
            .increment(rise(quarantines, self.quarantines));
        (self.switches, self.quarantines) = (switches, quarantines);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.show(None, None);
    }
}
