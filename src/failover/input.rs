//! Inputs of a group: what arrives, and what the caller reports.

use core::time::Duration;

use crate::failover::Failover;
use crate::failover::endpoint::EndpointMode;
use crate::failover::endpoint_state::EndpointState;
use crate::failover::event::SwitchReason;
use crate::failover::probing::seed_of;
use crate::pacing::Pacing;
use crate::peer::probe::ProbeId;
use crate::peer::verdict::Failure;
use crate::time::Instant;

/// Inputs for an endpoint that is not in the group, is disabled or is in quarantine are ignored.
impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// Handles the reply to probe `id` of `endpoint` that arrived at `received_at`.
    pub fn handle_reply(&mut self, endpoint: usize, id: ProbeId, received_at: Instant) {
        self.handle_reply_with(endpoint, id, received_at, Duration::ZERO);
    }

    /// Does what [`handle_reply`](Self::handle_reply) does, for a peer that held the probe for
    /// `server_delay` before it replied. That delay is not part of the RTT sample, as the path did
    /// not cause it, but it counts when the reply is compared with the request timeout.
    pub fn handle_reply_with(
        &mut self,
        endpoint: usize,
        id: ProbeId,
        received_at: Instant,
        server_delay: Duration,
    ) {
        let request_us = self.rules.request_us;
        self.with(endpoint, received_at, |member, now| {
            let monitor = &mut member.monitor;
            if let Some(age_us) = monitor.handle_reply_aged(id, received_at, server_delay) {
                member.answered(received_at.min(now), age_us, server_delay, request_us);
            }
        });
    }

    /// Handles the failure of probe `id` of `endpoint` before its timeout: refused, reset, or an
    /// invalid reply. The probe is overdue from `now` on.
    pub fn handle_failure(&mut self, endpoint: usize, id: ProbeId, failure: Failure, now: Instant) {
        self.with(endpoint, now, |member, _| {
            member.monitor.handle_failure(id, failure, now);
        });
    }

    /// Handles a probe `id` of `endpoint` that could not be sent. That is a local fault, and no
    /// evidence against the endpoint.
    pub fn handle_unsent(&mut self, endpoint: usize, id: ProbeId, now: Instant) {
        self.with(endpoint, now, |member, _| {
            member.monitor.handle_unsent(id, now);
        });
    }

    /// Handles a probe `id` of `endpoint` that was not sent because all the room for probes under
    /// way is taken by earlier ones, which may still get a reply in time; see
    /// [`Monitor::handle_skipped`](crate::Monitor::handle_skipped).
    pub fn handle_skipped(&mut self, endpoint: usize, id: ProbeId, now: Instant) {
        self.with(endpoint, now, |member, _| {
            member.monitor.handle_skipped(id, now);
        });
    }

    /// Handles anything else that arrived from `endpoint`. It proves life and postpones the next
    /// probe, but does not show that replies are quick.
    pub fn handle_traffic(&mut self, endpoint: usize, received_at: Instant) {
        self.with(endpoint, received_at, |member, now| {
            member.monitor.handle_traffic(received_at);
            member.heard(received_at.min(now));
        });
    }

    /// Handles the load that `endpoint` reports, in a reply or in a pushed [`Beat`](crate::Beat): 0
    /// idle, 255 full, `None` where it no longer reports one.
    ///
    /// With [`Preference::Weight`](crate::failover::Preference::Weight) the load counts when the group
    /// chooses an endpoint or returns to one; it is never a reason of its own to leave the active
    /// endpoint. It is kept until the endpoint is released from quarantine, or disabled or enabled.
    pub fn handle_load(&mut self, endpoint: usize, load: Option<u8>, now: Instant) {
        self.with(endpoint, now, |member, _| member.load = load);
    }

    /// Handles a request of `endpoint` for fewer probes; see
    /// [`Monitor::handle_pushback`](crate::Monitor::handle_pushback).
    pub fn handle_pushback(&mut self, endpoint: usize, now: Instant) {
        self.handle_pushback_with(endpoint, now, Duration::ZERO);
    }

    /// Does what [`handle_pushback`](Self::handle_pushback) does, for an endpoint that states for
    /// how long it wants no probes; see
    /// [`Monitor::handle_pushback_with`](crate::Monitor::handle_pushback_with).
    pub fn handle_pushback_with(&mut self, endpoint: usize, now: Instant, wait: Duration) {
        self.with(endpoint, now, |member, _| {
            member.monitor.handle_pushback_with(now, wait);
        });
    }

    /// Handles the loss of the flow to `endpoint` while the endpoint itself lives on; see
    /// [`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost).
    pub fn handle_flow_lost(&mut self, endpoint: usize, now: Instant) {
        self.with(endpoint, now, |member, _| {
            member.monitor.handle_flow_lost(now);
        });
    }

    /// Notes that `endpoint` is a new incarnation. Probes under way to it are void.
    pub fn restarted(&mut self, endpoint: usize, now: Instant) {
        self.with(endpoint, now, |member, _| member.monitor.restarted(now));
    }

    /// Probes `endpoint` as soon as the timeout since its last probe allows.
    pub fn probe_now(&mut self, endpoint: usize, now: Instant) {
        self.with(endpoint, now, |member, _| member.monitor.probe_now(now));
    }

    /// Notes that this process was suspended and that the clock did not advance meanwhile. Every
    /// endpoint gets one more probe before any verdict.
    pub fn resumed(&mut self, now: Instant) {
        for endpoint in 0..self.members.len() {
            self.with(endpoint, now, |member, _| member.monitor.resumed(now));
        }
    }

    /// Notes that the clock had leapt forward by mistake and is right again at `now`. The group
    /// continues from there.
    pub fn resync(&mut self, now: Instant) {
        let back_us = self.now.since(now);
        self.now = self.now.minus(back_us);
        for member in &mut self.members {
            member.resync(now, back_us);
        }
        let outage_state = self.outage_state.iter_mut();
        let moments = outage_state.flat_map(|one| [Some(&mut one.since), one.switched.as_mut()]);
        for moment in moments.flatten().chain(&mut self.switched) {
            *moment = moment.minus(back_us);
        }
        self.settle();
    }

    /// Makes `endpoint` the active one, whatever its condition. Returns whether it is active now:
    /// an endpoint that is disabled, in quarantine or not in the group cannot be.
    pub fn switch_to(&mut self, endpoint: usize, now: Instant) -> bool {
        self.now = self.now.max(now);
        let fit = self
            .members
            .get(endpoint)
            .is_some_and(EndpointState::in_service);
        if fit && endpoint != self.active {
            self.activate(endpoint, SwitchReason::Requested);
        }
        self.settle();
        fit
    }

    /// Changes what the group may do with `endpoint`. Pinning an endpoint ends its quarantine.
    /// Disabling the active endpoint switches to the best of the others.
    ///
    /// Returns whether the mode was changed. The last endpoint that is not disabled cannot be
    /// disabled.
    pub fn set_mode(&mut self, endpoint: usize, mode: EndpointMode, now: Instant) -> bool {
        self.now = self.now.max(now);
        let enabled =
            |other: &(usize, &EndpointState<N, P>)| other.1.endpoint.mode != EndpointMode::Disabled;
        let mut others = self.members.iter().enumerate().filter(enabled);
        let last = !others.any(|(index, _)| index != endpoint);
        if mode == EndpointMode::Disabled && last {
            return false;
        }
        let Some(member) = self.members.get_mut(endpoint) else {
            return false;
        };
        let was = core::mem::replace(&mut member.endpoint.mode, mode);
        if mode == EndpointMode::Pinned {
            self.release_where(|member| member.endpoint.mode == EndpointMode::Pinned);
        }
        if was == EndpointMode::Disabled && mode != EndpointMode::Disabled {
            self.renew(endpoint);
        } else if mode == EndpointMode::Disabled && was != EndpointMode::Disabled {
            self.bar(endpoint);
        }
        self.settle();
        true
    }

    fn bar(&mut self, endpoint: usize) {
        self.renew(endpoint);
        if endpoint != self.active {
            return;
        }
        if !self.members.iter().any(EndpointState::in_service) {
            self.release_where(|_| true);
        }
        if let Some(to) = self.best(|_| true).or_else(|| self.first_in_service()) {
            self.activate(to, SwitchReason::Disabled);
        }
    }

    fn renew(&mut self, endpoint: usize) {
        let (now, rules) = (self.now, &self.rules);
        let member = self.members.get_mut(endpoint);
        if let Some((member, probing)) = member.zip(self.probing.first()) {
            let seed = seed_of(probing.active.seed.0, endpoint);
            member.renew(&probing.standby, rules, seed, now);
        }
    }

    /// Applies `act` to an endpoint in service, then updates what the group concludes about it.
    fn with(
        &mut self,
        endpoint: usize,
        at: Instant,
        act: impl FnOnce(&mut EndpointState<N, P>, Instant),
    ) {
        self.now = self.now.max(at);
        let now = self.now;
        self.at(endpoint, |member| {
            if member.in_service() {
                act(member, now);
                member.refresh(now);
            }
        });
        self.settle();
    }

    /// Applies `act` to an endpoint, if the group has it.
    pub(super) fn at(&mut self, endpoint: usize, act: impl FnOnce(&mut EndpointState<N, P>)) {
        if let Some(member) = self.members.get_mut(endpoint) {
            act(member);
        }
    }
}
