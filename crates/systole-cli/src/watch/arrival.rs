//! What comes from the links: results of probes, which are passed to the machines and reported.

use systole::machine::{Outcome, ProbeResult};
use systole::peer::{ProbeOutcome, ReplyOutcome};
use systole::{Instant, ProbeError};

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
        let result = ProbeResult {
            target: place,
            id: arrival.id,
            result: arrival.result(),
            at,
            held: arrival.setup,
        };
        let Some(machine) = self.machine(unit) else {
            return;
        };
        let outcome = machine.handle_result(result);
        self.report_result(arrival, sent, at, outcome);
        self.notice(unit);
        self.drain(unit, self.epoch.now());
    }

    fn report_result(
        &mut self,
        arrival: Arrival,
        sent: Option<Instant>,
        at: Instant,
        outcome: Outcome,
    ) {
        let key = arrival.peer;
        if let Outcome::Reply(ReplyOutcome::Ignored) | Outcome::Probe(ProbeOutcome::Ignored) =
            outcome
        {
            return; // a duplicate, or of no probe that is waited for
        }
        let late = !matches!(outcome, Outcome::Reply(ReplyOutcome::Fresh { .. }));
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
}
