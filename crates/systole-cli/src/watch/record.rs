//! Recording the metrics: of a unit now and then, and of all when they are asked for.

use std::time::Duration;

use systole::Instant;

use super::engine::Engine;
use super::peer::Peer;
use super::series::{Info, Of, Recorded, record_certificate};
use super::unit::Machine;
use crate::metrics::Scrape;

/// How long a unit is not recorded if nothing asks for its metrics: shorter than the exporter keeps
/// an idle series.
const PERIOD: Duration = Duration::from_secs(60);
/// After how many polls a unit is recorded sooner, so that its window still holds every round trip
/// that was measured since.
const POLLS: u32 = 24;

impl Engine {
    /// Brings all series up to date, and says so.
    pub(super) fn answer(&mut self, scrape: Scrape) {
        let now = self.epoch.now();
        let units: Vec<_> = self.units.keys().copied().collect();
        for unit in units {
            self.record_now(unit, now);
        }
        let _ = scrape.send(()); // fails if the client has gone
    }

    /// Exports the state of `unit` at `now`, if the last time was long ago.
    pub(super) fn record(&mut self, unit: usize, now: Instant) {
        let Some(series) = &mut self.series else {
            return;
        };
        let is_due = |recorded: &mut Recorded| {
            recorded.polls += 1;
            recorded.polls >= POLLS || now >= recorded.at.saturating_add(PERIOD)
        };
        if series.units.get_mut(&unit).is_none_or(is_due) {
            self.record_now(unit, now);
        }
    }

    fn record_now(&mut self, unit: usize, now: Instant) {
        let Some(series) = &mut self.series else {
            return;
        };
        let Some(state) = self.units.get(&unit) else {
            return;
        };
        let peers = || state.members.iter().filter_map(|key| self.peers.get(key));
        let labelled = |peer: &Peer| Some(Info::new(&peer.name, peer.labels()?));
        let recorded = series.units.entry(unit).or_insert_with(|| Recorded {
            series: Of::new(state, peers().map(|peer| &*peer.name)),
            info: peers().filter_map(labelled).collect(),
            at: Instant::ZERO,
            polls: 0,
        });
        (recorded.at, recorded.polls) = (now, 0);
        recorded.info.iter().for_each(Info::record);
        peers().for_each(record_certificate);
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
