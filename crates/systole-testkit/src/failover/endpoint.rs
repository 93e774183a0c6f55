//! What is true of one endpoint, and what the laws demand of the group for it.

use systole::{failover::Condition, plan::Plan};

use crate::fleet::{PeerPlan, micros};
use crate::world::{Law, Violation};

/// What is true of an endpoint.
#[derive(Clone, Debug)]
pub struct Truth {
    /// Whether the path loses nothing, only crashes happen to it, and it answers within the shortest timeout.
    pub is_quick: bool,
    /// The longest round trip.
    pub rtt_us: u64,
    /// Since when it does not answer.
    pub down_us: Option<u64>,
    /// Since when it answers.
    pub up_us: u64,
    /// Whether as many probes that were sent since it is there were answered as bring it back.
    pub is_heard: bool,
    answers: u8,
    /// When a probe was first sent since it was last started anew.
    pub first_sent_us: Option<u64>,
    /// When a probe was last handed out, sent or not.
    pub attempted_us: Option<u64>,
    /// When the first of the sends failed that nothing followed.
    pub blocked_us: Option<u64>,
    /// Until when it is in quarantine, on our clock.
    pub quarantined_us: Option<u64>,
    /// Whether it was the active one when it went.
    pub was_active: bool,
    /// The least bound stated meanwhile.
    blocked_bound_us: u64,
    unsendable_us: u64,
    late_at_us: u64,
    base_us: u64,
    bound_us: u64,
    interval_us: u64,
    /// Whether it was called healthy since it is there.
    is_seen: bool,
}

impl Truth {
    /// An endpoint that is there.
    pub fn new(peer: &PeerPlan, timeout_us: u64) -> Self {
        let is_clean = peer.is_clean();
        let rtt_us = peer.longest_rtt_us();
        Self {
            is_quick: is_clean && rtt_us <= timeout_us,
            rtt_us,
            down_us: None,
            up_us: 0,
            is_heard: true,
            answers: 0,
            first_sent_us: None,
            attempted_us: None,
            blocked_us: None,
            quarantined_us: None,
            was_active: false,
            blocked_bound_us: u64::MAX,
            unsendable_us: 0,
            late_at_us: 0,
            base_us: 0,
            bound_us: 0,
            interval_us: 0,
            is_seen: false,
        }
    }

    /// Since `at_us` it does not answer, or answers again.
    pub fn turns(&mut self, is_down: bool, is_active: bool, at_us: u64, late_us: u64) {
        self.down_us = is_down.then_some(at_us);
        self.was_active = is_down && is_active;
        if is_down {
            (self.is_heard, self.answers) = (false, 0);
        } else {
            self.up_us = at_us;
        }
        (self.base_us, self.late_at_us, self.unsendable_us) = (at_us, late_us, 0);
        self.blocked_us = self.blocked_us.map(|_| at_us);
        (self.bound_us, self.interval_us, self.is_seen) = (0, 0, false);
    }

    /// The time for detection begins anew: "every endpoint gets one more probe before any verdict".
    pub fn excuse(&mut self, now_us: u64) {
        self.base_us = self.base_us.max(now_us);
    }

    /// It starts over as unknown.
    pub fn anew(&mut self) {
        self.first_sent_us = None;
        self.quarantined_us = None;
    }

    /// Whether somebody waits for a verdict, so that the plan which the group states for it counts.
    pub fn waits(&self) -> bool {
        self.down_us.is_some() || self.blocked_us.is_some() || !self.is_seen
    }

    /// The group states this plan for it.
    pub fn states(&mut self, plan: &Plan) {
        let bound_us = micros(plan.bound());
        self.bound_us = self.bound_us.max(bound_us);
        self.interval_us = self.interval_us.max(micros(plan.interval()));
        if self.blocked_us.is_some() {
            self.blocked_bound_us = self.blocked_bound_us.min(bound_us);
        }
    }

