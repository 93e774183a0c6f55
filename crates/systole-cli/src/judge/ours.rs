//! The crate's own detector, with nothing set but the target: the one place that says what it is.

use std::time::Duration;

use systole::pacing::Target;
use systole::{ConfigError, DEFAULT_WINDOW, Instant, Monitor};
use systole_lab::baseline::Planner;
use systole_lab::brief;

use super::Candidate;
use crate::code::duration_code;

/// What runs.
pub(crate) type Machine = Monitor<DEFAULT_WINDOW, Target>;

/// A target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ours {
    pub(crate) detect_within: Duration,
    pub(crate) mistakes_at_most_one_per: Duration,
}

/// The shortest time between mistakes that is asked for in a sweep, and how often it is doubled.
const RAREST: (Duration, u32) = (Duration::from_secs(900), 11);

impl Ours {
    pub(crate) const NAME: &str = "systole";
    pub(crate) const TITLE: &str = "ours, told the target alone";
    /// The type of its configuration, as a user writes it.
    pub(crate) const TYPE: &str = "Config<Target>";

    /// The same bound with a mistake in a quarter of an hour, half an hour ... twenty days.
    pub(crate) fn sweep(detect_within: Duration) -> Vec<Self> {
        let (first, doublings) = RAREST;
        let with = |step| Self {
            detect_within,
            mistakes_at_most_one_per: first * 2_u32.pow(step),
        };
        (0..doublings).map(with).collect()
    }

    pub(crate) fn settings(&self) -> String {
        format!("a mistake in {}", brief(self.mistakes_at_most_one_per))
    }

    /// What a user pastes.
    pub(crate) fn code(&self) -> String {
        let [bound, apart] = [self.detect_within, self.mistakes_at_most_one_per].map(duration_code);
        format!("Config::target({bound})\n    .mistakes_at_most_one_per({apart})\n    .build()")
    }

    pub(crate) fn machine(&self, start: Instant) -> Result<Machine, ConfigError> {
        Monitor::new(self.planner()?.config(), start)
    }

    pub(crate) fn candidate(self) -> Result<Candidate, ConfigError> {
        let config = self.planner()?.config();
        Ok(Candidate::new(Self::NAME, self.settings(), move |start| {
            Machine::new(config, start).ok()
        }))
    }

    fn planner(&self) -> Result<Planner, ConfigError> {
        Planner::new(self.detect_within, self.mistakes_at_most_one_per)
    }
}
