//! Named synthetic networks, to test a detector without a recording.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Bernoulli, GilbertElliott, HeavyTail, Lognormal, Outage, Stalls, Synthetic};
use systole::Instant;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Returns six networks of this length, from a wired office to the edge of radio coverage, each
/// drawn from `seed`.
///
/// Their best intervals at one detection bound differ widely, so no constant suits all of them.
///
/// ```
/// use core::time::Duration;
/// use systole_lab::{Case, network::gallery};
///
/// for (name, network) in gallery(Duration::from_secs(600), 1) {
///     let case = Case::new(name, network, Duration::from_secs(10));
///     assert!(case.floor().len() < 10, "{name}");
/// }
/// ```
#[must_use]
pub fn gallery(length: Duration, seed: u64) -> Vec<(&'static str, Synthetic)> {
    vec![
        ("wired office", wired(length, seed)),
        ("wireless home", wireless(length, seed)),
        ("lossy but memoryless", memoryless(length, seed)),
        ("satellite", satellite(length, seed)),
        ("driving", driving(length, seed)),
        ("edge of coverage", edge(length, seed)),
    ]
}

/// A millisecond, almost no loss, and a switch that restarts for 20 s three times a day.
fn wired(length: Duration, seed: u64) -> Synthetic {
    let restart = Outage::once(Instant::from_secs(3_600), ms(20_000));
    let restart = restart.at_random(ms(8 * 3_600_000), length, seed ^ 2);
    let body = Lognormal::new(ms(1), 0.1, seed);
    Synthetic::new(length)
        .with(body)
        .with(Bernoulli::new(1e-4, seed ^ 1))
        .with(restart)
}

/// A few milliseconds with a tail, and losses in bursts of a quarter of a second.
fn wireless(length: Duration, seed: u64) -> Synthetic {
    let bursts = GilbertElliott::new(ms(20_000), ms(250), length, seed ^ 2).with_loss(0.002, 0.8);
    let tail = HeavyTail::new(0.02, ms(20), 1.5, seed ^ 1);
    Synthetic::new(length)
        .with(Lognormal::new(ms(5), 0.5, seed))
        .with(tail)
        .with(bursts)
}

/// A fifth of all probes is lost, each independently, as Chen's analysis assumes.
fn memoryless(length: Duration, seed: u64) -> Synthetic {
    Synthetic::new(length)
        .with(Lognormal::new(ms(80), 0.3, seed))
        .with(Bernoulli::new(0.2, seed ^ 1))
}

/// Long round trips, a hand-over every 15 s that loses everything for a tenth of a second, and rare
/// silences of seconds.
fn satellite(length: Duration, seed: u64) -> Synthetic {
    let handover = Outage::once(Instant::from_secs(7), ms(100)).every(ms(15_000));
    let silences = Stalls::new(ms(900_000), ms(1_000), 1.2, length, seed ^ 1);
    Synthetic::new(length)
        .with(Lognormal::new(ms(600), 0.15, seed))
        .with(handover)
        .with(silences)
}

/// Silences of 200 ms and longer in which everything is lost, one a minute.
fn driving(length: Duration, seed: u64) -> Synthetic {
    let silences = Stalls::new(ms(60_000), ms(200), 1.1, length, seed ^ 2);
    let tail = HeavyTail::new(0.01, ms(100), 1.3, seed ^ 1);
    Synthetic::new(length)
        .with(Lognormal::new(ms(50), 0.4, seed))
        .with(tail)
        .with(silences)
}

/// Queues of seconds, one every half minute, which lose nothing and delay everything.
fn edge(length: Duration, seed: u64) -> Synthetic {
    let queues = Stalls::new(ms(30_000), ms(1_000), 1.0, length, seed ^ 1).waiting();
    Synthetic::new(length)
        .with(Lognormal::new(ms(40), 0.6, seed))
        .with(queues)
}
