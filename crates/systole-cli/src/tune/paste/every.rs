use core::time::Duration;
use systole::{Config, ConfigError, Retries};

fn config() -> Result<Config, ConfigError> {
    Config::every(Duration::from_millis(2500))
        .timeouts(Duration::from_secs(1), Duration::from_millis(400), Duration::from_secs(10))
        .retries(Retries::exponential(2))
        .detect_within(Duration::from_secs(10))
        .build()
}
