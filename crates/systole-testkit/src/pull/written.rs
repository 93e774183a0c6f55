//! "What was accepted can be written and read back."

use core::fmt::Debug;

use systole::pacing::{Fixed, Lifetime, Target};
use systole::{Config, ConfigError};

use crate::world::{Law, Random, Violation};

use super::{Policy, Settings, us};

/// Writes and reads configurations of all policies, over the whole range of their settings.
///
/// # Errors
/// Where one comes back refused or changed.
pub fn check(random: &mut Random) -> Result<(), Violation> {
    let longest_us = 12 * 86_400 * 1_000_000;
    let settings = Settings::draw(random);
    let span_us = random.magnitude(1_000, longest_us);
    let plain = |policy| Settings::plain(policy, settings.seed);
    every(&settings)?;
    target(Config::target(us(span_us)).build())?;
    target(Ok(plain(Policy::Target {
        within_us: span_us,
        apart_us: Some(random.magnitude(span_us, u64::MAX >> 16)),
        probes: u32::try_from(random.magnitude(1, 1 << 32)).ok(),
    })
    .target()
    .0))?;
    fixed(Config::fixed(us(random.magnitude(1, longest_us))).build())?;
    if let Policy::AtMost { .. } | Policy::Lifetime { .. } = settings.policy {
        lifetime(&settings)?;
    }
    Ok(())
}

fn every(settings: &Settings) -> Result<(), Violation> {
    if let Policy::Every { .. } | Policy::Preset(_) = settings.policy {
        let config = settings.every().0;
        return same(
            &config,
            serde_json::from_str(&written(serde_json::to_string(&config))),
        );
    }
    Ok(())
}

fn fixed(config: Result<Config<Fixed>, ConfigError>) -> Result<(), Violation> {
    config.map_or(Ok(()), |config| {
        same(
            &config,
            serde_json::from_str(&written(serde_json::to_string(&config))),
        )
    })
}

fn target(config: Result<Config<Target>, ConfigError>) -> Result<(), Violation> {
    config.map_or(Ok(()), |config| {
        same(
            &config,
            serde_json::from_str(&written(serde_json::to_string(&config))),
        )
    })
}

fn lifetime(settings: &Settings) -> Result<(), Violation> {
    let config: Config<Lifetime<Fixed>> = settings.lifetime().0;
    same(
        &config,
        serde_json::from_str(&written(serde_json::to_string(&config))),
    )
}

fn same<C: PartialEq + Debug>(config: &C, read: serde_json::Result<C>) -> Result<(), Violation> {
    let broken = |kind, detail| Err(Violation::new(Law::Refusal, kind, 0, detail));
    match read {
        Err(error) => broken(
            "a configuration is refused when it is read back",
            error.to_string(),
        ),
        Ok(read) if read != *config => broken(
            "a configuration is another one when it is read back",
            String::new(),
        ),
        Ok(_) => Ok(()),
    }
}

fn written(text: serde_json::Result<String>) -> String {
    text.expect("what was accepted can be written")
}
