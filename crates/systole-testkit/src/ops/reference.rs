//! The fluctuation rule in floating point, over two passes: slow, obvious, and with no code in common with the crate.

use core::time::Duration;

use systole::{Config, Heartbeat};

/// Two passes in floating point over the last `n` of `rtts`.
fn interval_by_two_passes(rtts: &[u32], n: usize, base: Duration, gain_percent: u16) -> f64 {
    let last = &rtts[rtts.len().saturating_sub(n)..];
    let count = last.len() as f64;
    let mean = last.iter().map(|&rtt| f64::from(rtt)).sum::<f64>() / count;
    let squares = last.iter().map(|&rtt| (f64::from(rtt) - mean).powi(2));
    let deviation = (squares.sum::<f64>() / count).sqrt();
    let fluctuation = if mean > 0.0 { deviation / mean } else { 0.0 };
    base.as_secs_f64() * (1.0 + f64::from(gain_percent) / 100.0 * fluctuation)
}

/// A heartbeat's intervals are within 1e-4 of the reference, after any of `rtts` where the window is small.
pub fn follows_the_rule<const N: usize>(rtts: &[u32], base: Duration, gain_percent: u16) {
    let config = Config::every(base).gain_percent(gain_percent).build();
    let config = config
        .unwrap()
        .into_builder()
        .jitter_percent(0)
        .interval_between(us(1), us(1 << 40))
        .build()
        .unwrap();
    let mut heart = Heartbeat::<N>::with_window(config);
    for (index, &rtt) in rtts.iter().enumerate() {
        let found = heart.next_interval(us(rtt.into())).as_secs_f64();
        let seldom = N > 16 && index % 97 != 0 && index + 1 < rtts.len();
        if seldom {
            continue; // the reference takes O(N)
        }
        let exact = interval_by_two_passes(&rtts[..=index], N, base, gain_percent);
        let error = (found - exact).abs() / exact;
        assert!(
            error < 1e-4,
            "{found} against {exact} at {index}: {error:e}"
        );
    }
}

const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}
