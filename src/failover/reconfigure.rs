//! Replaces the configuration of a group while it runs.

use crate::config::error::ConfigError;
use crate::failover::Failover;
use crate::failover::config::Config;
use crate::failover::endpoint::Endpoint;
use crate::failover::endpoint_state::EndpointState;
use crate::failover::probing::Probing;
use crate::pacing::Pacing;
use crate::time::Instant;

impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// Replaces the configuration from `now` on.
    ///
    /// | kept | replaced |
    /// |---|---|
    /// | the active endpoint, and when the group last switched | how endpoints are probed, as by [`Monitor::reconfigure`](crate::Monitor::reconfigure) |
    /// | current quarantines, with their ends | the length of later quarantines |
    /// | conditions, statistics, modes and loads of the endpoints | the request timeout, the hold-down, the preference, and when to switch and to return |
    /// | outages, counters, and queued events | the threshold of the early warning |
    /// | the seed: that of `config` is ignored | |
    ///
    /// The new rules apply to what was observed before, so the group may switch at the next poll. A
    /// [vacant](Self::vacant) group ignores the call.
    ///
    /// ```
    /// use core::time::Duration;
    /// use systole::failover::{self, Endpoint};
    /// use systole::{Failover, Instant};
    ///
    /// # fn main() -> Result<(), systole::ConfigError> {
    /// let config = failover::Config::builder().seed(0xd1ce).build()?;
    /// let mut group = Failover::new(config, [Endpoint::new(); 3], Instant::ZERO)?;
    /// group.switch_to(2, Instant::from_secs(1));
    ///
    /// let second = Duration::from_secs(1);
    /// let patient = failover::Config::builder().hold_down(60 * second).build()?;
    /// group.reconfigure(&patient, Instant::from_secs(2));
    /// assert_eq!(group.active(), 2);
    /// # Ok(()) }
    /// ```
    pub fn reconfigure(&mut self, config: &Config<P>, now: Instant) {
        self.now = self.now.max(now);
        let Some(probing) = self.probing.first_mut() else {
            return;
        };
        let seed = probing.active.seed;
        *probing = Probing {
            active: config.active,
            standby: config.standby,
        };
        probing.active.seed = seed;
        self.rules = config.rules;
        for (endpoint, member) in self.members.iter_mut().enumerate() {
            let is_active = endpoint == self.active;
            let monitor = if is_active {
                &probing.active
            } else {
                &probing.standby
            };
            member.reconfigure(monitor, &self.rules, self.now);
        }
        self.settle();
    }

    /// Returns a group with other endpoints, and perhaps another configuration, that keeps the
    /// state of the endpoints that remain. If the endpoints stay the same, call
    /// [`reconfigure`](Self::reconfigure) instead.
    ///
    /// `places[i]` is the index in this group of the endpoint `endpoints[i]`. `None`, or a missing
    /// entry, means that the endpoint is new. An endpoint that remains keeps its statistics, its
    /// verdict, its quarantine and the probes under way; one whose mode changes starts over. If the
    /// active endpoint remains in service, it stays active and a current outage continues.
    /// Otherwise the best endpoint by order or weight becomes active, without an event. If all that
    /// remain are in quarantine, their quarantines end. Counters and event numbers go on.
    ///
    /// Before this call, poll until [`Output::Wait`](crate::Output::Wait): events that the caller
    /// has not taken are lost. Give the configuration another seed than this group has, so that no
    /// reply to an endpoint that was removed counts for a new one in its place.
    ///
    /// ```
    /// use systole::{Failover, Instant, failover::{self, Endpoint}};
    ///
    /// # fn main() -> Result<(), systole::ConfigError> {
    /// let config = failover::Config::builder().seed(0xd1ce).build()?;
    /// let pair = Failover::<3, 16>::with_window(config, &[Endpoint::new(); 2], Instant::ZERO)?;
    /// let config = config.into_builder().seed(0xcafe).build()?;
    /// // another endpoint comes first, and the active one is now the second
    /// let three = pair.renewed(config, &[Endpoint::new(); 3], &[None, Some(0), Some(1)], Instant::ZERO)?;
    /// assert_eq!(three.active(), 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`with_window`](Self::with_window).
    pub fn renewed(
        &self,
        config: Config<P>,
        endpoints: &[Endpoint],
        places: &[Option<usize>],
        now: Instant,
    ) -> Result<Self, ConfigError> {
        let now = self.now.max(now);
        let mut group = Self::with_window(config, endpoints, now)?;
        for (index, place) in places.iter().enumerate() {
            if let Some(known) = place.and_then(|place| self.members.get(place)) {
                group.at(index, |member| {
                    member.continue_as(known, &config.standby, &config.rules, now);
                });
            }
        }
        group.continue_from(self, places);
        group.probe_active(&config, now);
        group.settle();
        Ok(group)
    }

    /// Keeps the active endpoint of `before`, if it remains in service, and what was counted.
    fn continue_from(&mut self, before: &Self, places: &[Option<usize>]) {
        (self.switches, self.quarantines) = (before.switches, before.quarantines);
        self.pending.number_after(&before.pending);
        if self.first_in_service().is_none() {
            self.release_where(|_| true);
        }
        let active = places
            .iter()
            .position(|place| *place == Some(before.active));
        let member = |index: &usize| self.members.get(*index);
        let in_service = |index: &usize| member(index).is_some_and(EndpointState::in_service);
        if let Some(active) = active.filter(in_service) {
            self.active = active;
            self.switched = before.switched;
            self.outage_state.clone_from(&before.outage_state);
        } else {
            self.active = self.first_in_service().unwrap_or(0);
        }
    }

    fn probe_active(&mut self, config: &Config<P>, now: Instant) {
        self.at(self.active, |active| {
            active.reconfigure(&config.active, &config.rules, now);
        });
    }
}

#[cfg(test)]
mod tests;
