//! Settings that are read at run time, as the images in C read theirs. An image uses one of them.
#![allow(dead_code)]

use core::hint::black_box;
use core::time::Duration;
use systole::pacing::Target;
use systole::{Config, ConfigError, Instant, Retries, Sender, lease, listener};

/// A span that the compiler does not know.
pub fn span(us: u64) -> Duration {
    Instant::from_micros(black_box(us)).saturating_duration_since(Instant::ZERO)
}

/// A configuration of which nothing is known before the device runs.
pub fn config() -> Result<Config, ConfigError> {
    let every = Config::every(span(5_000_000));
    let policy = if black_box(true) {
        every.gain_percent(black_box(100))
    } else {
        let config = every.gain_percent(0).build()?;
        let most = span(5_000_000);
        config
            .into_builder()
            .interval_between(config.interval_min(), most)
    };
    let retries = match black_box(2) {
        1 => Retries::fixed,
        2 => Retries::exponential,
        _ => Retries::closing,
    };
    let mut builder = policy
        .interval_between(span(4_500_000), span(20_000_000))
        .timeouts(span(2_000_000), span(500_000), span(60_000_000))
        .retries(retries(black_box(2)))
        .jitter_percent(black_box(10))
        .rise(black_box(1))
        .report_pauses_over(span(1_000_000));
    if black_box(0) != 0_u64 {
        builder = builder.detect_within(span(0));
    }
    if black_box(0) != 0_u64 {
        builder = builder.seed(black_box(0));
    }
    if black_box(0) != 0_u8 {
        builder = builder.dead_after_refusals(black_box(0));
    }
    if black_box(false) {
        builder = builder.without_initial_delay();
    }
    builder.build()
}

/// A planner of which nothing is known before the device runs.
pub fn target() -> Result<Config<Target>, ConfigError> {
    let mut builder = Config::target(span(10_000_000))
        .jitter_percent(black_box(10))
        .rise(black_box(1))
        .report_pauses_over(span(1_000_000))
        .mistakes_at_most_one_per(span(7 * 86_400_000_000));
    if black_box(0) != 0_u32 {
        builder = builder.probes_at_most(black_box(0));
    }
    if black_box(7) != 0_u64 {
        builder = builder.seed(black_box(7));
    }
    if black_box(0) != 0_u8 {
        builder = builder.dead_after_refusals(black_box(0));
    }
    if black_box(false) {
        builder = builder.without_initial_delay();
    }
    builder.build()
}

/// A listener of whose peer nothing is known before the device runs.
pub fn listener() -> Result<listener::Config, ConfigError> {
    let mut builder = listener::Config::builder()
        .intervals_between(span(1_000), span(3_600_000_000))
        .report_pauses_over(span(1_000_000))
        .incarnations_from(black_box(0))
        .losses(black_box(3))
        .rise(black_box(1));
    if black_box(1) != 0_u64 {
        builder = builder.detect_within(span(5_000_000));
    }
    if black_box(0) != 0_u64 {
        builder = builder.first_within(span(0));
    }
    if black_box(false) {
        builder = builder.authenticated();
    }
    builder.build()
}

/// A lease of whose server nothing is known before the device runs.
pub fn lease() -> Result<lease::Config, ConfigError> {
    let mut builder = lease::Config::renewed(span(10_000_000))
        .drift_ppm(black_box(1_000))
        .resolution(span(1_000))
        .stop_within(span(0))
        .jitter_percent(black_box(10))
        .seed(black_box(7));
    if black_box(0) != 0_u64 {
        builder = builder.lapses_at_most_one_per(span(0));
    }
    if black_box(0) != 0_u64 {
        builder = builder.send_within(span(0));
    }
    builder.build()
}

/// A sender of which nothing is known before the device runs.
pub fn sender() -> Result<Sender, ConfigError> {
    let sender = Sender::new(span(1_000_000), black_box(7), Instant::ZERO)?;
    let sender = sender.losses(black_box(3))?;
    Ok(match black_box(0) {
        0 => sender,
        seed => sender.spread(seed),
    })
}
