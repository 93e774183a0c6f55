//! Random, valid configurations.

use core::time::Duration;

use systole::pacing::{Fixed, Fluctuation, Pacing, Target};
use systole::{Config, ConfigError, Retries, pacing::Statistics, plan::Plan};

use crate::world::Random;

/// The policy of a world, with its interval or bound in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The fluctuation rule.
    Every(u64),
    /// The same interval always.
    Fixed(u64),
    /// A bound on detection time, met as cheaply as the path allows.
    Target(u64),
    /// A policy that plans anything, between two intervals.
    Hostile(u64, u64),
}

/// What is configured beside the policy; what a configuration refuses is left as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The policy.
    pub policy: Policy,
    /// The first, the shortest and the longest timeout, in microseconds.
    pub timeouts_us: Option<(u64, u64, u64)>,
    /// How overdue probes are asked again.
    pub retries: Option<Retries>,
    /// A stated bound, in microseconds.
    pub within_us: Option<u64>,
    /// How far jitter shortens intervals, in per cent.
    pub jitter_percent: u8,
    /// How many answers bring a dead peer back.
    pub rise: u8,
    /// From which lateness on it is told, in microseconds.
    pub report_us: Option<u64>,
    /// Whether the first probe goes out at once.
    pub max_in_flight: bool,
    /// The seed of the machine.
    pub seed: u64,
}

fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

impl Settings {
    /// Draws settings.
    pub fn draw(random: &mut Random) -> Self {
        let policy = Policy::draw(random);
        let base_us = policy.scale_us();
        let min_us = random.magnitude((base_us / 200).max(1), (base_us / 3).max(2));
        let max_us = random
            .magnitude(min_us, base_us.saturating_mul(8))
            .min(LONGEST_TIMEOUT_US);
        let min_us = min_us.min(max_us);
        let first_us = random.between(min_us, max_us.min(min_us.saturating_mul(16)));
        Self {
            policy,
            timeouts_us: random
                .chance_ppm(800_000)
                .then_some((first_us, min_us, max_us)),
            retries: random.chance_ppm(600_000).then(|| draw_retries(random)),
            within_us: random
                .one_in(2)
                .then(|| random.between(base_us, base_us.saturating_mul(5))),
            jitter_percent: random.pick(&[0, 0, 1, 10, 10, 50]),
            rise: random.pick(&[1, 1, 1, 2, 3]),
            report_us: random.one_in(3).then(|| random.magnitude(1, 4_000_000_000)),
            max_in_flight: random.one_in(4),
            seed: random.draw() | 1,
        }
    }

    /// The same without what varies.
    pub fn simpler(&self) -> Vec<Self> {
        let plain = [
            Self {
                jitter_percent: 0,
                ..*self
            },
            Self { rise: 1, ..*self },
            Self {
                report_us: None,
                ..*self
            },
            Self {
                within_us: None,
                ..*self
            },
            Self {
                retries: None,
                ..*self
            },
            Self {
                timeouts_us: None,
                ..*self
            },
            Self {
                max_in_flight: true,
                ..*self
            },
        ];
        plain.into_iter().filter(|it| it != self).collect()
    }

    /// Applies the settings to `config`, as far as it accepts them.
    pub fn apply<P: Pacing + Copy>(&self, mut config: Config<P>) -> Config<P> {
        let mut keep = |change: &dyn Fn(Config<P>) -> Result<Config<P>, ConfigError>| {
            config = change(config).unwrap_or(config);
        };
        if let Some((first, min, max)) = self.timeouts_us {
            keep(&|it| {
                it.into_builder()
                    .timeouts(us(first), us(min), us(max))
                    .build()
            });
        }
        if let Some(retries) = self.retries {
            keep(&|it| it.into_builder().retries(retries).build());
        }
        if let (Some(within_us), false) = (self.within_us, self.is_target()) {
            keep(&|it| it.into_builder().detect_within(us(within_us)).build());
        }
        keep(&|it| {
            it.into_builder()
                .jitter_percent(self.jitter_percent)
                .build()
        });
        keep(&|it| it.into_builder().rise(self.rise).build());
        keep(&|it| it.into_builder().seed(self.seed).build());
        if let Some(report_us) = self.report_us {
            config = config
                .into_builder()
                .report_pauses_over(us(report_us))
                .build()
                .unwrap();
        }
        if self.max_in_flight {
            config = config
                .into_builder()
                .without_initial_delay()
                .build()
                .unwrap();
        }
        config
    }

