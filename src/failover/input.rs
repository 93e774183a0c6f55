//! The inputs of a group: what arrives, and what the caller reports.

use core::time::Duration;

use crate::failover::Failover;
use crate::failover::endpoint::EndpointMode;
use crate::failover::endpoint_state::EndpointState;
use crate::failover::event::SwitchReason;
use crate::failover::probing::seed_of;
use crate::pacing::Pacing;
use crate::peer::outcome::{ProbeOutcome, Receipt, ReplyOutcome};
use crate::peer::probe::ProbeId;
use crate::peer::verdict::Failure;
use crate::time::Instant;

/// Inputs for an endpoint that is not in the group, is disabled or is in quarantine are ignored.
impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// Records that the reply to probe `id` of `endpoint` arrived at `received_at`. Returns what
    /// became of it.
    pub fn handle_reply(
        &mut self,
        endpoint: usize,
        id: ProbeId,
        received_at: Instant,
    ) -> ReplyOutcome {
        self.handle_reply_with(endpoint, id, received_at, Duration::ZERO)
    }

    /// Records a reply like [`handle_reply`](Self::handle_reply), from a peer that held the probe
    /// for `server_delay` before it replied. The path did not cause that delay, so it is not part
    /// of the RTT sample. It counts when the reply is compared with the request timeout.
    pub fn handle_reply_with(
        &mut self,
        endpoint: usize,
        id: ProbeId,
        received_at: Instant,
        server_delay: Duration,
    ) -> ReplyOutcome {
        let request_us = self.rules.request_us;
        let mut receipt = Receipt::IGNORED;
        self.with(endpoint, received_at, |member, now| {
            let age_us;
            (receipt, age_us) = member
                .monitor
                .handle_reply_aged(id, received_at, server_delay);
            if let Some(age_us) = age_us {
                member.answered(received_at.min(now), age_us, server_delay, request_us);
            }
        });
        receipt.into()
    }

    /// Records that probe `id` of `endpoint` failed before its timeout: the connection was refused
    /// or reset, or the reply was invalid. The probe is overdue from `now` on. Returns what became
    /// of it.
    pub fn handle_failure(
        &mut self,
        endpoint: usize,
        id: ProbeId,
        failure: Failure,
        now: Instant,
    ) -> ProbeOutcome {
        let mut outcome = ProbeOutcome::Ignored;
        self.with(endpoint, now, |member, _| {
            outcome = member.monitor.handle_failure(id, failure, now);
        });
        outcome
    }

    /// Records that probe `id` of `endpoint` could not be sent. This is a local fault and no
    /// evidence against the endpoint. Returns what became of the probe.
    pub fn handle_unsent(&mut self, endpoint: usize, id: ProbeId, now: Instant) -> ProbeOutcome {
        let mut outcome = ProbeOutcome::Ignored;
        self.with(endpoint, now, |member, _| {
            outcome = member.monitor.handle_unsent(id, now);
        });
        outcome
    }

    /// Records that the caller did not send probe `id` of `endpoint`, because it has no room for
    /// another outstanding probe; see [`Monitor::handle_skipped`](crate::Monitor::handle_skipped).
    pub fn handle_skipped(&mut self, endpoint: usize, id: ProbeId, now: Instant) -> ProbeOutcome {
        let mut outcome = ProbeOutcome::Ignored;
        self.with(endpoint, now, |member, _| {
            outcome = member.monitor.handle_skipped(id, now);
        });
        outcome
    }

    /// Records that anything else arrived from `endpoint`. It proves life and postpones the next
    /// probe, but does not show that replies are quick.
    pub fn handle_traffic(&mut self, endpoint: usize, received_at: Instant) {
        self.with(endpoint, received_at, |member, now| {
            member.monitor.handle_traffic(received_at);
            member.heard(received_at.min(now));
        });
    }

    /// Records the load that `endpoint` reports, in a reply or in a pushed [`Beat`](crate::Beat): 0
    /// is idle, 255 is full, and `None` means that it no longer reports one.
    ///
    /// With [`Preference::Weight`](crate::failover::Preference::Weight) the load counts when the
    /// group chooses an endpoint or returns to one. A high load alone never makes the group leave
    /// the active endpoint. The load is kept until the endpoint is released from quarantine,
    /// disabled or enabled.
    pub fn handle_load(&mut self, endpoint: usize, load: Option<u8>, now: Instant) {
        self.with(endpoint, now, |member, _| member.load = load);
    }

    /// Records that `endpoint` asks for fewer probes; see
    /// [`Monitor::handle_pushback`](crate::Monitor::handle_pushback).
    pub fn handle_pushback(&mut self, endpoint: usize, now: Instant) {
        self.handle_pushback_with(endpoint, now, Duration::ZERO);
    }

    /// Records a pushback like [`handle_pushback`](Self::handle_pushback), from an endpoint that
    /// states for how long it wants no probes; see
    /// [`Monitor::handle_pushback_with`](crate::Monitor::handle_pushback_with).
    pub fn handle_pushback_with(&mut self, endpoint: usize, now: Instant, wait: Duration) {
        self.with(endpoint, now, |member, _| {
            member.monitor.handle_pushback_with(now, wait);
        });
    }

    /// Records that the flow to `endpoint` was lost while the endpoint itself is alive; see
    /// [`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost).
    pub fn handle_flow_lost(&mut self, endpoint: usize, now: Instant) {
        self.with(endpoint, now, |member, _| {
            member.monitor.handle_flow_lost(now);
        });
    }

    /// Records that `endpoint` is a new incarnation. Replies to probes that are outstanding are
    /// ignored; see [`Monitor::restarted`](crate::Monitor::restarted).
    pub fn restarted(&mut self, endpoint: usize, now: Instant) {
        self.with(endpoint, now, |member, _| member.monitor.restarted(now));
    }

    /// Probes `endpoint` as soon as the timeout since its last probe has passed.
    pub fn probe_now(&mut self, endpoint: usize, now: Instant) {
        self.with(endpoint, now, |member, _| member.monitor.probe_now(now));
    }

    /// Records that this process was suspended while the clock did not advance. Every endpoint gets
    /// one more probe before any verdict.
    pub fn resumed(&mut self, now: Instant) {
        for endpoint in 0..self.members.len() {
            self.with(endpoint, now, |member, _| member.monitor.resumed(now));
        }
    }

    /// Records that the clock was ahead by mistake and is right again at `now`. The group continues
    /// from there.
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

    /// Makes `endpoint` the active one, whatever its condition. Returns whether it is active now.
    /// An endpoint that is disabled, in quarantine or not in the group cannot become active.
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

    /// Takes a disabled endpoint out of service. If it was active, switches to the best of the
    /// others.
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

    /// Starts over with a new monitor for `endpoint`.
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
