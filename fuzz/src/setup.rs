//! Configurations out of bytes.

use core::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use systole::pacing::{Answer, EpisodeEnd, Fixed, Fluctuation, Pacing};
use systole::{Config, ConfigError, Instant, Retries, pacing::Statistics, plan::Plan};

/// A span of any order of magnitude.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span(u64);

impl<'a> Arbitrary<'a> for Span {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let shift = bytes.int_in_range(0..=63)?;
        Ok(Self(bytes.arbitrary::<u64>()? >> shift))
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        Self::from_micros(span.0)
    }
}

#[derive(Clone, Copy, Debug, Arbitrary)]
pub(crate) enum Spacing {
    Fixed,
    Exponential,
    Closing,
}

fn retries(spacing: Spacing, count: u8) -> Retries {
    match spacing {
        Spacing::Fixed => Retries::fixed(count),
        Spacing::Exponential => Retries::exponential(count),
        Spacing::Closing => Retries::closing(count),
    }
}

#[derive(Clone, Copy, Debug, Arbitrary)]
pub(crate) enum Setting {
    Intervals(Span, Span),
    Timeouts(Span, Span, Span),
    Retries(Spacing, u8),
    DetectWithin(Span),
    Jitter(u8),
    Rise(u8),
    Seed(u64),
    StartAtOnce,
    Pauses(Span),
}

impl Setting {
    fn apply<P: Pacing>(self, config: Config<P>) -> Result<Config<P>, ConfigError> {
        match self {
            Self::Intervals(least, most) => config
                .into_builder()
                .interval_between(least.into(), most.into())
                .build(),
            Self::Timeouts(first, least, most) => config
                .into_builder()
                .timeouts(first.into(), least.into(), most.into())
                .build(),
            Self::Retries(spacing, count) => config
                .into_builder()
                .retries(retries(spacing, count))
                .build(),
            Self::DetectWithin(bound) => config.into_builder().detect_within(bound.into()).build(),
            Self::Jitter(percent) => config.into_builder().jitter_percent(percent).build(),
            Self::Rise(answers) => config.into_builder().rise(answers).build(),
            Self::Seed(seed) => config.into_builder().seed(seed).build(),
            Self::StartAtOnce => Ok(config
                .into_builder()
                .without_initial_delay()
                .build()
                .unwrap()),
            Self::Pauses(lateness) => Ok(config
                .into_builder()
                .report_pauses_over(lateness.into())
                .build()
                .unwrap()),
        }
    }
}

/// Applies what is not refused. A refusal has to be a true one.
fn configure<P: Pacing>(config: Config<P>, settings: &[Setting]) -> Config<P> {
    settings.iter().fold(config, |config, setting| {
        setting.apply(config).unwrap_or_else(|error| {
            assert_true(&error);
            config
        })
    })
}

pub(crate) fn assert_true(error: &ConfigError) {
    let (least, most) = error.range();
    let value = error.value();
    assert!(value < least || value > most, "{error}");
    assert!(!error.to_string().is_empty());
}

pub(crate) fn seeded<P: Pacing>(config: Config<P>) -> Config<P> {
    if config.is_seeded() {
        config
    } else {
        config.into_builder().seed(1).build().expect("1 is a seed")
    }
}

/// A policy whose plans come from the fuzzer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hostile([u64; 4]);

impl<'a> Arbitrary<'a> for Hostile {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        bytes.arbitrary().map(Self)
    }
}

impl Pacing for Hostile {
    type State = u64;
    const INITIAL: u64 = 0;

    fn on_probe(&self, state: &mut u64, now: Instant, retry: bool) {
        *state = state.rotate_left(7) ^ now.as_micros() ^ u64::from(retry);
    }

    fn on_answer(&self, state: &mut u64, answer: &Answer) {
        *state = state.wrapping_mul(self.0[3] | 1) ^ u64::from(answer.rtt_us.unwrap_or(7));
    }

    fn on_miss(&self, state: &mut u64, sent: Instant, now: Instant) {
        assert!(sent <= now);
        *state ^= self.0[0];
    }

    fn on_episode_end(&self, state: &mut u64, _: &EpisodeEnd) {
        *state = !*state;
    }

    fn on_lapse(&self, state: &mut u64, span_us: u64) {
        *state = state.wrapping_add(span_us);
    }

    fn plan(&self, state: &u64, path: &Statistics<'_>) -> Plan {
        let draw = |which: usize, state: u64| {
            let mixed = self.0[which].wrapping_mul(state | 1);
            mixed >> (mixed & 63)
        };
        let spacing = match draw(3, *state) % 3 {
            0 => Spacing::Fixed,
            1 => Spacing::Exponential,
            _ => Spacing::Closing,
        };
        let timeout_us = draw(1, *state) as u32 ^ path.timeout_us();
        Plan::from_micros(draw(0, *state), timeout_us)
            .with_retries(retries(spacing, draw(2, *state) as u8))
            .with_dead_interval(Duration::from_micros(draw(2, !*state)))
    }
}

#[derive(Debug, Arbitrary)]
pub(crate) enum Policy {
    Fluctuation { base: Span, gain_percent: u16 },
    Fixed(Span),
    Hostile(Hostile, Span, Span),
}

#[derive(Debug, Arbitrary)]
pub(crate) struct Setup {
    policy: Policy,
    settings: Vec<Setting>,
}

/// What is done with a configuration of any policy.
pub(crate) trait Trial {
    fn with<P: Pacing>(self, config: Config<P>);
}

impl Setup {
    /// Runs `trial` with the configuration, unless it is refused.
    pub(crate) fn run(self, trial: impl Trial) {
        match self.policy {
            Policy::Fluctuation { base, gain_percent } => {
                let config = Config::<Fluctuation>::every(base.into()).build();
                let config = config
                    .and_then(|config| config.into_builder().gain_percent(gain_percent).build());
                with(config, &self.settings, trial);
            }
            Policy::Fixed(interval) => {
                with(
                    Config::<Fixed>::fixed(interval.into()).build(),
                    &self.settings,
                    trial,
                );
            }
            Policy::Hostile(hostile, least, most) => {
                let config = Config::with_policy(hostile, least.into(), most.into()).build();
                with(config, &self.settings, trial);
            }
        }
    }
}

fn with<P: Pacing>(
    config: Result<Config<P>, ConfigError>,
    settings: &[Setting],
    trial: impl Trial,
) {
    match config {
        Ok(config) => trial.with(configure(config, settings)),
        Err(error) => assert_true(&error),
    }
}
