//! The start and the end of outages.

use crate::failover::Failover;
use crate::failover::endpoint_state::EndpointState;
use crate::failover::event::{EventKind, Outage};
use crate::failover::outage_state::OutageState;
use crate::pacing::Pacing;

impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// Returns whether a local fault is likely. Of the endpoints in service that are not known to
    /// be at fault, at least two and at least half must be suspected.
    pub(in crate::failover) fn looks_like_ours(&self) -> bool {
        let counted = |member: &&EndpointState<N, P>| member.in_service() && !member.at_fault;
        let all = self.members.iter().filter(counted).count();
        let suspects = self.members.iter().filter(counted);
        let suspects = suspects.filter(|member| member.suspected.is_some()).count();
        suspects >= 2 && suspects * 2 >= all
    }

    /// Starts an outage if a local fault is likely.
    pub(in crate::failover) fn notice_ours(&mut self) -> bool {
        !self.is_in_outage() && self.looks_like_ours() && self.go_down(Outage::Isolated)
    }

    /// Ends all quarantines if all endpoints in service are dead. If there are none to end, starts
    /// an outage.
    pub(in crate::failover) fn notice_all_dead(&mut self) -> bool {
        let mut in_service = self.members.iter().filter(|member| member.in_service());
        if !in_service.all(EndpointState::is_dead) {
            return false;
        }
        self.release_where(|_| true) || (!self.is_in_outage() && self.go_down(Outage::AllDead))
    }

    pub(in crate::failover) fn is_in_outage(&self) -> bool {
        !self.outage_state.is_empty()
    }

    /// Starts an outage and reports it.
    fn go_down(&mut self, outage: Outage) -> bool {
        debug_assert!(!self.is_in_outage());
        // The vector has room for one.
        let _ = self.outage_state.push(OutageState::new(outage, self.now));
        self.pending.tell(self.now, EventKind::Down { outage });
        true
    }

    /// Ends an outage when the active endpoint is healthy. If the outage was taken for a local
    /// fault, it also has to be true that fewer than half of the endpoints are suspected, or that
    /// the active endpoint has stayed healthy for `settled_us`. The latter shows that the other
    /// endpoints were at fault.
    pub(in crate::failover) fn notice_the_end(&mut self) -> bool {
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
}
