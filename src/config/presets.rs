//! Presets for common networks.

use core::time::Duration;

use crate::config::{Builder, Config};
use crate::pacing::Fluctuation;

/// Presets that use the fluctuation rule.
///
/// | preset | base interval | first timeout | timeouts |
/// |---|---|---|---|
/// | [`lan`](Config::lan) | 1 s | 500 ms | 20 ms to 5 s |
/// | [`wan`](Config::wan) | 5 s | 2 s | 200 ms to 30 s |
/// | [`cellular`](Config::cellular) | 30 s | 5 s | 1 s to 60 s |
/// | [`satellite`](Config::satellite) | 15 s | 5 s | 1 s to 60 s |
/// | [`battery`](Config::battery) | 1 h | 10 s | 2 s to 2 min |
impl Config<Fluctuation> {
    /// Starts a builder with settings for machines at one site, microseconds to milliseconds apart.
    /// The shortest timeout covers delays of a busy scheduler.
    pub const fn lan() -> Builder<Fluctuation> {
        preset([1_000, 500, 20, 5_000])
    }

    /// Starts a builder with settings for services that reach each other over the Internet.
    pub const fn wan() -> Builder<Fluctuation> {
        preset([5_000, 2_000, 200, 30_000])
    }

    /// Starts a builder with settings for a moving radio link. On such a link, silences of seconds
    /// are common, and each probe wakes the modem.
    pub const fn cellular() -> Builder<Fluctuation> {
        preset([30_000, 5_000, 1_000, 60_000])
    }

    /// Starts a builder with settings for a satellite link. On such a link, round trips take up to
    /// a second, and hand-overs cause outages of several seconds.
    pub const fn satellite() -> Builder<Fluctuation> {
        preset([15_000, 5_000, 1_000, 60_000])
    }

    /// Starts a builder with settings for a sleeping device whose battery has to last for years.
    pub const fn battery() -> Builder<Fluctuation> {
        preset([3_600_000, 10_000, 2_000, 120_000])
    }
}

/// Returns a builder with a base interval and the first, shortest and longest timeout, in
/// milliseconds.
const fn preset([base, first, min, max]: [u64; 4]) -> Builder<Fluctuation> {
    Config::every(Duration::from_millis(base)).timeouts(
        Duration::from_millis(first),
        Duration::from_millis(min),
        Duration::from_millis(max),
    )
}

#[cfg(test)]
mod tests;
