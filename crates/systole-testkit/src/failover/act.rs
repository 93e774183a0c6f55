//! What happens in the world of a group, and what its caller does.

use systole::pacing::Pacing;
use systole::{Failure, ProbeId, failover::EndpointMode};

use super::run::{Act, Arrival, MOST, Run};
use crate::fleet::Echo;

impl<P: Pacing + Copy> Run<'_, P> {
    pub(super) fn act(&mut self, now_us: u64) {
        while let Some((at_us, (index, act))) = self.acts.pop_due(now_us) {
            match act {
                Act::Goes => self.turn(index, true, at_us),
                Act::Comes => self.turn(index, false, at_us),
                Act::Call(what) => self.call(index, what, now_us),
            }
        }
    }

    fn turn(&mut self, index: usize, is_down: bool, at_us: u64) {
        let is_active = index == self.active;
        let truth = &mut self.truths[index];
        truth.turns(is_down, is_active, at_us, self.late_us);
        let coverage = &mut self.journal.coverage;
        if is_down && is_active {
            coverage.saw("the active endpoint crashed");
            coverage.saw_if(
                self.late_us > 0,
                "the active endpoint crashed while polls are late",
            );
            coverage.saw_if(
                truth.blocked_us.is_some(),
                "the active endpoint crashed while nothing can be sent",
            );
        }
        coverage.saw_if(!is_down, "an endpoint was away and came back");
        self.usable(at_us);
    }

    /// Notes when the first endpoint is back after all were down.
    fn usable(&mut self, at_us: u64) {
        let duties = &self.plan.duties;
        let mut served = self
            .truths
            .iter()
            .zip(duties)
            .filter(|(_, (_, duty))| *duty != EndpointMode::Disabled);
        if served.all(|(truth, _)| truth.down_us.is_some()) {
            self.all_down = true;
            self.usable_us = None;
            self.journal.coverage.saw("all endpoints were down at once");
        } else if self.all_down {
            self.all_down = false;
            self.usable_us = Some((at_us, self.late_us));
        }
    }

    fn call(&mut self, index: usize, what: u32, now_us: u64) {
        let now = self.at(now_us);
        match what {
            0 => {
                self.journal
                    .call(|| format!("group.probe_now({index}, at({now_us}));"));
                self.group.probe_now(index, now);
            }
            1 => self.resumed(now_us),
            2 => {
                self.journal
                    .call(|| format!("group.switch_to({index}, at({now_us}));"));
                self.group.switch_to(index, now);
                self.has_interfered = true;
                self.told.requested();
            }
            3 => self.set_mode(index, now_us),
            4 => {
                self.journal
                    .call(|| format!("group.restarted({index}, at({now_us}));"));
                self.group.restarted(index, now);
                self.truths[index].anew();
                self.truths[index].excuse(now_us);
            }
            5 => {
                let load = u8::try_from(self.random.below(256)).ok();
                self.journal
                    .call(|| format!("group.handle_load({index}, {load:?}, at({now_us}));"));
                self.group.handle_load(index, load, now);
            }
            6 => {
                let id = ProbeId::from(self.random.draw());
                self.journal
                    .call(|| format!("group.handle_reply({index}, {id:?}, at({now_us}));"));
                self.group.handle_reply(index, id, now);
                self.group.handle_reply(index + MOST, id, now);
            }
            _ => self.fail(index, now_us),
        }
        self.told.look(&self.group);
    }

    /// In the middle of a drain, the caller chooses an endpoint or changes what the group may do.
    pub(super) fn meddles(&mut self, now_us: u64) -> bool {
        let meddles = self.plan.meddles && self.random.one_in(3);
        if meddles {
            let coverage = &mut self.journal.coverage;
            coverage.saw("the caller changed something in the middle of a drain");
            let index = usize::try_from(self.random.below(self.truths.len() as u64)).unwrap_or(0);
            let what = self.random.pick(&[2, 3]);
            self.call(index, what, now_us);
            for truth in &mut self.truths {
                truth.attempted_us = None; // what starts over by that is probed at once
            }
        }
        meddles
    }

    fn set_mode(&mut self, index: usize, now_us: u64) {
        self.told.requested();
        let duties = [
            EndpointMode::Normal,
            EndpointMode::Pinned,
            EndpointMode::Disabled,
        ];
        let duty = self.random.pick(&duties);
        self.journal
            .call(|| format!("group.set_mode({index}, EndpointMode::{duty:?}, at({now_us}));"));
        self.has_interfered = true;
        if self.group.set_mode(index, duty, self.at(now_us)) {
            let truth = &mut self.truths[index];
            truth.anew();
            if truth.down_us.is_none() {
                truth.excuse(now_us); // asked again from now on, where it was disabled
            }
        }
    }

    /// A probe is said to have failed that was never sent.
    fn fail(&mut self, index: usize, now_us: u64) {
        let (id, failure) = (ProbeId::from(self.random.draw()), Failure::Reset);
        self.journal.call(|| {
            format!("group.handle_failure({index}, {id:?}, Failure::Reset, at({now_us}));")
        });
        self.group
            .handle_failure(index, id, failure, self.at(now_us));
    }

    fn resumed(&mut self, now_us: u64) {
        self.journal
            .call(|| format!("group.resumed(at({now_us}));"));
        self.group.resumed(self.at(now_us));
        for truth in &mut self.truths {
            self.journal.coverage.saw_if(
                truth.down_us.is_some(),
                "resumed while an endpoint was down",
            );
            truth.excuse(now_us);
        }
    }

    pub(super) fn read(&mut self, now_us: u64) {
        while let Some((at_us, it)) = self.arrivals.pop_due(now_us) {
            let at_us = if self.plan.stamps { at_us } else { now_us };
            let Arrival {
                endpoint,
                id,
                number,
                sent_us,
                echo,
            } = it;
            let at = self.at(at_us);
            match echo {
                Echo::Reply => {
                    self.journal.call(|| {
                        format!("group.handle_reply({endpoint}, ids[{number}], at({at_us}));")
                    });
                    self.group.handle_reply(endpoint, id, at);
                    let rise = self.plan.settings.active.replies();
                    self.truths[endpoint].heard(sent_us, rise);
                }
                Echo::Refused => {
                    self.journal.call(|| format!("group.handle_failure({endpoint}, ids[{number}], Failure::Refused, at({at_us}));"));
                    self.group
                        .handle_failure(endpoint, id, Failure::Refused, at);
                }
            }
        }
    }
}
