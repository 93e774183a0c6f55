//! The results of probes, which are passed to the machines and reported.

use std::time::Duration;

use systole::machine::ProbeResult;
use systole::{Instant, ProbeError, ProbeId};

use super::Watch;
use crate::report::WatchEvent;
use crate::target::{Arrival, LinkEvent, Miss};
use crate::trouble::Trouble;

impl Watch {
    pub(super) fn take(&mut self, news: LinkEvent) -> Result<(), Trouble> {
        match news {
            LinkEvent::Arrival(arrival) => self.settle(arrival),
            LinkEvent::Scene(says) => Ok(self.tell(0, &WatchEvent::Scene(says))?),
        }
    }

    fn settle(&mut self, arrival: Arrival) -> Result<(), Trouble> {
        let Some(peer) = self.peers.iter().position(|one| one.key == arrival.peer) else {
            return Ok(()); // the peer is no longer watched
        };
        let at = self.epoch.moment(arrival.at);
        let Some(before) = self.known(peer).map(|known| known.counters) else {
            return Ok(());
        };
        match &arrival.result {
            // the machine detects by itself that the probe is overdue
            Err(Miss::ProbeError(ProbeError::Missed)) => return Ok(()),
            Err(Miss::Untrusted(why)) if before.answered == 0 && before.late == 0 => {
                return Err(Trouble::Untrusted(self.name(peer), why.clone()));
            }
            _ => self.hearts.handle_result(ProbeResult {
                target: peer,
                id: arrival.id,
                result: arrival.result(),
                at,
                held: arrival.setup,
            }),
        }
        let after = self.known(peer).map_or(before, |known| known.counters);
        if after.ignored > before.ignored {
            return Ok(()); // a duplicate, or a reply to no known probe
        }
        let late = after.late > before.late;
        let happening = match arrival.result {
            Err(miss) => WatchEvent::Miss(miss),
            Ok(answer) => WatchEvent::Answer {
                answer,
                rtt: self.round_trip(peer, arrival.id, at, arrival.setup),
                late,
            },
        };
        self.tell(peer, &happening)?;
        if let WatchEvent::Answer { rtt: Some(rtt), .. } = happening {
            self.warn(peer, |warning| warning.answered(rtt))?;
        }
        Ok(self.notice()?)
    }

    fn round_trip(
        &mut self,
        peer: usize,
        id: ProbeId,
        at: Instant,
        setup: Duration,
    ) -> Option<Duration> {
        self.peers.get_mut(peer)?.round_trip(id, at, setup)
    }
}