    /// A probe left at `now_us`.
    pub fn sent(&mut self, now_us: u64) {
        if let Some(blocked_us) = self.blocked_us.take() {
            let span_us = now_us - blocked_us;
            self.unsendable_us += span_us;
            // "for one bound none succeeded ...: after a successful send the bound counts from it".
            // The bound of an endpoint that becomes active is shorter than the one before.
            if span_us >= self.blocked_bound_us || self.down_us.is_none() {
                self.base_us = self.base_us.max(now_us);
            }
            self.blocked_bound_us = u64::MAX;
        }
        self.first_sent_us.get_or_insert(now_us);
    }

    /// The reply to the probe sent at `sent_us` was handed in.
    pub fn heard(&mut self, sent_us: u64, rise: u8) {
        if self.down_us.is_none() && sent_us >= self.up_us {
            self.answers = self.answers.saturating_add(1);
            self.is_heard |= self.answers >= rise;
        }
    }

    /// Whether it answers in time, and did so since it is there.
    pub fn is_fine(&self) -> bool {
        self.is_quick && self.down_us.is_none() && self.is_heard
    }

    /// By when it has to be called dead, where it does not answer and that is known.
    pub fn dead_by_us(&self, late_us: u64) -> Option<u64> {
        let (_, first_us) = (self.down_us?, self.first_sent_us?);
        if self.blocked_us.is_some() {
            return None;
        }
        let base_us = self.base_us.max(first_us);
        let credit_us = late_us - self.late_at_us + self.unsendable_us;
        Some(
            base_us
                .saturating_add(self.bound_us)
                .saturating_add(credit_us),
        )
    }

    /// "A dead peer that returns is seen alive within `rise` dead-peer intervals and one round trip,
    /// nothing lost", and so is one that was never heard; out of service it is not asked.
    pub fn judge_return(
        &mut self,
        index: usize,
        condition: Condition,
        now_us: u64,
        late_us: u64,
        answers_us: impl FnOnce(u64) -> u64,
    ) -> Result<(), Violation> {
        match condition {
            Condition::Healthy => self.is_seen = true,
            Condition::Quarantined(_) | Condition::Disabled => {
                self.is_seen = false;
                if self.down_us.is_none() {
                    self.excuse(self.quarantined_us.unwrap_or(now_us));
                    self.excuse(now_us);
                }
            }
            _ => {}
        }
        let is_there = self.down_us.is_none() && self.blocked_us.is_none();
        if self.is_seen || !self.is_quick || !is_there {
            return Ok(());
        }
        let by_us = self.base_us.saturating_add(answers_us(self.interval_us));
        let by_us = by_us.saturating_add(self.rtt_us + late_us - self.late_at_us);
        if now_us <= by_us {
            return Ok(());
        }
        let detail = format!(
            "endpoint {index} is {condition:?}, there since {}, asked since {}, every {} us, so \
             healthy by {by_us}",
            self.up_us, self.base_us, self.interval_us,
        );
        let kind = "an endpoint that answers in time is not seen";
        Err(Violation::new(Law::NoLockOut, kind, now_us, detail))
    }

    /// What has to be so after a drain at `now_us`.
    pub fn judge(
        &self,
        index: usize,
        condition: Condition,
        now_us: u64,
        late_us: u64,
    ) -> Result<(), Violation> {
        let is_called = matches!(
            condition,
            Condition::Dead | Condition::Quarantined(_) | Condition::Disabled
        );
        let Some(by_us) = self.dead_by_us(late_us).filter(|_| !is_called) else {
            return Ok(());
        };
        if now_us <= by_us {
            return Ok(());
        }
        let detail = format!(
            "endpoint {index} is {condition:?}, down since {:?}, excused until {}, bound {}, \
             unsendable {}, lateness {}, so dead by {by_us}",
            self.down_us,
            self.base_us,
            self.bound_us,
            self.unsendable_us,
            late_us - self.late_at_us,
        );
        let kind = if condition == Condition::Unknown {
            "a crash of an endpoint that was never heard is not found within its bound"
        } else {
            "a crash of an endpoint is not found within its bound"
        };
        Err(Violation::new(Law::Detection, kind, now_us, detail))
    }
}
