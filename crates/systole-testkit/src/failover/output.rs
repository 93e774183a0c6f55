//! What a group answers: probes and events.

use core::time::Duration;

use systole::pacing::Pacing;
use systole::{
    Event, ProbeId,
    failover::{self, Condition, Outage, SwitchReason},
};

use super::endpoint::Truth;
use super::run::{Arrival, Run};
use crate::fleet::{micros, send};
use crate::world::{Kind, Law, OURS, Violation, mixed};

impl<P: Pacing + Copy> Run<'_, P> {
    pub(super) fn probe(
        &mut self,
        endpoint: usize,
        id: ProbeId,
        now_us: u64,
    ) -> Result<(), Violation> {
        let number = self.probes;
        self.probes += 1;
        self.journal
            .call(|| format!("group.poll(at({now_us})); // Probe {{ {endpoint}, ids[{number}] }}"));
        let condition = self.group.condition(endpoint);
        if matches!(
            condition,
            None | Some(Condition::Quarantined(_) | Condition::Disabled)
        ) {
            let kind = "an endpoint is probed that is not in service";
            return Err(Violation::new(
                Law::Intervals,
                kind,
                now_us,
                format!("{endpoint}: {condition:?}"),
            ));
        }
        let truth = &mut self.truths[endpoint];
        if condition == Some(Condition::Unknown) && truth.quarantined_us.is_some() {
            truth.anew(); // before its event is read
        }
        if truth.attempted_us.replace(now_us) == Some(now_us) {
            let kind = "an endpoint is probed twice in one drain";
            return Err(Violation::new(Law::Progress, kind, now_us, endpoint));
        }
        let fails = |it| it == Kind::SendFails;
        match self.plan.ours.find(now_us, OURS, fails) {
            Some(_) => self.fail_to_send(endpoint, id, number, now_us),
            None => self.send(endpoint, id, number, now_us),
        }
        Ok(())
    }

    fn fail_to_send(&mut self, endpoint: usize, id: ProbeId, number: u64, now_us: u64) {
        let coverage = &mut self.journal.coverage;
        coverage.saw("nothing could be sent for a while");
        self.truths[endpoint].blocked_us.get_or_insert(now_us);
        self.journal
            .call(|| format!("group.handle_unsent({endpoint}, ids[{number}], at({now_us}));"));
        self.group.handle_unsent(endpoint, id, self.at(now_us));
    }

    fn send(&mut self, endpoint: usize, id: ProbeId, number: u64, now_us: u64) {
        self.truths[endpoint].sent(now_us);
        let arrivals = &mut self.arrivals;
        send(&self.plan.peers[endpoint], number, now_us, |at_us, echo| {
            arrivals.push(
                at_us,
                Arrival {
                    endpoint,
                    id,
                    number,
                    sent_us: now_us,
                    echo,
                },
            );
        });
    }

    pub(super) fn event(
        &mut self,
        event: Event<failover::EventKind>,
        now_us: u64,
    ) -> Result<(), Violation> {
        self.journal
            .call(|| format!("group.poll(at({now_us})); // {event:?}"));
        if self.plan.twice {
            self.digest = format!("{event:?}")
                .bytes()
                .fold(self.digest, |sum, byte| mixed(sum, byte.into()));
        }
        self.told.told(&event, now_us)?;
        match event.kind {
            failover::EventKind::Switched {
                from, to, reason, ..
            } => self.switched(from, to, reason, now_us)?,
            failover::EventKind::Quarantined { endpoint, span, .. } => {
                self.quarantined(endpoint, span, now_us)?
            }
            failover::EventKind::Released { endpoint, .. } => {
                self.journal.coverage.saw("a quarantine ended");
                if self.truths[endpoint].quarantined_us.is_some() {
                    self.truths[endpoint].anew();
                }
            }
            failover::EventKind::Down { outage, .. } => self.down(outage, now_us)?,
            failover::EventKind::Restored => self.journal.coverage.saw("an outage was over"),
            _ => {}
        }
        Ok(())
    }

    fn down(&mut self, outage: Outage, now_us: u64) -> Result<(), Violation> {
        self.journal.coverage.saw("out of service was told");
        if !self.truths.iter().all(Truth::is_fine) {
            return Ok(());
        }
        let (kind, detail) = (
            "out of service, where all endpoints answer in time",
            format!("{outage:?}"),
        );
        Err(Violation::new(Law::LocalTrouble, kind, now_us, detail))
    }

    fn switched(
        &mut self,
        from: usize,
        to: usize,
        reason: SwitchReason,
        now_us: u64,
    ) -> Result<(), Violation> {
        self.switches += 1;
        let coverage = &mut self.journal.coverage;
        let by_failure = matches!(
            reason,
            SwitchReason::Dead | SwitchReason::Slow | SwitchReason::Suspected
        );
        self.flaps += u64::from(by_failure || reason == SwitchReason::Preferred);
        coverage.saw(match reason {
            SwitchReason::Dead => "switched because it is dead",
            SwitchReason::Slow => "switched because it is slow",
            SwitchReason::Suspected => "switched on suspicion",
            SwitchReason::Preferred => "switched back to a better one",
            SwitchReason::Disabled => "switched because it was disabled",
            SwitchReason::Requested => "switched on request",
            _ => "switched for another reason",
        });
        let detail = || format!("from {from} to {to}, {reason:?}");
        if from != self.active {
            return Err(Violation::new(
                Law::Accounts,
                "a switch from an endpoint that was not active",
                now_us,
                detail(),
            ));
        }
        self.active = to;
        if by_failure && self.truths[from].is_fine() {
            let kind = "an endpoint is left that answers in time";
            return Err(Violation::new(Law::LocalTrouble, kind, now_us, detail()));
        }
        Ok(())
    }

    fn quarantined(
        &mut self,
        endpoint: usize,
        span: Duration,
        now_us: u64,
    ) -> Result<(), Violation> {
        self.quarantines += 1;
        let truth = &mut self.truths[endpoint];
        truth.quarantined_us = Some(now_us.saturating_add(micros(span)));
        let detail = || format!("endpoint {endpoint} for {span:?}");
        if truth.is_fine() {
            let kind = "an endpoint is quarantined that answers in time";
            return Err(Violation::new(Law::LocalTrouble, kind, now_us, detail()));
        }
        if micros(span) < self.first_quarantine_us {
            let kind = "a quarantine is shorter than the first";
            return Err(Violation::new(Law::Intervals, kind, now_us, detail()));
        }
        if !self.plan.settings.enabled {
            return Err(Violation::new(
                Law::Accounts,
                "a quarantine where fail-over is off",
                now_us,
                detail(),
            ));
        }
        Ok(())
    }
}
