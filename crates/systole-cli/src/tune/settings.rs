//! The configurations that are tried, and their Rust code.

use std::time::Duration;

use systole::config::Builder;
use systole::pacing::Pacing;
use systole::{Config, ConfigError, Instant, Monitor, Retries};
use systole_lab::brief;

use crate::code::duration_code;
use crate::judge::{Candidate, Ours};

/// A configuration in the form that a user sees.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) name: String,
    pub(super) type_name: &'static str,
    /// The body of a function, without its indentation.
    pub(super) code: String,
    /// The time between mistakes that the configuration states, if it states one.
    apart: Option<Duration>,
}

impl Setting {
    /// Returns whether the configuration promises no less than this time between mistakes.
    pub(super) fn keeps(&self, apart: Duration) -> bool {
        self.apart.is_none_or(|stated| stated >= apart)
    }
}

const EVERY: &str = "Config::every";
const FIXED: &str = "Config::fixed";

const INTERVALS: [f64; 13] = [
    0.05, 0.07, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.75,
];
const TIMEOUTS: [f64; 2] = [0.04, 0.1];
const RETRIES: [(Retries, &str); 5] = [
    (Retries::NONE, "Retries::NONE"),
    (Retries::fixed(2), "Retries::fixed(2)"),
    (Retries::exponential(2), "Retries::exponential(2)"),
    (Retries::closing(4), "Retries::closing(4)"),
    (Retries::closing(8), "Retries::closing(8)"),
];

/// The seed. It has no influence on the figures, since jitter is off and the first probe goes out
/// at once.
const SEED: u64 = 1;

/// Returns all configurations that are tried: systole at the target that is asked for and several
/// others, the fluctuation rule and fixed intervals, as far as they fit into the bound.
pub(super) fn settings(asked: Ours) -> Result<Vec<(Setting, Candidate)>, ConfigError> {
    let bound = asked.detect_within;
    let mut all = Vec::new();
    for wish in asked.sweep_with() {
        all.push((of(&wish), wish.candidate()?));
    }
    let shapes = shapes(bound);
    all.extend(
        shapes
            .iter()
            .filter_map(|shape| shape.with(EVERY, Config::every)),
    );
    all.extend(
        shapes
            .iter()
            .filter_map(|shape| shape.with(FIXED, Config::fixed)),
    );
    Ok(all)
}

fn of(wish: &Ours) -> Setting {
    Setting {
        name: format!("Config::target, {}", wish.settings()),
        type_name: Ours::TYPE,
        code: wish.code(),
        apart: Some(wish.mistakes_at_most_one_per),
    }
}

/// The settings that the families share.
#[derive(Clone, Copy, Debug)]
struct Shape {
    bound: Duration,
    interval: Duration,
    timeout: Duration,
    retries: (Retries, &'static str),
}

fn shapes(bound: Duration) -> Vec<Shape> {
    let mut shapes = Vec::new();
    for interval in INTERVALS.map(|share| bound.mul_f64(share)) {
        for timeout in TIMEOUTS.map(|share| bound.mul_f64(share)) {
            shapes.extend(RETRIES.map(|retries| Shape {
                bound,
                interval,
                timeout,
                retries,
            }));
        }
    }
    shapes
}

impl Shape {
    /// Returns the configuration of a family, or `None` if it does not fit into the bound.
    fn with<P: Pacing + Copy + Send + Sync + 'static>(
        self,
        family: &'static str,
        start: impl Fn(Duration) -> Builder<P>,
    ) -> Option<(Setting, Candidate)>
    where
        P::State: Clone,
    {
        let config = self.apply(start(self.interval)).ok()?;
        let (_, retries) = self.retries;
        let (interval, timeout) = (brief(self.interval), brief(self.timeout));
        let name = format!("{family} {interval}, timeout {timeout}, {retries}");
        let candidate = Candidate::new(family, name.clone(), move |now: Instant| {
            Monitor::new(config, now).ok()
        });
        let type_name = if family == FIXED {
            "Config<Fixed>"
        } else {
            "Config"
        };
        Some((
            Setting {
                name,
                type_name,
                code: self.code(family),
                apart: None,
            },
            candidate,
        ))
    }

    fn apply<P: Pacing>(self, builder: Builder<P>) -> Result<Config<P>, ConfigError> {
        builder
            .timeouts(self.first(), self.timeout, self.bound)
            .retries(self.retries.0)
            .detect_within(self.bound)
            .jitter_percent(0)
            .seed(SEED)
            .without_initial_delay()
            .build()
    }

    fn first(self) -> Duration {
        self.bound / 10
    }

    fn code(self, family: &str) -> String {
        let [interval, first, timeout, bound] =
            [self.interval, self.first(), self.timeout, self.bound].map(duration_code);
        let (_, retries) = self.retries;
        format!(
            "{family}({interval})\n    .timeouts({first}, {timeout}, {bound})\n    .retries({retries})\n    .detect_within({bound})\n    .build()"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_shapes_fit_and_their_code_says_what_runs() {
        let asked = Ours {
            detect_within: Duration::from_secs(10),
            mistakes_at_most_one_per: Duration::from_secs(86_400),
        };
        let all = settings(asked).unwrap();
        assert!(all.len() > 150, "{}", all.len());
        let (fixed, _) = all
            .iter()
            .find(|(setting, _)| setting.name.starts_with("Config::fixed 2.5 s"))
            .unwrap();
        assert!(
            fixed
                .code
                .starts_with("Config::fixed(Duration::from_millis(2500))\n    .timeouts(")
        );
        assert!(
            fixed
                .code
                .ends_with(".detect_within(Duration::from_secs(10))\n    .build()")
        );
    }
}
