//! Replaces the configuration of a group while it runs.

use crate::failover::Failover;
use crate::failover::config::Config;
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
}
