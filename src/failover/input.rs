//! What arrives, and what the caller knows.

use core::time::Duration;

use crate::failover::Failover;
use crate::failover::decide::seed_of;
use crate::failover::endpoint::EndpointMode;
use crate::failover::endpoint_state::EndpointState;
use crate::failover::event::SwitchReason;
use crate::pacing::Pacing;
use crate::peer::probe::ProbeId;
use crate::peer::verdict::Failure;
use crate::time::Instant;

/// What arrives for an endpoint that is not in the group, is disabled or is in quarantine is ignored.
impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// The reply to probe `id` of `endpoint` arrived at `received_at`.
    pub fn handle_reply(&mut self, endpoint: usize, id: ProbeId, received_at: Instant) {
        self.handle_reply_with(endpoint, id, received_at, Duration::ZERO);
    }

    /// The same, where the probe was held for `server_delay`, which is not the path's doing: it is no part of the round-trip time, but of how long
    /// the answer took.
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

    /// Probe `id` of `endpoint` failed at once: refused, reset, answered with garbage. It is overdue from `now` on.
    pub fn handle_failure(&mut self, endpoint: usize, id: ProbeId, failure: Failure, now: Instant) {
        self.with(endpoint, now, |member, _| {
            member.monitor.handle_failure(id, failure, now);
        });
    }

    /// Probe `id` of `endpoint` could not be sent, which is our fault and no evidence.
    pub fn handle_unsent(&mut self, endpoint: usize, id: ProbeId, now: Instant) {
        self.with(endpoint, now, |member, _| {
            member.monitor.handle_unsent(id, now);
        });
    }

    /// Probe `id` of `endpoint` is not sent, as all the room there is for probes under way is taken by
    /// earlier ones that may still be answered in time; see [`Monitor::handle_skipped`](crate::Monitor::handle_skipped).
    pub fn handle_skipped(&mut self, endpoint: usize, id: ProbeId, now: Instant) {
        self.with(endpoint, now, |member, _| {
            member.monitor.handle_skipped(id, now);
        });
    }

    /// Something else arrived from `endpoint`: it proves life and puts off the next probe, but does not show that answers are quick.
    pub fn handle_traffic(&mut self, endpoint: usize, received_at: Instant) {
        self.with(endpoint, received_at, |member, now| {
            member.monitor.handle_traffic(received_at);
            member.heard(received_at.min(now));
        });
    }

    /// `endpoint` says how well it is, in an answer or a pushed [`Beat`](crate::Beat): 0 idle, 255 full, `None` not any more. It weighs with
    /// [`Preference::Weight`](crate::Preference::Weight) where one is chosen or returned to, and is no reason to leave the active one otherwise. Known until the endpoint is renewed.
    pub fn handle_load(&mut self, endpoint: usize, load: Option<u8>, now: Instant) {
        self.with(endpoint, now, |member, _| member.load = load);
    }

    /// `endpoint` asks for fewer probes; see [`Monitor::handle_pushback`](crate::Monitor::handle_pushback).
    pub fn handle_pushback(&mut self, endpoint: usize, now: Instant) {
        self.handle_pushback_with(endpoint, now, Duration::ZERO);
    }

    /// The same, where it says how long it wants to be left alone; see [`Monitor::handle_pushback_with`](crate::Monitor::handle_pushback_with).
    pub fn handle_pushback_with(&mut self, endpoint: usize, now: Instant, wait: Duration) {
        self.with(endpoint, now, |member, _| {
            member.monitor.handle_pushback_with(now, wait);
        });
    }

    /// The flow to `endpoint` is gone, and the endpoint is not; see [`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost).
    pub fn handle_flow_lost(&mut self, endpoint: usize, now: Instant) {
        self.with(endpoint, now, |member, _| {
            member.monitor.handle_flow_lost(now);
        });
    }

    /// `endpoint` is a new incarnation: what is under way to it is void.
    pub fn restarted(&mut self, endpoint: usize, now: Instant) {
        self.with(endpoint, now, |member, _| member.monitor.restarted(now));
    }

    /// Probe `endpoint` as soon as the timeout since the last probe allows.
    pub fn probe_now(&mut self, endpoint: usize, now: Instant) {
        self.with(endpoint, now, |member, _| member.monitor.probe_now(now));
    }

    /// We were suspended and the clock did not see it: every endpoint gets one more probe before any verdict.
    pub fn resumed(&mut self, now: Instant) {
        for endpoint in 0..self.members.len() {
            self.with(endpoint, now, |member, _| member.monitor.resumed(now));
        }
    }

    /// The clock had leapt forward by mistake and is right again at `now`. Everything goes on from there.
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

    /// Makes `endpoint` the active one, whatever is known of it. Returns whether it is: one that is disabled, in quarantine or not in the group is not.
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

    /// Changes what the group may do with `endpoint`. To pin it ends its quarantine; to bar it while it is active switches to the best of
    /// the others. Returns whether it was done: the last endpoint that is not disabled cannot be disabled.
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

    /// Hands something to an endpoint in service, and draws the conclusions.
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

    /// Does something to an endpoint, if there is such a one.
    pub(super) fn at(&mut self, endpoint: usize, act: impl FnOnce(&mut EndpointState<N, P>)) {
        if let Some(member) = self.members.get_mut(endpoint) {
            act(member);
        }
    }
}
