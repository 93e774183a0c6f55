//! The changes for which the program of `on_change` runs.

use std::time::SystemTime;

use systole::{EventKind, failover};

use super::engine::Engine;
use super::unit::{Plan, Unit, UnitId};
use crate::hooks::Change;
use crate::report::WatchEvent;

impl Engine {
    /// Runs the program if `happening` is a new verdict, or a new active target of a group.
    pub(super) fn run_hook(&mut self, key: usize, happening: &WatchEvent) {
        let Some(program) = self.settings.on_change.clone() else {
            return;
        };
        let Some((from, to, reason)) = self.changed(key, happening) else {
            return;
        };
        let Some(peer) = self.peers.get(&key) else {
            return;
        };
        let change = Change {
            target: peer.name.clone(),
            group: self.units.get(&peer.unit).and_then(group_name),
            labels: peer.labels().cloned().unwrap_or_default(),
            from,
            to,
            reason,
            at: wall_clock(),
        };
        let key = match happening {
            WatchEvent::Group { .. } => peer.unit, // one program at a time for the whole group
            _ => key,
        };
        self.hooks.run(key, program, change);
    }

    /// Returns the state before and after, and why it changed.
    fn changed(&self, key: usize, happening: &WatchEvent) -> Option<(String, String, String)> {
        match happening {
            WatchEvent::Event { event, .. } => match event.kind {
                EventKind::Transition(change) => {
                    let (from, to) = (change.from.to_string(), change.to.to_string());
                    Some((from, to, change.reason.to_string()))
                }
                _ => None,
            },
            WatchEvent::Group { event, from } => match event.kind {
                failover::EventKind::Switched { reason, .. } => {
                    let to = self.peers.get(&key)?.name.clone();
                    Some((from.clone(), to, reason.to_string()))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

fn group_name(unit: &Unit) -> Option<String> {
    match (&unit.plan, &unit.id) {
        (Plan::Group(_), UnitId::Group(name)) => Some(name.clone()),
        _ => None,
    }
}

#[expect(clippy::disallowed_methods, reason = "a change is dated for people")]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}
