//! `Heartbeat`, a million times: every configuration, steady and unsteady paths, losses, late answers.

use core::hash::{Hash, Hasher};
use core::time::Duration;

use systole::{Config, ConfigError, Heartbeat, Retries, Snapshot};

use crate::digest::Digest;
use crate::random::Random;

/// How long a configuration lasts, in steps.
const LIFE: u32 = 4_096;

/// The digest of `steps` calls and of what was known after each.
#[must_use]
pub fn run(steps: u32) -> u64 {
    let mut random = Random::new(0x0005_ea7e);
    let mut digest = Digest::new();
    let mut heart = Heartbeat::<32>::with_window(config(&mut random));
    let mut magnitude = 12;
    for step in 1..=steps {
        if random.below(64) == 0 {
            magnitude = random.below(32);
        }
        let rtt = Duration::from_micros(u64::from(random.bits() >> magnitude));
        match random.below(32) {
            0..24 => heart.next_interval(rtt).hash(&mut digest),
            24..30 => heart.missed().hash(&mut digest),
            _ => heart.late(rtt),
        }
        heart.verdict().hash(&mut digest);
        heart.timeout().hash(&mut digest);
        heart.level().hash(&mut digest);
        if step % 256 == 0 {
            take(&heart.snapshot(), &mut digest);
        }
        if step % LIFE == 0 {
            heart = Heartbeat::with_window(config(&mut random));
        }
    }
    digest.finish()
}

/// A configuration that somebody might state.
pub(crate) fn config(random: &mut Random) -> Config {
    loop {
        if let Ok(config) = candidate(random) {
            return config;
        }
    }
}

fn candidate(random: &mut Random) -> Result<Config, ConfigError> {
    let base = Duration::from_micros(u64::from(random.span()));
    let retries = [Retries::fixed, Retries::exponential, Retries::closing];
    let spacing = retries[usize::from(random.byte(3))];
    let config = Config::every(base)
        .gain_percent(u16::from(random.byte(251)) * 4)
        .jitter_percent(random.byte(51))
        .rise(1 + random.byte(3))
        .seed(u64::from(random.bits()) << 32 | u64::from(random.bits()))
        .build()?;
    let config = config
        .into_builder()
        .retries(spacing(random.byte(6)))
        .build()
        .unwrap_or(config);
    match random.below(3) {
        0 => Ok(config),
        1 => config
            .into_builder()
            .detect_within(base.saturating_mul(2 + random.below(8)))
            .build(),
        _ => limits(config, random),
    }
}

fn limits(config: Config, random: &mut Random) -> Result<Config, ConfigError> {
    let [a, b, c] = [random.span(), random.span(), random.span()].map(u64::from);
    let (least, most) = (a.min(b), a.max(b));
    let first = c.clamp(least, most);
    config
        .into_builder()
        .timeouts(
            Duration::from_micros(first),
            Duration::from_micros(least),
            Duration::from_micros(most),
        )
        .build()
}

/// Takes in all of a snapshot, the bits of its fractions included.
pub(crate) fn take(snapshot: &Snapshot, digest: &mut Digest) {
    snapshot.verdict.hash(digest);
    snapshot.level.hash(digest);
    snapshot.plan.interval().hash(digest);
    snapshot.plan.timeout().hash(digest);
    snapshot.plan.bound().hash(digest);
    snapshot.samples.hash(digest);
    snapshot.mean.hash(digest);
    snapshot.standard_deviation.hash(digest);
    snapshot.smoothed.hash(digest);
    snapshot.fluctuation.to_bits().hash(digest);
    snapshot.loss.to_bits().hash(digest);
}
