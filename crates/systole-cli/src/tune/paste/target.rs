use core::time::Duration;
use systole::pacing::Target;
use systole::{Config, ConfigError};

fn config() -> Result<Config<Target>, ConfigError> {
    Config::target(Duration::from_secs(10))
        .mistakes_at_most_one_per(Duration::from_secs(28800))
        .build()
}
