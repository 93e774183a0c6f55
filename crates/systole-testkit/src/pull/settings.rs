//! Random configurations that are valid by construction.

use core::time::Duration;

use systole::pacing::{Fixed, Lifetime, LifetimeRange, Pacing, Target};
use systole::{Config, Retries};

use super::Policy;
use super::hostile::Hostile;
use crate::world::Random;

/// The waits between retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `Retries::fixed`.
    Fixed,
    /// `Retries::exponential`.
    Exponential,
    /// `Retries::closing`.
    Closing,
}

/// Everything that a configuration is built from. A setting that is refused beside the others is
/// left out, so that each of these builds a valid configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The policy.
    pub policy: Policy,
    /// `interval_between`.
    pub interval_us: Option<(u64, u64)>,
    /// `timeouts`: first, shortest, longest.
    pub timeouts_us: Option<(u64, u64, u64)>,
    /// `retries`.
    pub retries: Option<(Shape, u8)>,
    /// `detect_within`.
    pub detect_us: Option<u64>,
    /// `jitter_percent`.
    pub jitter: Option<u8>,
    /// `rise`.
    pub rise: Option<u8>,
    /// `without_initial_delay`.
    pub max_in_flight: bool,
    /// `report_pauses_over`.
    pub pauses_us: Option<u64>,
    /// `seed`.
    pub seed: u64,
}

/// What a configuration says of itself, and what of the settings it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The shortest steady interval.
    pub interval_min_us: u64,
    /// The longest steady interval.
    pub interval_max_us: u64,
    /// The shortest timeout.
    pub timeout_min_us: u64,
    /// The longest timeout.
    pub timeout_max_us: u64,
    /// The stated bound.
    pub bound_us: Option<u64>,
    /// How far jitter may shorten an interval.
    pub jitter: u64,
    /// How many answers in a row bring a dead peer back, at most: with a target, a late one has to
    /// be confirmed.
    pub rise: u64,
    /// The lateness that is reported.
    pub pauses_us: u64,
    /// The policy may answer anything.
    pub is_hostile: bool,
}

/// Whole microseconds.
#[must_use]
pub const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// A span in whole microseconds.
#[must_use]
pub fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

pub(super) const SECOND: u64 = 1_000_000;
pub(super) const HOUR: u64 = 3_600 * SECOND;

impl Settings {
    /// Random settings.
    pub fn draw(random: &mut Random) -> Self {
        let policy = Policy::draw(random);
        let pace_us = policy.pace_us();
        let mut settings = Self::plain(policy, random.draw() | 1);
        // few of them set, so that defaults are common
        if random.one_in(5) {
            let min_us = random.magnitude(pace_us / 8 + 1, pace_us);
            settings.interval_us = Some((min_us, random.magnitude(min_us, pace_us * 8)));
        }
        if random.one_in(3) {
            settings.timeouts_us = Some(draw_timeouts(random, pace_us));
        }
        if random.one_in(3) {
            let shape = random.pick(&[Shape::Fixed, Shape::Exponential, Shape::Closing]);
            let most = random.pick(&[0, 2, 4, 16]);
            let count = u8::try_from(random.between(0, most)).unwrap_or(0);
            settings.retries = Some((shape, count));
        }
        let bounded = !matches!(policy, Policy::Target { .. }) || random.one_in(8);
        if bounded && random.one_in(2) {
            let most_us = if random.one_in(3) {
                pace_us * 2
            } else {
                pace_us * 6
            };
            settings.detect_us = Some(random.between(pace_us, most_us));
        }
        settings.jitter = match random.below(4) {
            0 => Some(0),
            1 => u8::try_from(random.below(51)).ok(),
            _ => None,
        };
        settings.rise = random.one_in(4).then(|| random.pick(&[1, 2, 3, 5]));
        settings.max_in_flight = random.one_in(2);
        settings.pauses_us = random.one_in(4).then(|| random.magnitude(1, HOUR));
        settings
    }

    /// `policy`, and all else as it is unless set.
    #[must_use]
    pub const fn plain(policy: Policy, seed: u64) -> Self {
        Self {
            policy,
            interval_us: None,
            timeouts_us: None,
            retries: None,
            detect_us: None,
            jitter: None,
            rise: None,
            max_in_flight: true,
            pauses_us: None,
            seed,
        }
    }

    /// Each setting left out in turn.
    #[must_use]
    pub fn simpler(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut with = |change: fn(&mut Self)| {
            let mut settings = *self;
            change(&mut settings);
            if settings != *self {
                all.push(settings);
            }
        };
        with(|it| it.interval_us = None);
        with(|it| it.timeouts_us = None);
        with(|it| it.retries = None);
        with(|it| it.detect_us = None);
        with(|it| it.jitter = Some(0));
        with(|it| it.rise = None);
        with(|it| it.max_in_flight = true);
        with(|it| it.pauses_us = None);
        with(|it| it.seed = 1);
        all
    }

