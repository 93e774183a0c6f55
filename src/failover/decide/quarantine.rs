//! The start and the end of quarantines.

use crate::failover::Failover;
use crate::failover::endpoint::EndpointMode;
use crate::failover::endpoint_state::EndpointState;
use crate::failover::event::EventKind;
use crate::failover::probing::seed_of;
use crate::pacing::Pacing;
use crate::time::duration;

impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// Ends the quarantines whose time has passed.
    pub(in crate::failover) fn release_due(&mut self) -> bool {
        let now = self.now;
        self.release_where(|member| member.quarantine.is_some_and(|until| until <= now))
    }

    /// Ends the quarantines that `which` selects.
    pub(in crate::failover) fn release_where(
        &mut self,
        which: impl Fn(&EndpointState<N, P>) -> bool,
    ) -> bool {
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
    pub(in crate::failover) fn quarantine(&mut self, endpoint: usize) {
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

    /// Quarantines a failed standby endpoint if a local fault is excluded: the active endpoint has
    /// been healthy for `settled_us` and has replied in time since the standby endpoint became
    /// suspected.
    pub(in crate::failover) fn charge(&mut self) -> bool {
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
}
