//! The crate's own detector, with nothing set but the target: the one place that says what it is.

use std::time::Duration;

use systole::{Config, ConfigError, Instant, Monitor, WINDOW};

use super::{Candidate, span};
use crate::tune::duration_code;

/// What runs.
pub(crate) type Machine = Monitor<WINDOW>;

/// A target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ours {
    pub(crate) detect_within: Duration,
    pub(crate) mistakes_at_most_one_per: Duration,
}

/// The shortest time between mistakes that is asked for in a sweep, and how often it is doubled.
const RAREST: (Duration, u32) = (Duration::from_secs(900), 11);

/// The seed of the device, which moves no figure: jitter is off and the first probe goes out at once.
const SEED: u64 = 1;

impl Ours {
    pub(crate) const NAME: &str = "systole";
    /// Whether it takes the target to heart. The founding rule does not: it stands in until there is a planner.
    pub(crate) const PROMISES: bool = false;
    pub(crate) const TITLE: &str = "ours (the founding rule with retries: no planner yet)";
    /// The type of its configuration, as a user writes it.
    pub(crate) const TYPE: &str = "Config";

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
        format!("founding rule, every {}", span(self.base()))
    }

    /// What a user pastes.
    pub(crate) fn code(&self) -> String {
        let [base, bound] = [self.base(), self.detect_within].map(duration_code);
        format!("Config::every({base})?.detect_within({bound})")
    }

    pub(crate) fn machine(&self, start: Instant) -> Result<Machine, ConfigError> {
        Monitor::new(self.config()?, start)
    }

    pub(crate) fn candidate(self) -> Result<Candidate, ConfigError> {
        self.config()?;
        Ok(Candidate::new(Self::NAME, self.settings(), move |start| {
            self.machine(start).ok()
        }))
    }

    fn config(&self) -> Result<Config, ConfigError> {
        let rule = Config::every(self.base())?.detect_within(self.detect_within)?;
        Ok(rule.jitter_percent(0)?.seed(SEED)?.start_at_once())
    }

    /// The founding rule has no target: this stands in for a planner.
    fn base(&self) -> Duration {
        let asked = self.mistakes_at_most_one_per.as_secs_f64().max(900.0);
        self.detect_within
            .mul_f64(0.6 / (1.0 + 0.5 * (asked / 900.0).log2()))
    }
}
