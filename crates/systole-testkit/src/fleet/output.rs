//! What the fleet asks for: probes, and when to look again.

use systole::pacing::Pacing;
use systole::{
    Fleet, Output, ProbeId, Verdict,
    fleet::{self, PeerKey},
};

use super::network::send;
use super::run::{Arrival, Run, What};
use super::truth::micros;
use crate::world::{Kind, Law, OURS, Violation, mixed};

/// Where there are more peers than this, each of which may be looked at several times at a moment,
/// a drain may end although more is due.
const CROWD: usize = 64;

impl<P: Pacing + Copy> Run<'_, P> {
    /// Polls until there is nothing to do; returns until when.
    pub(super) fn drain(&mut self, now_us: u64) -> Result<u64, Violation> {
        self.drains += 1;
        let now = self.at(now_us);
        let mut probes = 0;
        for _ in 0..=Fleet::<4, P>::MAX_DRAIN {
            self.journal.polls += 1;
            match self.fleet.poll(now) {
                Output::Send(fleet::Probe { peer, id, late }) => {
                    probes += 1;
                    self.digest = mixed(self.digest, u64::from(id) ^ micros(late));
                    self.probe(peer, id, micros(late), now_us)?;
                }
                Output::Wait(until) => {
                    self.digest = mixed(self.digest, until.as_micros());
                    self.journal
                        .call(|| format!("fleet.poll(at({now_us})); // Wait({until:?})"));
                    if until <= now {
                        let detail = format!("{until:?} at {now:?}");
                        return Err(Violation::new(
                            Law::Progress,
                            "a wait lies not in the future",
                            now_us,
                            detail,
                        ));
                    }
                    let until_us = until.as_micros().saturating_sub(self.plan.start_us);
                    self.ends_early(now_us, until_us, probes);
                    return Ok(until_us);
                }
                Output::Idle => return Ok(u64::MAX / 2),
            }
        }
        Err(Violation::new(
            Law::Progress,
            "a drain does not end",
            now_us,
            probes,
        ))
    }

    /// "It ends with a `Wait` of one microsecond even where more is due": what is called overdue or dead
    /// takes its share of a drain, too, and cannot be told from outside.
    pub(super) fn ends_early(&mut self, now_us: u64, until_us: u64, probes: usize) {
        let is_full = probes + 1 >= Fleet::<4, P>::MAX_DRAIN;
        self.journal
            .coverage
            .saw_if(is_full, "more was due than a drain takes");
        let peers = self.truths.iter().flatten().count();
        if is_full || until_us == now_us + 1 && peers > CROWD {
            self.ours.late_us += 1;
        }
    }

    pub(super) fn probe(
        &mut self,
        key: PeerKey,
        id: ProbeId,
        late_us: u64,
        now_us: u64,
    ) -> Result<(), Violation> {
        let number = self.account.probes;
        self.account.probes += 1;
        let slot = self.places.get(key.index()).copied().flatten();
        let Some(slot) =
            slot.filter(|&slot| self.truths[slot].as_ref().is_some_and(|it| it.key == key))
        else {
            return Err(Violation::new(
                Law::Accounts,
                "a probe for a peer that is gone",
                now_us,
                key.index(),
            ));
        };
        self.journal.call(|| {
            format!(
                "fleet.poll(at({now_us})); // Probe {{ peer{slot}, ids[{number}], late {late_us} }}"
            )
        });
        // a reply that is read late may have made it due before the moment that was named
        let most_us = self.ours.late_us.max(now_us - self.drained_us);
        if self.plan.wakes && late_us > most_us {
            let detail = format!("{late_us} us, of {most_us} us in all");
            return Err(Violation::new(
                Law::Accounts,
                "a probe is said to be later than we were",
                now_us,
                detail,
            ));
        }
        self.spacing(slot, now_us)?;
        let truth = self.truths[slot].as_mut().unwrap();
        let late_us = self.ours.late_us;
        let arrival = |what| Arrival {
            slot,
            key,
            id,
            number,
            sent_us: now_us,
            late_us,
            what,
        };
        if self
            .plan
            .ours
            .find(now_us, OURS, |it| it == Kind::SendFails)
            .is_some()
        {
            truth.unsent(now_us + self.plan.unsent_after_us, self.ours);
            let is_long = truth.is_blocked_for_a_bound(now_us);
            self.journal
                .coverage
                .saw_if(is_long, "nothing could be sent for a bound");
            match self.plan.unsent_after_us {
                0 => self.unsent(arrival(What::Unsent), now_us),
                after_us => self.arrivals.push(now_us + after_us, arrival(What::Unsent)),
            }
        } else {
            truth.sent(now_us);
            let (arrivals, dropped, ours) =
                (&mut self.arrivals, &mut self.dropped, &self.plan.ours);
            send(
                &self.plan.peers[slot],
                number,
                now_us,
                |at_us, echo| match ours.find(at_us, OURS, |it| it == Kind::Overflow) {
                    Some(_) => dropped.push(at_us, ()),
                    None => arrivals.push(at_us, arrival(What::Echo(echo))),
                },
            );
        }
        self.state(slot, now_us);
        Ok(())
    }

    /// Law 1: how far probes are apart.
    pub(super) fn spacing(&mut self, slot: usize, now_us: u64) -> Result<(), Violation> {
        let truth = self.truths[slot].as_mut().unwrap();
        if truth.attempted_us.replace(now_us) == Some(now_us) {
            let kind = "a peer is probed twice in one drain";
            return Err(Violation::new(Law::Progress, kind, now_us, slot));
        }
        if truth.blocked_us.is_some() {
            return Ok(());
        }
        let Some((sent_us, was_alive)) = truth.last_sent else {
            return Ok(());
        };
        let gap_us = now_us - sent_us;
        let detail = |least_us: u64| format!("peer {slot}: {gap_us} us, at least {least_us} us");
        if gap_us < self.least_gap_us {
            let detail = detail(self.least_gap_us);
            return Err(Violation::new(
                Law::Intervals,
                "probes are closer than the shortest timeout",
                now_us,
                detail,
            ));
        }
        // a retry comes in the same drain as the suspicion, before its event is read
        let is_alive = self.fleet.verdict(truth.key) == Some(Verdict::Alive);
        if was_alive && is_alive && truth.is_quick && gap_us < self.interval_min_us {
            let detail = detail(self.interval_min_us);
            return Err(Violation::new(
                Law::Intervals,
                "steady probes are closer than the shortest interval",
                now_us,
                detail,
            ));
        }
        Ok(())
    }
}