    /// What `Config` says, built by `every` or another constructor, completed by these settings.
    pub fn complete<P: Pacing + Copy>(&self, config: Config<P>) -> (Config<P>, Limits) {
        let mut config = config
            .into_builder()
            .seed(self.seed)
            .build()
            .expect("seeds are odd");
        if let Some((min_us, max_us)) = self.interval_us {
            config = config
                .into_builder()
                .interval_between(us(min_us), us(max_us))
                .build()
                .unwrap_or(config);
        }
        if let Some((first, min, max)) = self.timeouts_us {
            config = config
                .into_builder()
                .timeouts(us(first), us(min), us(max))
                .build()
                .unwrap_or(config);
        }
        if let Some((shape, count)) = self.retries {
            config = config
                .into_builder()
                .retries(shape.retries(count))
                .build()
                .unwrap_or(config);
        }
        if let Some(bound_us) = self.detect_us {
            config = config
                .into_builder()
                .detect_within(us(bound_us))
                .build()
                .unwrap_or(config);
        }
        if let Some(percent) = self.jitter {
            config = config
                .into_builder()
                .jitter_percent(percent)
                .build()
                .unwrap_or(config);
        }
        if let Some(answers) = self.rise {
            config = config
                .into_builder()
                .rise(answers)
                .build()
                .unwrap_or(config);
        }
        if self.max_in_flight {
            config = config
                .into_builder()
                .without_initial_delay()
                .build()
                .unwrap();
        }
        if let Some(pauses_us) = self.pauses_us {
            config = config
                .into_builder()
                .report_pauses_over(us(pauses_us))
                .build()
                .unwrap();
        }
        (config, self.limits(&config))
    }

    fn limits<P: Pacing>(&self, config: &Config<P>) -> Limits {
        let jitter = self.jitter.unwrap_or(10); // 2 % of a lifetime is less
        Limits {
            interval_min_us: micros(config.interval_min()),
            interval_max_us: micros(config.interval_max()),
            timeout_min_us: micros(config.timeout_min()),
            timeout_max_us: micros(config.timeout_max()),
            bound_us: config.stated_bound().map(micros),
            jitter: jitter.into(),
            rise: self.replies().into(),
            pauses_us: self.pauses_us.unwrap_or(SECOND),
            is_hostile: matches!(self.policy, Policy::Hostile { .. }),
        }
    }

    fn replies(&self) -> u8 {
        let least = 1 + u8::from(matches!(self.policy, Policy::Target { .. }));
        self.rise.unwrap_or(1).max(least)
    }

    /// `Config::every` or a preset, completed.
    #[must_use]
    pub fn every(&self) -> (Config, Limits) {
        let config = match self.policy {
            Policy::Preset(which) => {
                let presets = [
                    Config::lan().build().unwrap(),
                    Config::wan().build().unwrap(),
                    Config::cellular().build().unwrap(),
                    Config::satellite().build().unwrap(),
                    Config::battery().build().unwrap(),
                ];
                presets[usize::from(which)]
            }
            _ => Config::every(us(self.policy.pace_us()))
                .build()
                .expect("in range"),
        };
        self.complete(config)
    }

    /// `Config::fixed`, completed.
    #[must_use]
    pub fn fixed(&self) -> (Config<Fixed>, Limits) {
        let config = Config::fixed(us(self.policy.pace_us())).build();
        self.complete(config.expect("in range"))
    }

    /// `Config::target`, completed.
    #[must_use]
    pub fn target(&self) -> (Config<Target>, Limits) {
        let Policy::Target {
            within_us,
            apart_us,
            probes,
        } = self.policy
        else {
            unreachable!("only called for a target")
        };
        let mut config = Config::target(us(within_us)).build().expect("in range");
        if let Some(apart_us) = apart_us {
            let stated = config
                .into_builder()
                .mistakes_at_most_one_per(us(apart_us))
                .build();
            config = stated.unwrap_or(config);
        }
        if let Some(probes) = probes {
            config = config
                .into_builder()
                .probes_at_most(probes)
                .build()
                .unwrap_or(config);
        }
        self.complete(config)
    }

    /// A ceiling, or a search for one, completed.
    #[must_use]
    pub fn lifetime(&self) -> (Config<Lifetime<Fixed>>, Limits) {
        let config = match self.policy {
            Policy::Lifetime {
                least_us,
                most_us,
                second_flow,
            } => {
                let reach = LifetimeRange::between(us(least_us), us(most_us)).expect("in range");
                let second = if second_flow {
                    reach.with_second_flow()
                } else {
                    reach
                };
                Config::lifetime(second).build()
            }
            Policy::AtMost {
                interval_us,
                ceiling_us,
            } => {
                let inner = Config::fixed(us(interval_us)).build().expect("in range");
                let policy = Lifetime::at_most(*inner.policy(), us(ceiling_us));
                let shortest = us(interval_us.min(ceiling_us) / 2 + 1);
                Config::with_policy(policy, shortest, us(interval_us * 4)).build()
            }
            _ => unreachable!("only called for a lifetime"),
        };
        self.complete(config.expect("in range"))
    }

    /// A hostile policy, completed.
    #[must_use]
    pub fn hostile(&self) -> (Config<Hostile>, Limits) {
        let Policy::Hostile {
            seed,
            min_us,
            max_us,
        } = self.policy
        else {
            unreachable!("only called for a hostile policy")
        };
        let config = Config::with_policy(Hostile(seed), us(min_us), us(max_us)).build();
        self.complete(config.expect("in range"))
    }
}

fn draw_timeouts(random: &mut Random, pace_us: u64) -> (u64, u64, u64) {
    let min_us = random.magnitude(pace_us / 256 + 1, (pace_us / 2 + 1).min(HOUR / 2));
    let max_us = random.magnitude(min_us, (pace_us * 16).clamp(min_us, HOUR));
    (random.magnitude(min_us, max_us), min_us, max_us)
}

impl Shape {
    const fn retries(self, count: u8) -> Retries {
        match self {
            Self::Fixed => Retries::fixed(count),
            Self::Exponential => Retries::exponential(count),
            Self::Closing => Retries::closing(count),
        }
    }
}
