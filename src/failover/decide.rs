//! The decisions of a group. Each step returns whether it changed anything, and a poll repeats the
//! steps until none does.

mod outage;
mod quarantine;
mod switch;

use crate::failover::Failover;
use crate::failover::outage_state::OutageState;
use crate::pacing::Pacing;
use crate::time::Instant;

impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// Makes the decisions that are due, up to the first that has to be reported. The order
    /// matters: the step that detects a local fault runs before the steps that quarantine
    /// endpoints.
    pub(super) fn decide(&mut self) -> bool {
        let steps = [
            Self::release_due,
            Self::notice_ours,
            Self::ask_the_others,
            Self::switch,
            Self::charge,
            Self::notice_all_dead,
            Self::notice_the_end,
        ];
        let mut changed = false;
        for step in steps {
            changed |= step(self);
            if !self.pending.is_empty() {
                break;
            }
        }
        changed
    }

    /// Probes all other endpoints at once when the active one is suspected. In an outage, also
    /// probes the active one when another endpoint is back.
    ///
    /// If an endpoint was probed less than one timeout ago, its next probe is due when that timeout
    /// ends. A reply does not postpone this probe.
    fn ask_the_others(&mut self) -> bool {
        let Some(since) = self.active_member().and_then(|active| active.suspected) else {
            return false;
        };
        let (active, now) = (self.active, self.now);
        let mut any = self.ask_the_active();
        for (index, member) in self.members.iter_mut().enumerate() {
            if index != active && member.in_service() && member.asked < Some(since) {
                any |= member.monitor.hurry(now);
            }
        }
        any
    }

    /// Probes the active endpoint once when another endpoint is back in an outage.
    fn ask_the_active(&mut self) -> bool {
        let back = self.members.iter().any(|member| member.healthy.is_some());
        let first = |outage_state: &&mut OutageState| back && !outage_state.asked;
        let Some(outage_state) = self.outage_state.first_mut().filter(first) else {
            return false;
        };
        outage_state.asked = true;
        let now = self.now;
        self.at(self.active, |active| active.monitor.probe_now(now));
        true
    }

    /// Returns the next moment after `now` at which a decision may become due without any input.
    pub(super) fn timer(&self) -> Instant {
        let (grace, hold, settled) = (
            self.rules.grace_us(),
            self.rules.hold_us,
            self.rules.settled_us(),
        );
        let after = |from: Option<Instant>, span| from.map_or(Instant::MAX, |at| at.plus(span));
        let members = self.members.iter().flat_map(|member| {
            [
                after(member.quarantine, 0),
                after(member.healthy, grace),
                after(member.healthy, hold),
            ]
        });
        let down = self
            .outage_state
            .first()
            .map(|outage_state| outage_state.since);
        let switched = self
            .outage_state
            .first()
            .and_then(|outage_state| outage_state.switched);
        let group = [
            after(self.switched, hold),
            after(down, settled),
            after(switched, settled),
        ];
        let times = members.chain(group).filter(|&at| at > self.now);
        times.fold(Instant::MAX, Instant::min)
    }
}

#[cfg(test)]
mod tests;
