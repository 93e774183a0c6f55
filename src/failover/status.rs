//! The status of a group and of its endpoints.

use crate::failover::Failover;
use crate::failover::endpoint::EndpointMode;
use crate::failover::endpoint_state::EndpointState;
use crate::failover::event::Outage;
use crate::monitor;
#[cfg(any(feature = "std", feature = "embassy"))]
use crate::monitor::Monitor;
use crate::pacing::Pacing;
#[cfg(feature = "metrics")]
use crate::path::early_warning::EarlyWarning;
use crate::path::early_warning::Health;
use crate::peer::verdict::Verdict;
use crate::time::Instant;

/// The state of a group: whether it can serve requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum GroupState {
    /// The active endpoint is not suspected, or has not replied yet.
    Serving,
    /// The active endpoint is suspected, and the others are probed at once.
    Suspecting,
    /// Half of the endpoints or more were suspected at once. The group assumes a local fault and
    /// quarantines no endpoint.
    Isolated,
    /// All endpoints in service are dead.
    AllDead,
}

/// The condition of an endpoint, as the group judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Condition {
    /// Nothing has arrived from the endpoint yet.
    Unknown,
    /// The endpoint replies in time.
    Healthy,
    /// A probe is overdue, or the endpoint's replies come too late.
    Suspected,
    /// The verdict on the endpoint is `Dead`; it is still probed.
    Dead,
    /// The endpoint failed. It is neither used nor probed until this moment.
    Quarantined(Instant),
    /// The endpoint is neither used nor probed.
    Disabled,
}

/// What a group knows of an endpoint at some moment.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct EndpointStatus {
    /// The endpoint's condition.
    pub condition: Condition,
    /// What the group may do with the endpoint.
    pub mode: EndpointMode,
    /// The endpoint's weight.
    pub weight: u16,
    /// The load that the endpoint reported last, from 0 (idle) to 255 (full), or `None` where it
    /// reports none.
    pub load: Option<u8>,
    /// The state of the endpoint's path, by the RTT samples and overdue probes since the endpoint
    /// was last released or enabled.
    pub health: Health,
    /// Since when the endpoint has replied in time without a break.
    pub healthy_since: Option<Instant>,
    /// The snapshot of its monitor. The monitor starts over when the endpoint is released or
    /// enabled.
    pub monitor: monitor::Snapshot,
}

impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// Returns the index of the endpoint to send requests to. It is never disabled or in
    /// quarantine.
    #[must_use]
    pub const fn active(&self) -> usize {
        self.active
    }

    /// Returns the number of endpoints in the group, including disabled ones.
    #[must_use]
    pub fn endpoints(&self) -> usize {
        self.members.len()
    }

    /// Returns the state of the group as of the last call.
    #[must_use]
    pub fn state(&self) -> GroupState {
        let mut in_service = self.members.iter().filter(|member| member.in_service());
        let suspected = self
            .active_member()
            .is_some_and(|one| one.suspected.is_some());
        if in_service.all(EndpointState::is_dead) {
            return GroupState::AllDead;
        }
        match self
            .outage_state
            .first()
            .map(|outage_state| outage_state.outage)
        {
            Some(Outage::Isolated) => GroupState::Isolated,
            _ if suspected => GroupState::Suspecting,
            _ => GroupState::Serving,
        }
    }

    /// Returns the condition of `endpoint` as of the last call, or `None` where there is no such
    /// endpoint.
    #[must_use]
    pub fn condition(&self, endpoint: usize) -> Option<Condition> {
        self.members.get(endpoint).map(EndpointState::condition)
    }

    /// Returns what is known of `endpoint` at `now`, or `None` where there is no such endpoint.
    #[must_use]
    pub fn status(&self, endpoint: usize, now: Instant) -> Option<EndpointStatus> {
        let member = self.members.get(endpoint)?;
        Some(EndpointStatus {
            condition: member.condition(),
            mode: member.endpoint.mode,
            weight: member.endpoint.weight,
            load: member.load,
            health: member.warning.health(),
            healthy_since: member.healthy,
            monitor: member.monitor.snapshot(now),
        })
    }

    #[cfg(any(feature = "std", feature = "embassy"))]
    pub(crate) fn monitor(&self, endpoint: usize) -> Option<&Monitor<N, P>> {
        self.members.get(endpoint).map(|member| &member.monitor)
    }

    /// Returns the monitor and the early warning of each endpoint.
    #[cfg(feature = "metrics")]
    pub(crate) fn watched(&self) -> impl Iterator<Item = (&Monitor<N, P>, &EarlyWarning)> {
        let members = self.members.iter();
        members.map(|member| (&member.monitor, &member.warning))
    }

    /// Returns how often the active endpoint changed. Saturates.
    #[must_use]
    pub const fn switches(&self) -> u32 {
        self.switches
    }

    /// Returns how often an endpoint was quarantined. Saturates.
    #[must_use]
    pub const fn quarantines(&self) -> u32 {
        self.quarantines
    }

    /// Returns whether the state is consistent: the active endpoint is in service; no endpoint is
    /// both suspected and healthy; none that is pinned or disabled is in quarantine; none that is
    /// out of service is healthy; and every monitor is valid.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let active = self
            .active_member()
            .map_or(self.members.is_empty(), EndpointState::in_service);
        active && self.members.iter().all(EndpointState::is_valid)
    }
}

impl<const N: usize, P: Pacing> EndpointState<N, P> {
    fn condition(&self) -> Condition {
        match self.quarantine {
            _ if self.endpoint.mode == EndpointMode::Disabled => Condition::Disabled,
            Some(until) => Condition::Quarantined(until),
            None if self.monitor.verdict() == Verdict::Dead => Condition::Dead,
            None if self.suspected.is_some() => Condition::Suspected,
            None if self.healthy.is_some() => Condition::Healthy,
            None => Condition::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
