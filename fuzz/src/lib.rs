//! What the fuzz targets do with their bytes. A panic is a finding.

use core::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use systole::pacing::{Answer, EpisodeEnd, Fixed, Fluctuation, Pacing};
use systole::wire::{self, Mac};
use systole::{
    Config, ConfigError, Heartbeat, Instant, ListenerConfig, Plan, Retries, Statistics, Verdict,
};

#[path = "../../tests/common/ops.rs"]
#[allow(dead_code)]
mod ops;

use ops::{Op, World};

#[path = "../../tests/common/beats.rs"]
#[allow(dead_code)]
mod beats;

#[path = "../../src/bin/systole/fleet/hosts.rs"]
#[allow(dead_code)]
mod hosts;

/// A span of any order of magnitude.
#[derive(Clone, Copy, Debug)]
struct Span(u64);

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
enum Spacing {
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
enum Setting {
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
            Self::Intervals(least, most) => config.interval_between(least.into(), most.into()),
            Self::Timeouts(first, least, most) => {
                config.timeouts(first.into(), least.into(), most.into())
            }
            Self::Retries(spacing, count) => config.retries(retries(spacing, count)),
            Self::DetectWithin(bound) => config.detect_within(bound.into()),
            Self::Jitter(percent) => config.jitter_percent(percent),
            Self::Rise(answers) => config.rise(answers),
            Self::Seed(seed) => config.seed(seed),
            Self::StartAtOnce => Ok(config.start_at_once()),
            Self::Pauses(lateness) => Ok(config.report_pauses_over(lateness.into())),
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

fn assert_true(error: &ConfigError) {
    let (least, most) = error.range();
    let value = error.value();
    assert!(value < least || value > most, "{error}");
    assert!(!error.to_string().is_empty());
}

fn seeded<P: Pacing>(config: Config<P>) -> Config<P> {
    if config.is_seeded() {
        config
    } else {
        config.seed(1).expect("1 is a seed")
    }
}

/// A policy whose plans come from the fuzzer.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Hostile([u64; 4]);

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
enum Policy {
    Fluctuation { base: Span, gain_percent: u16 },
    Fixed(Span),
    Hostile(Hostile, Span, Span),
}

#[derive(Debug, Arbitrary)]
struct Setup {
    policy: Policy,
    settings: Vec<Setting>,
}

/// What is done with a configuration of any policy.
trait Trial {
    fn with<P: Pacing>(self, config: Config<P>);
}

impl Setup {
    /// Runs `trial` with the configuration, unless it is refused.
    fn run(self, trial: impl Trial) {
        match self.policy {
            Policy::Fluctuation { base, gain_percent } => {
                let config = Config::<Fluctuation>::every(base.into());
                let config = config.and_then(|config| config.gain_percent(gain_percent));
                with(config, &self.settings, trial);
            }
            Policy::Fixed(interval) => {
                with(
                    Config::<Fixed>::fixed(interval.into()),
                    &self.settings,
                    trial,
                );
            }
            Policy::Hostile(hostile, least, most) => {
                let config = Config::with_policy(hostile, least.into(), most.into());
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

fn input<T: for<'a> Arbitrary<'a>>(bytes: &[u8]) -> Option<T> {
    T::arbitrary_take_rest(Unstructured::new(bytes)).ok()
}

/// Any settings are refused for a true reason, or make machines that work.
pub fn config(bytes: &[u8]) {
    struct Built;
    impl Trial for Built {
        fn with<P: Pacing>(self, config: Config<P>) {
            assert!(config.interval_min() <= config.interval_max());
            assert!(config.timeout_min() <= config.timeout_max());
            let mut heart = Heartbeat::<4, P>::new(config);
            let rtts = [Duration::ZERO, config.timeout_max(), Duration::MAX];
            for rtt in rtts {
                let interval = heart.next_interval(rtt);
                assert!(interval >= config.interval_min() && interval <= config.interval_max());
                assert!(heart.missed() <= config.interval_max().max(config.timeout_max()));
                assert!(heart.is_valid());
            }
            let mut world = World::new(seeded(config));
            for _ in 0..4 {
                world.apply(&Op::Beat(0));
            }
        }
    }
    if let Some(setup) = input::<Setup>(bytes) {
        setup.run(Built);
    }
}

#[derive(Debug, Arbitrary)]
enum Outcome {
    Answered(Span),
    Missed,
    Late(Span),
}

struct Rounds(Vec<Outcome>);

impl Trial for Rounds {
    fn with<P: Pacing>(self, config: Config<P>) {
        let mut heart = Heartbeat::<8, P>::new(config);
        for outcome in self.0 {
            match outcome {
                Outcome::Answered(rtt) => {
                    check_steady(&config, &heart.next_interval(rtt.into()), &heart)
                }
                Outcome::Missed => check_retry(&config, &heart.missed(), &heart),
                Outcome::Late(rtt) => heart.late(rtt.into()),
            }
            assert!(heart.is_valid());
            assert!(heart.timeout() > Duration::ZERO);
            let snapshot = heart.snapshot();
            assert!(snapshot.fluctuation.is_finite() && (0.0..=1.0).contains(&snapshot.loss));
            if let Some(bound) = config.bound() {
                assert!(snapshot.plan.bound() >= bound);
            }
        }
    }
}

/// Law 1, steady intervals: within the limits whatever was fed in.
fn check_steady<P: Pacing>(config: &Config<P>, interval: &Duration, heart: &Heartbeat<8, P>) {
    let suspect = heart.verdict() == Verdict::Suspect; // answered, though too long ago
    assert!(*interval <= config.interval_max().max(config.timeout_max()));
    assert!(suspect || *interval >= config.interval_min() && *interval <= config.interval_max());
}

/// Law 1, retries: at most the interval, except where the timeout is longer.
fn check_retry<P: Pacing>(config: &Config<P>, interval: &Duration, heart: &Heartbeat<8, P>) {
    let plan = heart.snapshot().plan;
    let most = config.interval_max().max(plan.timeout());
    assert!(*interval <= most && *interval > Duration::ZERO);
}

/// Any outcomes, fed to a machine without a clock.
pub fn heartbeat(bytes: &[u8]) {
    #[derive(Debug, Arbitrary)]
    struct Input {
        setup: Setup,
        outcomes: Vec<Outcome>,
    }
    if let Some(Input { setup, outcomes }) = input(bytes) {
        setup.run(Rounds(outcomes));
    }
}

struct Life {
    ops: Vec<Op>,
    stamps_late: bool,
}

impl Trial for Life {
    fn with<P: Pacing>(self, config: Config<P>) {
        let mut world = World::new(seeded(config));
        world.stamps_late = self.stamps_late;
        for op in &self.ops {
            world.apply(op);
        }
    }
}

/// Any operations, done to a machine with a clock.
pub fn monitor(bytes: &[u8]) {
    #[derive(Debug, Arbitrary)]
    struct Input {
        setup: Setup,
        stamps_late: bool,
        ops: Vec<Op>,
    }
    if let Some(Input {
        setup,
        stamps_late,
        ops,
    }) = input(bytes)
    {
        setup.run(Life { ops, stamps_late });
    }
}

/// What is configured of a listener, and what is done to it.
#[derive(Debug, Arbitrary)]
struct Listening {
    bound: Option<Span>,
    losses: u8,
    rise: u8,
    limits: Option<(Span, Span)>,
    interval: u32,
    tagged: bool,
    ops: Vec<beats::Op>,
}

impl Listening {
    fn config(&self) -> Result<ListenerConfig, ConfigError> {
        let config = ListenerConfig::new().losses(self.losses)?.rise(self.rise)?;
        let config = match self.bound {
            Some(bound) => config.detect_within(bound.into())?,
            None => config,
        };
        match self.limits {
            Some((least, most)) => config.intervals_between(least.into(), most.into()),
            None => Ok(config),
        }
    }
}

/// Any operations, done to a machine that listens.
pub fn listener(bytes: &[u8]) {
    let Some(life) = input::<Listening>(bytes) else {
        return;
    };
    match life.config() {
        Ok(config) => {
            let interval = Duration::from_micros(u64::from(life.interval).max(1));
            let mut world = beats::World::new(config, interval, life.tagged);
            for op in &life.ops {
                world.apply(op);
            }
        }
        Err(error) => assert_true(&error),
    }
}

/// Any bytes are one beat's encoding or are refused, plain and tagged; and no tag but the key's is taken.
pub fn wire(bytes: &[u8]) {
    match wire::decode(bytes) {
        Ok(beat) => assert_eq!(wire::encode(&beat).as_slice(), bytes),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(beat) = wire::open(bytes, &beats::KEY) {
        assert_eq!(wire::seal(&beat, &beats::KEY).as_slice(), bytes);
    }
    let Some(plain) = bytes.first_chunk::<{ wire::PLAIN }>() else {
        return;
    };
    let tagged = [plain.as_slice(), &beats::KEY.tag(plain)].concat();
    if let Ok(beat) = wire::open(&tagged, &beats::KEY) {
        assert!(beat.is_authentic());
        assert_eq!(wire::seal(&beat, &beats::KEY).as_slice(), tagged);
        assert!(wire::open(&tagged, &beats::Key(7)).is_err());
    }
}

/// Any file is a list of distinct peers, or refused with one of its lines.
pub fn hosts(bytes: &[u8]) {
    let lines = bytes.split(|&byte| byte == b'\n').count();
    match hosts::parse(bytes) {
        Ok(peers) => {
            assert!(!peers.is_empty());
            assert!(peers.is_sorted_by_key(|&(line, _)| line));
            assert!(
                peers
                    .iter()
                    .all(|(line, host)| *line <= lines && host.port > 0)
            );
        }
        Err(hosts::HostsError::Nobody) => {}
        Err(error) => {
            let said = error.to_string();
            let line = said.split(':').next().and_then(|line| line.parse().ok());
            assert!(
                line.is_some_and(|line: usize| line >= 1 && line <= lines),
                "{said}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    /// The targets on random bytes: a smoke test on any toolchain, and no substitute for coverage.
    fn smoke(target: fn(&[u8])) {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut bytes = [0_u8; 512];
        for round in 0..20_000 {
            for byte in &mut bytes {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                *byte = (state >> 32) as u8;
            }
            target(&bytes[..64 + round % 448]);
        }
    }

    #[test]
    fn any_file_is_a_list_of_peers_or_refused() {
        smoke(super::hosts);
    }

    #[test]
    fn any_configuration_is_refused_or_works() {
        smoke(super::config);
    }

    #[test]
    fn any_outcomes_leave_a_heartbeat_valid() {
        smoke(super::heartbeat);
    }

    #[test]
    fn any_operations_leave_a_listener_valid() {
        smoke(super::listener);
    }

    #[test]
    fn any_bytes_are_a_beat_or_refused() {
        smoke(super::wire);
    }

    #[test]
    fn any_operations_leave_a_monitor_valid() {
        smoke(super::monitor);
    }
}
