//! Which endpoint is active, and why it changes.

use crate::config::Config as MonitorConfig;
use crate::failover::Failover;
use crate::failover::config::{Failback, Preference, SwitchOn};
use crate::failover::endpoint_state::EndpointState;
use crate::failover::event::{EventKind, SwitchReason};
use crate::failover::probing::Probing;
use crate::pacing::Pacing;
use crate::time::Instant;

impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// Leaves the active endpoint if there is a reason to and another one has proved that it is
    /// alive.
    pub(in crate::failover) fn switch(&mut self) -> bool {
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

    /// Returns whether the group may switch in an outage. The first switch of an outage is always
    /// allowed. Each further switch is allowed once `settled_us` has passed since the last one.
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
    pub(in crate::failover) fn best(
        &self,
        which: impl Fn(&EndpointState<N, P>) -> bool,
    ) -> Option<usize> {
        let available = |(index, member): &(usize, &EndpointState<N, P>)| {
            // A healthy endpoint is in service.
            *index != self.active && member.healthy.is_some()
        };
        let candidates = self.members.iter().enumerate().filter(available);
        let candidates = candidates.filter(|(_, member)| which(member));
        let best = candidates.min_by_key(|(_, member)| self.rank(member));
        best.map(|(index, _)| index)
    }

    /// Returns the key by which endpoints are compared. The endpoint with the lowest key is the
    /// best. If keys are equal, the one with the lower index is.
    pub(in crate::failover) fn rank(&self, member: &EndpointState<N, P>) -> (bool, u32) {
        let preference = match self.rules.preference {
            Preference::Order => 0,
            Preference::Rtt => member.monitor.smoothed_us(),
            Preference::Weight => u32::MAX - member.spare(),
        };
        (!member.is_good(), preference)
    }

    /// Makes `to` the active endpoint, and the one that was active a standby endpoint.
    pub(in crate::failover) fn activate(&mut self, to: usize, reason: SwitchReason) {
        debug_assert!(to < self.members.len());
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

    /// Applies the configuration that `which` selects to the monitor of `endpoint`, if the endpoint
    /// is in service.
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
}
