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
mod tests {
    use super::*;
    use crate::failover::{Config, Endpoint};
    use crate::pacing::Fixed;

    fn group(endpoints: usize) -> Failover<6, 4, Fixed> {
        let config = Config::builder().seed(7).build().unwrap();
        Failover::with_window(config, &[Endpoint::new(); 6][..endpoints], Instant::ZERO).unwrap()
    }

    #[test]
    fn half_of_the_endpoints_or_more_and_two_at_least_look_like_our_fault() {
        for (endpoints, least) in [(2, 2), (3, 2), (4, 2), (5, 3), (6, 3)] {
            let mut group = group(endpoints);
            for suspects in 1..=endpoints {
                let suspected = Some(Instant::ZERO);
                group.at(suspects - 1, |member| member.suspected = suspected);
                let ours = group.looks_like_ours();
                assert_eq!(ours, suspects >= least, "{suspects} of {endpoints}");
            }
        }
    }

    #[test]
    fn what_is_due_now_is_not_waited_for() {
        let mut group = group(2);
        group.at(1, |member| member.healthy = Some(Instant::ZERO));
        let [grace, hold] = [group.rules.grace_us(), group.rules.hold_us];
        assert_eq!(group.timer(), Instant::ZERO.plus(grace));
        group.now = group.timer();
        assert_eq!(group.timer(), Instant::ZERO.plus(hold));
        group.now = group.timer();
        assert_eq!(group.timer(), Instant::MAX);
    }
}
