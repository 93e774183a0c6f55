//! What is under way to the listener.

use systole::Beat;

use super::datagram;
use super::run::{Arrival, Run};
use super::truth::Sent;
use crate::world::{Journal, Kind, Violation};

/// Strangers lose interest after so many datagrams, as the sender may be far slower than they.
const MOST_STRANGERS: u32 = 600;

impl Run<'_> {
    pub fn send(&mut self, journal: &mut Journal) {
        if self.emitter.next_us().is_some_and(|us| us <= self.now_us) {
            let mut sent = Vec::new();
            self.emitter.act(self.now_us, journal, &mut sent);
            for (beat, slot_us) in sent {
                self.carry(&beat, slot_us);
            }
            let live = self.emitter.is_live(self.now_us);
            self.oracle
                .sender_is(live, self.emitter.has_left(), self.now_us);
        }
        if self.stranger_us.is_some_and(|us| us <= self.now_us) {
            self.stranger(journal);
        }
    }

    fn carry(&mut self, beat: &Beat, slot_us: u64) {
        let index = self.oracle.truth.sent.len();
        let number = index as u64;
        let datagram = datagram::of(beat, self.plan.settings.tagged);
        let arrivals = self
            .plan
            .path
            .back(number, self.now_us, &self.plan.incidents);
        for at_us in arrivals.into_iter().flatten() {
            let index = Some(index);
            self.arrivals.push(at_us, Arrival { datagram, index });
        }
        let gone = |kind| matches!(kind, Kind::Overflow | Kind::Suspend { .. });
        let kept = |&us: &u64| self.plan.incidents.find(us, 0, gone).is_none();
        self.oracle.truth.sent.push(Sent {
            beat: *beat,
            life: self.emitter.life(),
            at_us: self.now_us,
            slot_us,
            arrives_us: arrivals.into_iter().flatten().filter(kept).min(),
            handed_us: None,
        });
    }

    /// Somebody else sends something, once the peer is known.
    fn stranger(&mut self, journal: &mut Journal) {
        let gap_us = self.plan.strangers_us.unwrap_or(u64::MAX);
        let next_us = self
            .now_us
            .saturating_add(1 + self.random.below(gap_us.saturating_mul(2)));
        self.strangers += 1;
        self.stranger_us = (self.strangers < MOST_STRANGERS).then_some(next_us);
        let tagged = self.plan.settings.tagged;
        if let Some(newest) = self.oracle.truth.newest {
            journal.coverage.saw("a stranger's datagram arrived");
            let last = self.oracle.truth.sent[newest];
            let known = self.oracle.truth.sent[..=newest].iter();
            let known = known
                .rev()
                .filter(|it| it.handed_us.is_some() && (tagged || it.life == last.life));
            let skipped = usize::try_from(self.random.below(64)).unwrap_or(0);
            let genuine = known
                .take(skipped + 1)
                .last()
                .map_or(last.beat, |it| it.beat);
            let datagram = datagram::strange(&mut self.random, &genuine, tagged);
            self.arrivals.push(
                self.now_us,
                Arrival {
                    datagram,
                    index: None,
                },
            );
        }
    }

    pub fn receive(&mut self, journal: &mut Journal) -> Result<(), Violation> {
        let (mut arrived, looking) = (false, self.is_looking());
        while let Some((at_us, arrival)) = self.arrivals.pop_due(self.now_us) {
            let gone = self.find(|kind| matches!(kind, Kind::Overflow | Kind::Suspend { .. }));
            journal
                .coverage
                .saw_if(gone, "a beat was dropped on our side");
            if !gone {
                self.waiting.push((at_us, arrival));
                arrived = true;
            }
        }
        if !arrived || !looking {
            return Ok(());
        }
        let late_us = self.late_us();
        if late_us > 0 {
            let wake_us = self.now_us + late_us;
            self.wake_us = Some(self.wake_us.map_or(wake_us, |us| us.min(wake_us)));
            return Ok(());
        }
        self.look(journal)
    }
}
