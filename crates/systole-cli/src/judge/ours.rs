//! The crate's own detector, for which nothing is set but the target. This file alone defines it.

use std::time::Duration;

use systole::pacing::Target;
use systole::{ConfigError, Instant, Monitor, path::DEFAULT_WINDOW};
use systole_lab::baseline::Planner;
use systole_lab::brief;

use super::Candidate;
use crate::code::duration_code;

/// The machine that runs.
pub(crate) type Machine = Monitor<DEFAULT_WINDOW, Target>;

/// A target for the detector.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ours {
    pub(crate) detect_within: Duration,
    pub(crate) mistakes_at_most_one_per: Duration,
}

/// The shortest time between mistakes in a sweep, and the number of targets. Each target doubles
/// the time of the one before.
const RAREST: (Duration, u32) = (Duration::from_secs(900), 11);

impl Ours {
    pub(crate) const NAME: &str = "systole";
    pub(crate) const TITLE: &str = "ours, told the target alone";
    /// The type of its configuration, as a user writes it.
    pub(crate) const TYPE: &str = "Config<Target>";

    /// Returns targets with the same bound and a mistake in a quarter of an hour, half an hour ...
    /// twenty days.
    pub(crate) fn sweep(detect_within: Duration) -> Vec<Self> {
        let (first, doublings) = RAREST;
        let with = |step| Self {
            detect_within,
            mistakes_at_most_one_per: first * 2_u32.pow(step),
        };
        (0..doublings).map(with).collect()
    }

    /// Returns the targets of [`sweep`](Self::sweep) and this one, in order.
    pub(crate) fn sweep_with(self) -> Vec<Self> {
        let mut all = Self::sweep(self.detect_within);
        if !all
            .iter()
            .any(|other| other.mistakes_at_most_one_per == self.mistakes_at_most_one_per)
        {
            all.push(self);
        }
        all.sort_by_key(|wish| wish.mistakes_at_most_one_per);
        all
    }

    pub(crate) fn settings(&self) -> String {
        format!("a mistake in {}", brief(self.mistakes_at_most_one_per))
    }

    /// Returns the Rust code that a user pastes.
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

    /// Returns the target that the arguments state.
    pub(crate) const fn asked(options: &crate::args::Judge) -> Self {
        Self {
            detect_within: options.detect_within,
            mistakes_at_most_one_per: options.mistakes_at_most_one_per,
        }
    }

    fn planner(&self) -> Result<Planner, ConfigError> {
        Planner::new(self.detect_within, self.mistakes_at_most_one_per)
    }
}
