//! Metrics of a fleet. Their number does not depend on the number of peers.

use alloc::sync::Arc;
use core::time::Duration;

use ::metrics::{SharedString, counter, gauge};

use super::help;
use crate::pacing::Pacing;
use crate::{
    Fleet, Instant,
    fleet::{self, Census},
};

/// The number of worst peers whose silence is exported, by rank.
const WORST: usize = 10;

/// The metrics of a [`Fleet`](crate::Fleet), or of the fleet that `task::UdpFleet::with` passes to
/// its closure. No peer has a series of its own, so the number of series does not grow with the
/// fleet.
///
/// | series, each with a label `fleet` | |
/// |---|---|
/// | `systole_fleet_peers{verdict}` | gauge: number of peers with each verdict |
/// | `systole_fleet_silence_seconds{rank}` | gauge: how long the ten worst peers have been silent, rank 1 first; 0 where fewer are suspected or dead |
/// | `systole_fleet_probes_total{result}` | counter: probes by result: `answered` in time, `overdue`, `failed` at once, `unsent`, or `abandoned` |
/// | `systole_fleet_verdict_changes_total{to}` | counter: `suspect`, `dead` |
/// | `systole_fleet_revivals_total{outcome}` | counter: `refuted`, `recovered`, `undecided` |
/// | `systole_fleet_overflows_total`, `systole_fleet_pauses_total`, `systole_fleet_blind_total` | counters: local faults: lost replies, lateness, and times that no probe could be sent |
/// | `systole_fleet_lateness_seconds` | gauge: 99th percentile of the delay with which probes went out |
#[derive(Debug)]
pub struct FleetSeries {
    name: SharedString,
}

impl FleetSeries {
    /// Creates the metrics of the fleet called `name`. The descriptions go to the exporter that is
    /// installed at this moment.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        help::describe();
        Self {
            name: SharedString::from_shared(name.into()),
        }
    }

    /// Exports the state of `fleet` at `now`. It costs as much as
    /// [`Fleet::worst`](crate::Fleet::worst).
    pub fn record<const N: usize, P: Pacing>(&self, fleet: &mut Fleet<N, P>, now: Instant) {
        self.census(&fleet.census());
        let worst = fleet.worst(WORST, now);
        self.silences(worst.iter().map(|status| status.silent));
        self.count(&fleet.counters());
        gauge!("systole_fleet_lateness_seconds", "fleet" => self.name.clone())
            .set(fleet.lateness().quantile(0.99).as_secs_f64());
    }

    fn census(&self, census: &Census) {
        for (verdict, peers) in [
            ("unknown", census.unknown),
            ("alive", census.alive),
            ("suspect", census.suspect),
            ("dead", census.dead),
        ] {
            self.gauge("systole_fleet_peers", "verdict", verdict, whole(peers));
        }
    }

    fn silences(&self, longest: impl Iterator<Item = Duration>) {
        let silences = longest.chain(core::iter::repeat(Duration::ZERO));
        for (rank, silence) in (1..=WORST).zip(silences) {
            let rank = SharedString::from(std::format!("{rank}"));
            self.gauge(
                "systole_fleet_silence_seconds",
                "rank",
                rank,
                silence.as_secs_f64(),
            );
        }
    }

    fn count(&self, all: &fleet::Counters) {
        for (name, label, value, count) in [
            ("probes", "result", "answered", all.answered),
            ("probes", "result", "overdue", all.lost),
            ("probes", "result", "failed", all.failed),
            ("probes", "result", "unsent", all.unsent),
            ("probes", "result", "abandoned", all.abandoned),
            ("verdict_changes", "to", "suspect", all.suspect),
            ("verdict_changes", "to", "dead", all.dead),
            ("revivals", "outcome", "refuted", all.refuted),
            ("revivals", "outcome", "recovered", all.recovered),
            ("revivals", "outcome", "undecided", all.undecided),
        ] {
            let name = std::format!("systole_fleet_{name}_total");
            counter!(name, "fleet" => self.name.clone(), label => value).absolute(count);
        }
        for (name, count) in [
            ("systole_fleet_overflows_total", all.overflows),
            ("systole_fleet_pauses_total", all.pauses),
            ("systole_fleet_blind_total", all.blind),
        ] {
            counter!(name, "fleet" => self.name.clone()).absolute(count);
        }
    }

    fn gauge(
        &self,
        name: &'static str,
        label: &'static str,
        value: impl Into<SharedString>,
        is: f64,
    ) {
        gauge!(name, "fleet" => self.name.clone(), label => value.into()).set(is);
    }
}

impl Drop for FleetSeries {
    fn drop(&mut self) {
        self.census(&Census::default());
        self.silences(core::iter::empty());
        gauge!("systole_fleet_lateness_seconds", "fleet" => self.name.clone()).set(0.0);
    }
}

/// Converts a number of peers to the value of a gauge.
fn whole(peers: usize) -> f64 {
    f64::from(u32::try_from(peers).unwrap_or(u32::MAX))
}
