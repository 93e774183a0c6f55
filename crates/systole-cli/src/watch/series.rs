//! The metrics of a watch, for Prometheus.

use std::collections::HashMap;
use std::time::Duration;

use systole::Instant;
use systole::telemetry::{Group, Peer};

use super::engine::Engine;
use super::settings::UnitId;
use super::unit::{Machine, Plan, Unit};

/// How often a unit is recorded. The exporter's window of round trips holds 31 of them, so that
/// none is missed up to that many in a period.
const PERIOD: Duration = Duration::from_secs(1);
/// After how many probes a unit is recorded sooner.
const PROBES: u32 = 15;

/// The metrics of each unit, which end when the unit is removed.
#[derive(Debug, Default)]
pub(super) struct Series {
    units: HashMap<usize, Recorded>,
}

#[derive(Debug)]
struct Recorded {
    series: Of,
    at: Instant,
    /// How often the unit was polled since.
    polls: u32,
}

#[derive(Debug)]
enum Of {
    Peer(Box<Peer>),
    Group(Group),
}

impl Of {
    fn new<'a>(unit: &Unit, mut names: impl Iterator<Item = &'a str>) -> Self {
        match (&unit.plan, &unit.id) {
            (Plan::Group(_), UnitId::Group(name)) => Self::Group(Group::new(&**name, names)),
            _ => Self::Peer(Box::new(Peer::new(names.next().unwrap_or_default()))),
        }
    }
}

impl Engine {
    /// Exports the state of `unit` at `now`, unless that was done a short while ago.
    pub(super) fn record(&mut self, unit: usize, now: Instant) {
        let Some(series) = &mut self.series else {
            return;
        };
        let Some(state) = self.units.get(&unit) else {
            return;
        };
        let names = || {
            state
                .members
                .iter()
                .filter_map(|key| self.peers.get(key))
                .map(|peer| &*peer.name)
        };
        let recorded = series.units.entry(unit).or_insert_with(|| Recorded {
            series: Of::new(state, names()),
            at: Instant::ZERO,
            polls: PROBES,
        });
        recorded.polls += 1;
        if recorded.polls < PROBES && now < recorded.at.saturating_add(PERIOD) {
            return;
        }
        (recorded.at, recorded.polls) = (now, 0);
        match (&mut recorded.series, &state.machine) {
            (Of::Peer(peer), Some(Machine::Single(monitor))) => peer.record(monitor, now),
            (Of::Group(series), Some(Machine::Group(group))) => series.record(group, now),
            _ => {}
        }
    }

    /// Ends the metrics of `unit`; they begin anew if it is recorded again.
    pub(super) fn end_series(&mut self, unit: usize) {
        if let Some(series) = &mut self.series {
            series.units.remove(&unit);
        }
    }
}
