use core::time::Duration;
use systole::pacing::Fixed;
use systole::{Config, ConfigError, Retries};

fn config() -> Result<Config<Fixed>, ConfigError> {
    Config::fixed(Duration::from_millis(700))
        .timeouts(Duration::from_secs(1), Duration::from_secs(1), Duration::from_secs(10))
        .retries(Retries::closing(4))
        .detect_within(Duration::from_secs(10))
        .build()
}