    /// "Change the bound here, not with `detect_within` afterwards".
    /// How many answers in a row bring a dead peer back, at most: with a target, a late one has to
    /// be confirmed.
    #[must_use]
    pub fn replies(&self) -> u8 {
        self.rise.max(1 + u8::from(self.is_target()))
    }

    fn is_target(&self) -> bool {
        matches!(self.policy, Policy::Target(_))
    }
}

/// "the longest one ... over 71 minutes" is refused.
const LONGEST_TIMEOUT_US: u64 = 71 * 60_000_000;

fn draw_retries(random: &mut Random) -> Retries {
    let count = random.pick(&[0, 1, 2, 3, 5, 16]);
    match random.below(3) {
        0 => Retries::fixed(count),
        1 => Retries::exponential(count),
        _ => Retries::closing(count),
    }
}

impl Policy {
    fn draw(random: &mut Random) -> Self {
        let base_us = random.magnitude(1_000, 4 * 3_600_000_000);
        let base_us = if random.one_in(2) {
            1_000_000 * random.pick(&[1, 3, 10])
        } else {
            base_us
        };
        match random.below(8) {
            0..=2 => Self::Every(base_us),
            3..=4 => Self::Fixed(base_us),
            5..=6 => Self::Target(base_us.max(2_000)),
            _ => Self::Hostile((base_us / 4).max(1), base_us),
        }
    }

    /// How often a dead peer is asked, where that is not the steady interval: every 0.12 of the bound.
    pub fn dead_interval_us(self) -> u64 {
        match self {
            Self::Target(us) => us / 8,
            _ => 0,
        }
    }

    /// The interval or bound that everything else is measured by.
    pub fn scale_us(self) -> u64 {
        match self {
            Self::Every(us) | Self::Fixed(us) | Self::Hostile(_, us) => us,
            Self::Target(us) => us / 3,
        }
    }
}

/// Runs a generic function with the configuration of settings, whatever its policy.
#[macro_export]
#[doc(hidden)]
macro_rules! with_config {
    ($settings:expr, |$config:ident| $body:expr) => {{
        let settings: $crate::fleet::settings::Settings = $settings;
        match $crate::fleet::settings::Built::new(&settings) {
            $crate::fleet::settings::Built::Every($config) => $body,
            $crate::fleet::settings::Built::Fixed($config) => $body,
            $crate::fleet::settings::Built::Target($config) => $body,
            $crate::fleet::settings::Built::Hostile($config) => $body,
        }
    }};
}

/// A configuration of any policy.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum Built {
    Every(Config<Fluctuation>),
    Fixed(Config<Fixed>),
    Target(Config<Target>),
    Hostile(Config<Hostile>),
}

impl Built {
    /// The configuration that `settings` describe.
    ///
    /// # Panics
    /// Where an interval that was drawn is refused.
    pub fn new(settings: &Settings) -> Self {
        match settings.policy {
            Policy::Every(base) => {
                Self::Every(settings.apply(Config::every(us(base)).build().unwrap()))
            }
            Policy::Fixed(base) => {
                Self::Fixed(settings.apply(Config::fixed(us(base)).build().unwrap()))
            }
            Policy::Target(within) => {
                Self::Target(settings.apply(Config::target(us(within)).build().unwrap()))
            }
            Policy::Hostile(min, max) => {
                let config = Config::with_policy(Hostile, us(min), us(max))
                    .build()
                    .unwrap();
                Self::Hostile(settings.apply(config))
            }
        }
    }
}

/// A policy that answers anything: "the machine fits every plan to the configured limits".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hostile;

impl Pacing for Hostile {
    type State = u64;

    const INITIAL: u64 = 1;

    fn plan(&self, state: &u64, _: &Statistics<'_>) -> Plan {
        let mut random = Random::new(*state);
        let extreme = |random: &mut Random| match random.below(4) {
            0 => 0,
            1 => u64::MAX,
            _ => random.draw() >> random.below(64),
        };
        let timeout = u32::try_from(extreme(&mut random)).unwrap_or(u32::MAX);
        let plan = Plan::from_micros(extreme(&mut random), timeout);
        plan.with_retries(draw_retries(&mut random))
    }

    fn on_probe(&self, state: &mut u64, _: systole::Instant, _: bool) {
        *state = state.wrapping_add(1);
    }
}
