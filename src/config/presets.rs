//! Starting points for common networks, valid by construction.

use core::time::Duration;

use crate::config::Config;
use crate::config::error::ConfigError;
use crate::pacing::Fluctuation;

/// Starting points by the founding rule; every builder of [`Config`] may follow.
///
/// | preset | base interval | first timeout | timeouts |
/// |---|---|---|---|
/// | [`LAN`](Config::LAN) | 1 s | 500 ms | 20 ms to 5 s |
/// | [`WAN`](Config::WAN) | 5 s | 2 s | 200 ms to 30 s |
/// | [`CELLULAR`](Config::CELLULAR) | 30 s | 5 s | 1 s to 60 s |
/// | [`SATELLITE`](Config::SATELLITE) | 15 s | 5 s | 1 s to 60 s |
/// | [`BATTERY`](Config::BATTERY) | 1 h | 10 s | 2 s to 2 min |
impl Config<Fluctuation> {
    /// Machines of one site, microseconds to milliseconds apart. The shortest timeout covers a busy scheduler.
    pub const LAN: Self = preset([1_000, 500, 20, 5_000]);

    /// Services that reach each other over the Internet.
    pub const WAN: Self = preset([5_000, 2_000, 200, 30_000]);

    /// A moving radio link: silences of seconds are ordinary, and each probe wakes the modem.
    pub const CELLULAR: Self = preset([30_000, 5_000, 1_000, 60_000]);

    /// A satellite link: round trips of up to a second, outages of several at a hand-over.
    pub const SATELLITE: Self = preset([15_000, 5_000, 1_000, 60_000]);

    /// A sleeping device that is to last for years.
    pub const BATTERY: Self = preset([3_600_000, 10_000, 2_000, 120_000]);
}

/// Base interval, first, shortest and longest timeout, in milliseconds. A preset that is refused stops the compiler.
const fn preset([base, first, min, max]: [u64; 4]) -> Config<Fluctuation> {
    let config = accept(Config::every(Duration::from_millis(base)));
    accept(config.timeouts(
        Duration::from_millis(first),
        Duration::from_millis(min),
        Duration::from_millis(max),
    ))
}

/// What was not refused. Evaluated by the compiler alone.
#[allow(clippy::panic)]
pub(crate) const fn accept<C: Copy>(config: Result<C, ConfigError>) -> C {
    match config {
        Ok(config) => config,
        Err(_) => panic!("a preset is out of range"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The compiler makes the presets; here they are made again at run time.
    #[test]
    fn presets_are_made_of_what_their_table_says() {
        let made = preset([5_000, 2_000, 200, 30_000]);
        assert_eq!(made, Config::WAN);
        assert_ne!(made, Config::LAN);
    }

    #[test]
    #[should_panic(expected = "a preset is out of range")]
    fn a_preset_that_is_refused_stops_the_compiler() {
        let _ = accept(Config::every(Duration::ZERO));
    }

    #[test]
    fn presets_are_what_their_table_says() {
        assert_eq!(Config::LAN.interval_max(), Duration::from_secs(4));
        assert_eq!(Config::WAN.timeout_min(), Duration::from_millis(200));
        assert_eq!(Config::CELLULAR.timeout_max(), Duration::from_secs(60));
        assert_eq!(
            Config::SATELLITE.interval_min(),
            Duration::from_millis(13_500)
        );
        assert_eq!(Config::BATTERY.interval_min(), Duration::from_secs(3_240));
    }
}
