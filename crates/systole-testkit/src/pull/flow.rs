//! A monitor that keeps a flow open through a NAT.

use core::time::Duration;

use systole::pacing::{Fixed, Lifetime};
use systole::{Config, Monitor, Output, Verdict};

use crate::world::{Journal, Law, Violation};

use super::micros;
use super::nat::{Bill, NatPlan, at, reach};

/// A flow through a NAT, and perhaps a second one.
pub(super) struct Flow<'a> {
    plan: &'a NatPlan,
    journal: &'a mut Journal,
    monitor: Monitor<8, Lifetime<Fixed>>,
    now_us: u64,
    refreshed_us: u64,
    /// The second flow is asked over at this moment, after this idle.
    trial: Option<(u64, Duration)>,
    bill: Bill,
    pushed: usize,
}

impl<'a> Flow<'a> {
    pub(super) fn new(plan: &'a NatPlan, journal: &'a mut Journal) -> Self {
        let config = Config::lifetime(reach(plan)).build().expect("in range");
        let config = config
            .into_builder()
            .seed(plan.seed | 1)
            .without_initial_delay()
            .build()
            .expect("odd");
        let monitor = Monitor::with_window(config, at(0)).expect("it has a seed");
        Self {
            plan,
            journal,
            monitor,
            now_us: 0,
            refreshed_us: 0,
            trial: None,
            bill: Bill::default(),
            pushed: 0,
        }
    }

    pub(super) fn go(mut self) -> Result<(), Violation> {
        while self.now_us < self.plan.life_us {
            self.push();
            self.journal.polls += 1;
            let output = self.monitor.poll(at(self.now_us));
            self.journal
                .call(|| format!("monitor.poll(at({})); // {output:?}", self.now_us));
            match output {
                Output::Send(id) => self.probe(id),
                Output::Wait(until) => self.wait(until.as_micros()),
                Output::Event(_) => {}
                Output::Idle => break,
            }
            if self.monitor.verdict() == Verdict::Dead {
                let kind = "a flow that was lost, and told, kills a live peer";
                return Err(Violation::new(Law::LocalTrouble, kind, self.now_us, ""));
            }
        }
        self.bill.check(self.plan)
    }

    fn push(&mut self) {
        let due = self.plan.pushbacks_us.get(self.pushed);
        if due.is_some_and(|&at_us| at_us <= self.now_us) {
            self.pushed += 1;
            self.journal
                .coverage
                .saw("the server asked for fewer probes");
            self.journal
                .call(|| format!("monitor.handle_pushback(at({}));", self.now_us));
            self.monitor.handle_pushback(at(self.now_us));
        }
    }

    /// A restart closes the flow; what idled too long is forgotten. Either shows in the answer.
    fn probe(&mut self, id: systole::ProbeId) {
        self.bill.packets += 1;
        let sent_us = self.now_us;
        self.now_us += self.plan.rtt_us;
        let restarted = self.plan.restarts_us.is_some_and(|every_us| {
            let due_us = every_us * (self.bill.restarts + 1);
            self.refreshed_us < due_us && due_us <= sent_us
        });
        let forgotten = sent_us - self.refreshed_us > self.plan.lifetime_us;
        if restarted || forgotten {
            self.bill.restarts += u64::from(restarted);
            self.bill.forgotten += u64::from(forgotten && !restarted);
            let what = if restarted {
                "the server restarted"
            } else {
                "the NAT forgot the flow"
            };
            self.journal.coverage.saw(what);
            self.journal
                .call(|| format!("monitor.handle_flow_lost(at({})); // {what}", self.now_us));
            self.monitor.handle_flow_lost(at(self.now_us));
        }
        self.journal
            .call(|| format!("monitor.handle_reply(id, at({}));", self.now_us));
        self.monitor.handle_reply(id, at(self.now_us));
        self.refreshed_us = sent_us;
    }

    fn wait(&mut self, until_us: u64) {
        if !self.plan.second_flow {
            self.now_us = until_us;
            return;
        }
        let Some((over_us, idle)) = self.trial else {
            self.trial = self
                .monitor
                .trial()
                .map(|idle| (self.now_us + micros(idle), idle));
            if self.trial.is_none() {
                self.now_us = until_us;
            }
            return;
        };
        self.now_us = until_us.min(over_us);
        if over_us > until_us {
            return;
        }
        self.trial = None;
        self.bill.packets += 1;
        if micros(idle) < self.plan.lifetime_us {
            self.journal.coverage.saw("a trial was survived");
            self.journal.call(|| {
                format!(
                    "monitor.handle_trial_survived({idle:?}, at({}));",
                    self.now_us
                )
            });
            self.monitor.handle_trial_survived(idle, at(self.now_us));
        } else {
            self.journal.coverage.saw("a trial was lost");
            self.journal
                .call(|| format!("monitor.handle_trial_lost({idle:?}, at({}));", self.now_us));
            self.monitor.handle_trial_lost(idle, at(self.now_us));
        }
    }
}
