//! What comes from the links: results of probes, which are passed to the machines and reported.

use systole::machine::ProbeResult;
use systole::{Instant, ProbeError, peer::Counters};

use super::engine::Engine;
use crate::report::WatchEvent;
use crate::target::{Arrival, LinkEvent, Miss};

impl Engine {
    pub(super) fn take(&mut self, news: LinkEvent) {
        match news {
            LinkEvent::Arrival(arrival) => self.settle(arrival),
            LinkEvent::Opened { peer, link } => self.opened(peer, link),
            LinkEvent::Hook { peer, said } => self.tell(peer, &WatchEvent::Hook(said)),
            LinkEvent::Scene(says) => self.tell_all(&WatchEvent::Scene(says)),
        }
    }

    fn settle(&mut self, arrival: Arrival) {
        let key = arrival.peer;
        let Some(peer) = self.peers.get_mut(&key) else {
            return; // the peer is no longer watched
        };
        let (unit, place, sent) = (peer.unit, peer.place, peer.settle(arrival.id));
        if let Err(Miss::ProbeError(ProbeError::Missed)) = arrival.result {
            return; // the machine detects by itself that the probe is overdue
        }
        let at = self.epoch.moment(arrival.at);
        let Some(before) = self.counters(unit, place) else {
            return;
        };
        let result = ProbeResult {
            target: place,
            id: arrival.id,
            result: arrival.result(),
            at,
            held: arrival.setup,
        };
        if let Some(machine) = self.machine(unit) {
            machine.handle_result(result);
        }
        let after = self.counters(unit, place).unwrap_or(before);
        if after.ignored == before.ignored {
            // else it is a duplicate, or a reply to no known probe
            self.report_result(arrival, sent, at, after.late > before.late);
        }
        self.notice(unit);
        self.drain(unit, self.epoch.now());
    }

    fn report_result(&mut self, arrival: Arrival, sent: Option<Instant>, at: Instant, late: bool) {
        let key = arrival.peer;
        match arrival.result {
            Err(miss) => self.tell(key, &WatchEvent::Miss(miss)),
            Ok(answer) => {
                let whole = sent.map(|sent| at.saturating_duration_since(sent));
                let rtt = whole.map(|whole| whole.saturating_sub(arrival.setup));
                self.tell(key, &WatchEvent::Answer { answer, rtt, late });
                self.look_at_certificate(key);
                if let Some(rtt) = rtt {
                    self.warn(key, |warning| warning.answered(rtt));
                }
            }
        }
    }

    fn counters(&self, unit: usize, place: usize) -> Option<Counters> {
        Some(self.units.get(&unit)?.machine.as_ref()?.counters(place))
    }
}
