//! What can be asked of a lease at any time.

use crate::lease::config::Config;
use crate::lease::lease::Lease;
use crate::lease::promise::Promise;
use crate::lease::snapshot::Snapshot;
use crate::time::{Instant, duration};

impl Lease {
    /// Returns whether the holder may act at `now`. It is false for a moment before the last one
    /// seen.
    #[must_use]
    pub fn is_held(&self, now: Instant) -> bool {
        self.holding.is_held(now)
    }

    /// Returns the first moment at which the holder may not act, if the lease is held as of the
    /// last call.
    #[must_use]
    pub fn fence_at(&self) -> Option<Instant> {
        self.is_held(self.holding.seen())
            .then(|| self.holding.until())
    }

    /// Returns when the holder should begin to stop: [the time that it
    /// needs](crate::lease::Builder::stop_within) before the fence.
    #[must_use]
    pub fn stop_at(&self) -> Option<Instant> {
        let fence = self.fence_at()?;
        Some(fence.minus(self.config.reserve_us))
    }

    /// Returns the epoch that the server gave last; 0 before the first grant.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.holding.epoch()
    }

    /// Returns the configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns what is promised about lapses.
    #[must_use]
    pub fn promise(&self) -> Promise {
        Promise::of(&self.schedule, &self.config)
    }

    /// Returns the state at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> Snapshot {
        let plan = self.schedule.plan();
        Snapshot {
            is_held: self.is_held(now),
            epoch: self.epoch(),
            fence_at: self.fence_at(),
            ttl: duration(self.holding.granted_us()),
            interval: plan.interval(),
            timeout: plan.timeout(),
            promise: self.promise(),
            counters: self.counters,
        }
    }

    /// Returns whether the invariants hold that a single state can show. Tests, fuzz targets and
    /// debug assertions check it after every step.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.holding.is_valid()
    }
}
