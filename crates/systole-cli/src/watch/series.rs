//! The metrics of a watch, for Prometheus.

use std::collections::HashMap;
use std::fmt;
use std::time::SystemTime;

use metrics::{Gauge, describe_gauge, gauge};
use systole::Instant;
use systole::telemetry;

use super::peer::Peer;
use super::unit::{Plan, Unit, UnitId};
use crate::labels::Labels;

/// The metrics of each unit, which end when the unit is removed.
#[derive(Debug, Default)]
pub(super) struct Series {
    pub(super) units: HashMap<usize, Recorded>,
}

#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) series: Of,
    pub(super) info: Vec<Info>,
    pub(super) at: Instant,
    /// How often the unit was polled since.
    pub(super) polls: u32,
}

#[derive(Debug)]
pub(super) enum Of {
    Peer(Box<telemetry::Peer>),
    Group(telemetry::Group),
}

impl Of {
    pub(super) fn new<'a>(unit: &Unit, mut names: impl Iterator<Item = &'a str>) -> Self {
        match (&unit.plan, &unit.id) {
            (Plan::Group(_), UnitId::Group(name)) => {
                Self::Group(telemetry::Group::new(&**name, names))
            }
            _ => Self::Peer(Box::new(telemetry::Peer::new(
                names.next().unwrap_or_default(),
            ))),
        }
    }
}

/// Exports when the certificate of a peer expires, if it has shown one.
pub(super) fn record_certificate(peer: &Peer) {
    const NAME: &str = "systole_certificate_expires_timestamp_seconds";
    let Some(expires) = peer.certificate_expires() else {
        return;
    };
    describe_gauge!(
        NAME,
        "When the certificate of the peer expires, in Unix time"
    );
    let since = expires.duration_since(SystemTime::UNIX_EPOCH);
    gauge!(NAME, "peer" => peer.name.clone()).set(since.unwrap_or_default().as_secs_f64());
}

/// The labels of a peer, as a series that is always 1 and can be joined with the others of the peer.
/// Prometheus keeps labels apart from values in this way.
pub(super) struct Info(Gauge);

impl Info {
    const NAME: &str = "systole_target_info";

    pub(super) fn new(peer: &str, labels: &Labels) -> Self {
        describe_gauge!(Self::NAME, "1, with the labels of a target");
        let own = labels
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let all: Vec<_> = own.chain([("peer".to_owned(), peer.to_owned())]).collect();
        Self(gauge!(Self::NAME, &all))
    }

    pub(super) fn record(&self) {
        self.0.set(1.0);
    }
}

/// The series ends with the peer, or with its labels.
impl Drop for Info {
    fn drop(&mut self) {
        self.0.set(0.0);
    }
}

impl fmt::Debug for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Info").finish_non_exhaustive()
    }
}
