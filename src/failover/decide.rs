//! The decisions of a group. Each step returns whether it changed anything, and a poll repeats the
//! steps until none does.

use crate::config::Config as MonitorConfig;
use crate::failover::Failover;
use crate::failover::config::{Failback, Preference, SwitchOn};
use crate::failover::endpoint::EndpointMode;
use crate::failover::endpoint_state::EndpointState;
use crate::failover::event::{EventKind, Outage, SwitchReason};
use crate::failover::outage_state::OutageState;
use crate::failover::probing::{Probing, seed_of};
use crate::pacing::Pacing;
use crate::time::{Instant, duration};

impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// Makes the decisions that are due, up to the first that has to be reported. The order of the
    /// steps matters: a local fault is noticed before any endpoint is blamed for it.
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

    // ---- quarantine ----

    /// Ends the quarantines whose time has passed.
    fn release_due(&mut self) -> bool {
        let now = self.now;
        self.release_where(|member| member.quarantine.is_some_and(|until| until <= now))
    }

    /// Ends the quarantines that `which` selects.
    pub(super) fn release_where(&mut self, which: impl Fn(&EndpointState<N, P>) -> bool) -> bool {
        let (now, rules, pending) = (self.now, &self.rules, &mut self.pending);
        let Some(probing) = self.probing.first() else {
            return false;
        };
        let mut any = false;
        for (endpoint, member) in self.members.iter_mut().enumerate() {
            if member.quarantine.is_some() && which(member) {
                any = true;
                let seed = seed_of(probing.active.seed.0, endpoint);
                member.renew(&probing.standby, rules, seed, now);
                pending.released(endpoint, now);
            }
        }
        any
    }

    /// Starts the quarantine of `endpoint`, unless it is pinned or disabled.
    fn quarantine(&mut self, endpoint: usize) {
        let (at, rules) = (self.now, &self.rules);
        let member = self.members.get_mut(endpoint);
        let Some(member) = member.filter(|member| member.endpoint.mode == EndpointMode::Normal)
        else {
            return;
        };
        let span = duration(member.start_quarantine(rules, at));
        self.quarantines = self.quarantines.saturating_add(1);
        self.pending
            .tell(at, EventKind::Quarantined { endpoint, span });
    }

    /// Quarantines a failed standby endpoint when the fault is known to be its own: the active
    /// endpoint has been healthy for so long that the other one was probed in that time.
    fn charge(&mut self) -> bool {
        let settled = self
            .active_member()
            .is_some_and(|active| active.healthy_for(self.rules.settled_us(), self.now));
        if !settled || self.is_in_outage() {
            return false;
        }
        let proved = self.active_member().and_then(|active| active.proved);
        let (active, tries, on) = (self.active, u32::from(self.rules.tries), self.rules.enabled);
        let guilty = |(index, member): &(usize, &mut EndpointState<N, P>)| {
            let of_use = member.in_service() && member.has_failed(tries);
            let leave = member.at_fault && (!on || member.endpoint.mode == EndpointMode::Pinned);
            *index != active && of_use && proved >= member.suspected && !leave
        };
        let Some((endpoint, member)) = self.members.iter_mut().enumerate().find(guilty) else {
            return false;
        };
        member.at_fault = true;
        if on {
            self.quarantine(endpoint);
        }
        true
    }

    // ---- outages ----

    /// Returns whether a local fault is likely: at least two of the endpoints that could be
    /// suspected are, and at least half of them.
    fn looks_like_ours(&self) -> bool {
        let counted = |member: &&EndpointState<N, P>| member.in_service() && !member.at_fault;
        let all = self.members.iter().filter(counted).count();
        let suspects = self.members.iter().filter(counted);
        let suspects = suspects.filter(|member| member.suspected.is_some()).count();
        suspects >= 2 && suspects * 2 >= all
    }

    /// Starts an outage if a local fault is likely.
    fn notice_ours(&mut self) -> bool {
        !self.is_in_outage() && self.looks_like_ours() && self.go_down(Outage::Isolated)
    }

    /// Ends all quarantines if all endpoints in service are dead. If there are none to end, starts
    /// an outage.
    fn notice_all_dead(&mut self) -> bool {
        let mut in_service = self.members.iter().filter(|member| member.in_service());
        if !in_service.all(EndpointState::is_dead) {
            return false;
        }
        self.release_where(|_| true) || (!self.is_in_outage() && self.go_down(Outage::AllDead))
    }

    fn is_in_outage(&self) -> bool {
        !self.outage_state.is_empty()
    }

    /// Starts an outage and reports it.
    fn go_down(&mut self, outage: Outage) -> bool {
        self.outage_state.clear();
        // The vector has room for one.
        let _ = self.outage_state.push(OutageState::new(outage, self.now));
        self.pending.tell(self.now, EventKind::Down { outage });
        true
    }

    /// Ends an outage when the active endpoint is healthy. An outage that was taken for a local
    /// fault lasts until the other endpoints are healthy too, or until the active one has stayed
    /// healthy for so long that the fault must be that of the others.
    fn notice_the_end(&mut self) -> bool {
        let (Some(&outage_state), Some(active)) = (self.outage_state.first(), self.active_member())
        else {
            return false;
        };
        let settled = self.rules.settled_us();
        let theirs =
            active.healthy_for(settled, self.now) && outage_state.since.plus(settled) <= self.now;
        let ours = outage_state.outage == Outage::Isolated && self.looks_like_ours();
        if active.healthy.is_none() || (ours && !theirs) {
            return false;
        }
        self.outage_state.clear();
        let (at, index) = (self.now, self.active);
        for (other, member) in self.members.iter_mut().enumerate() {
            member.at_fault |= member.suspected.is_some();
            if other != index && member.in_service() {
                member.monitor.probe_now(at);
            }
        }
        self.pending.tell(at, EventKind::Restored);
        true
    }

    // ---- suspicion and switch ----

    /// Probes all other endpoints at once when the active one is suspected. In an outage, also
    /// probes the active one when another endpoint is back.
    ///
    /// An endpoint that was probed just before is due one timeout later. A reply in the meantime
    /// does not postpone that probe again.
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

    /// Leaves the active endpoint if there is a reason to and another one has proved that it is
    /// alive.
    fn switch(&mut self) -> bool {
        if !self.rules.enabled {
            return false;
        }
        let Some(reason) = self.reason_to_leave() else {
            return self.switch_for_the_better();
        };
        let since = self.active_member().and_then(|active| active.suspected);
        let Some(to) = self.best(|member| member.is_proved_since(since)) else {
            return false;
        };
        let grace = self.rules.grace_us();
        let (outage, from) = (self.is_in_outage(), self.active);
        if outage && !(self.may_switch_again() && self.is_healthy_for(to, grace)) {
            return false;
        }
        self.activate(to, reason);
        if !outage {
            self.quarantine(from);
        }
        true
    }

    /// Returns the reason to leave the active endpoint, if there is one.
    fn reason_to_leave(&self) -> Option<SwitchReason> {
        let (active, tries) = (self.active_member()?, u32::from(self.rules.tries));
        let hasty = self.rules.switch_on == SwitchOn::Suspicion;
        match active.suspected {
            None => None,
            Some(_) if active.is_dead() => Some(SwitchReason::Dead),
            Some(_) if active.is_slow(tries) => Some(SwitchReason::Slow),
            Some(_) => hasty.then_some(SwitchReason::Suspected),
        }
    }

    /// Returns whether the group may switch in an outage. It may switch once, and again when the
    /// outage still lasts a hold-down after the last switch.
    fn may_switch_again(&self) -> bool {
        let last = self
            .outage_state
            .first()
            .and_then(|outage_state| outage_state.switched);
        last.is_none_or(|at| at.plus(self.rules.settled_us()) <= self.now)
    }

    /// Leaves an active endpoint that is not suspected, if there is a reason to prefer another one
    /// that has been healthy for the hold-down and whose path is as usual.
    fn switch_for_the_better(&mut self) -> bool {
        let (now, hold) = (self.now, self.rules.hold_us);
        let settled = self.switched.is_none_or(|at| at.plus(hold) <= now);
        if !settled || self.is_in_outage() {
            return false;
        }
        let best = self.best(|member| member.healthy_for(hold, now) && member.is_good());
        let Some((to, reason)) = best.and_then(|to| Some((to, self.reason_to_prefer(to)?))) else {
            return false;
        };
        self.activate(to, reason);
        true
    }

    /// Returns the reason to prefer `to` to an active endpoint that is not suspected.
    fn reason_to_prefer(&self, to: usize) -> Option<SwitchReason> {
        let degraded = !self.active_member()?.is_good();
        if degraded && self.rules.switch_on == SwitchOn::Warning {
            return Some(SwitchReason::Degraded);
        }
        let better = self.rules.failback == Failback::Prefer && self.is_better(to);
        better.then_some(SwitchReason::Preferred)
    }

    /// Returns whether `to` is enough better than the active endpoint to return to it.
    fn is_better(&self, to: usize) -> bool {
        let taken = |member: &EndpointState<N, P>| u64::from(member.monitor.smoothed_us());
        let pair = self.members.get(to).zip(self.active_member());
        pair.is_some_and(|(other, active)| match self.rules.preference {
            Preference::Order => to < self.active,
            Preference::Weight if other.load.or(active.load).is_none() => {
                other.spare() > active.spare()
            }
            // Loads fluctuate, so a third more spare capacity is required.
            Preference::Weight => other.spare() * 3 > active.spare() * 4,
            Preference::Rtt => taken(other) * 4 < taken(active) * 3,
        })
    }

    fn is_healthy_for(&self, endpoint: usize, span_us: u64) -> bool {
        self.members
            .get(endpoint)
            .is_some_and(|member| member.healthy_for(span_us, self.now))
    }

    /// Returns the best endpoint that is healthy, not active and selected by `which`.
    pub(super) fn best(&self, which: impl Fn(&EndpointState<N, P>) -> bool) -> Option<usize> {
        let available = |(index, member): &(usize, &EndpointState<N, P>)| {
            // A healthy endpoint is in service.
            *index != self.active && member.healthy.is_some()
        };
        let candidates = self.members.iter().enumerate().filter(available);
        let candidates = candidates.filter(|(_, member)| which(member));
        let best = candidates.min_by_key(|(_, member)| self.rank(member));
        best.map(|(index, _)| index)
    }

    /// Returns the key by which endpoints are compared. The lowest key is the best. Of equal keys
    /// the first is.
    pub(super) fn rank(&self, member: &EndpointState<N, P>) -> (bool, u32) {
        let preference = match self.rules.preference {
            Preference::Order => 0,
            Preference::Rtt => member.monitor.smoothed_us(),
            Preference::Weight => u32::MAX - member.spare(),
        };
        (!member.is_good(), preference)
    }

    /// Makes `to` the active endpoint, and the one that was active a standby endpoint.
    pub(super) fn activate(&mut self, to: usize, reason: SwitchReason) {
        let (at, from) = (self.now, core::mem::replace(&mut self.active, to));
        self.probe_as(from, at, |probing| &probing.standby);
        self.probe_as(to, at, |probing| &probing.active);
        self.switched = Some(at);
        self.switches = self.switches.saturating_add(1);
        if let Some(outage_state) = self.outage_state.first_mut() {
            outage_state.switched = Some(at);
        }
        self.pending
            .tell(at, EventKind::Switched { from, to, reason });
    }

    /// Probes `endpoint` with the configuration that `which` selects from now on, if it is in
    /// service.
    fn probe_as(
        &mut self,
        endpoint: usize,
        at: Instant,
        which: impl Fn(&Probing<P>) -> &MonitorConfig<P>,
    ) {
        let member = self.members.get_mut(endpoint);
        let member = member.filter(|member| member.in_service());
        if let Some((member, probing)) = member.zip(self.probing.first()) {
            member.monitor.reconfigure(which(probing), at);
        }
    }

    // ---- timers ----

    /// Returns the next moment after `now` at which a decision may become due because time has
    /// passed.
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
