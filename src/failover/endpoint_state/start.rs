//! How the state of an endpoint begins, and begins anew.

use super::EndpointState;
use crate::config::Config as MonitorConfig;
use crate::failover::config::Rules;
use crate::failover::endpoint::Endpoint;
use crate::math::random::{Secret, mix};
use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::path::early_warning::EarlyWarning;
use crate::time::Instant;

impl<const N: usize, P: Pacing> EndpointState<N, P> {
    pub(in crate::failover) fn new(
        standby: &MonitorConfig<P>,
        rules: &Rules,
        seed: u64,
        endpoint: Endpoint,
        now: Instant,
    ) -> Self {
        let monitor = Monitor::start(with_seed(*standby, seed, 0), now);
        Self::around(monitor, rules.warning(), endpoint, now)
    }

    /// Returns the state of an endpoint of which nothing is known.
    const fn around(
        monitor: Monitor<N, P>,
        warning: EarlyWarning,
        endpoint: Endpoint,
        now: Instant,
    ) -> Self {
        Self {
            monitor,
            endpoint,
            suspected: None,
            healthy: None,
            proved: None,
            last_slow_reply: None,
            misses_at_last_ok: 0,
            warning,
            warned_of: 0,
            quarantine: None,
            quarantine_us: 0,
            at_fault: false,
            load: None,
            generation: 0,
            asked: None,
            due: now,
        }
    }

    /// Applies another configuration. An endpoint that is out of service gets it with its next
    /// monitor.
    pub(in crate::failover) fn reconfigure(
        &mut self,
        monitor: &MonitorConfig<P>,
        rules: &Rules,
        now: Instant,
    ) {
        self.warning = self.warning.clone().warn_above(rules.warn_above);
        if self.in_service() {
            self.monitor.reconfigure(monitor, now);
            self.due = now;
        }
    }

    /// Starts over with a new monitor. The length of the last quarantine is kept, because the next
    /// one is twice as long.
    pub(in crate::failover) fn renew(
        &mut self,
        standby: &MonitorConfig<P>,
        rules: &Rules,
        seed: u64,
        now: Instant,
    ) {
        let generation = self.generation.wrapping_add(1);
        let probing = with_seed(
            standby.into_builder().without_initial_delay().unchecked(),
            seed,
            generation,
        );
        let quarantine_us = self.quarantine_us;
        let monitor = Monitor::start(probing, now);
        *self = Self::around(monitor, rules.warning(), self.endpoint, now);
        self.generation = generation;
        self.quarantine_us = quarantine_us;
        // A quarantined endpoint stays at fault until it replies.
        self.at_fault = quarantine_us > 0;
    }

    /// Copies the state `known` of the same endpoint and applies the new settings. If the mode has
    /// changed, the endpoint starts over.
    pub(in crate::failover) fn continue_as(
        &mut self,
        known: &Self,
        standby: &MonitorConfig<P>,
        rules: &Rules,
        now: Instant,
    ) {
        let endpoint = self.endpoint;
        if known.endpoint.mode != endpoint.mode {
            return;
        }
        self.clone_from(known);
        self.endpoint = endpoint;
        self.reconfigure(standby, rules, now);
    }
}

/// Returns `config` with the endpoint's own seed, which is never 0, as 0 stands for a missing seed.
const fn with_seed<P: Pacing>(
    mut config: MonitorConfig<P>,
    seed: u64,
    generation: u32,
) -> MonitorConfig<P> {
    config.seed = match mix(seed ^ ((generation as u64) << 32)) {
        0 => Secret(1),
        mixed => Secret(mixed),
    };
    config
}

#[cfg(test)]
mod tests;
