//! The metrics of a watch, for Prometheus.

use std::collections::HashMap;

use systole::Instant;
use systole::telemetry::{Group, Peer};

use super::unit::{Plan, Unit, UnitId};

/// The metrics of each unit, which end when the unit is removed.
#[derive(Debug, Default)]
pub(super) struct Series {
    pub(super) units: HashMap<usize, Recorded>,
}

#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) series: Of,
    pub(super) at: Instant,
    /// How often the unit was polled since.
    pub(super) polls: u32,
}

#[derive(Debug)]
pub(super) enum Of {
    Peer(Box<Peer>),
    Group(Group),
}

impl Of {
    pub(super) fn new<'a>(unit: &Unit, mut names: impl Iterator<Item = &'a str>) -> Self {
        match (&unit.plan, &unit.id) {
            (Plan::Group(_), UnitId::Group(name)) => Self::Group(Group::new(&**name, names)),
            _ => Self::Peer(Box::new(Peer::new(names.next().unwrap_or_default()))),
        }
    }
}
