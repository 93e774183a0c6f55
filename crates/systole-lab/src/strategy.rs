//! Strategies for [`proptest`](mod@proptest): networks and traces for testing the settings of a
//! detector.
//!
//! A property of custom settings takes five lines. This one states that every crash on any network
//! is detected within the bound:
//!
//! ```
//! use core::time::Duration;
//! use proptest::prelude::*;
//! use systole::{Config, Monitor};
//! use systole_lab::{CrashTest, strategy};
//!
//! # fn main() -> Result<(), systole::ConfigError> {
//! let bound = Duration::from_secs(3);
//! let mine = Config::every(Duration::from_secs(1)).detect_within(bound).seed(7).build()?;
//! proptest!(ProptestConfig::with_cases(16), |(network in strategy::network())| {
//!     let times = CrashTest::new(20).run(&network, |start| Monitor::new(mine, start).ok());
//!     prop_assert_eq!(times.violations(bound), 0);
//! });
//! # Ok(()) }
//! ```
//!
//! [`config`] serves the opposite purpose: it tests code around a monitor with any configuration
//! that users may choose.
//!
//! The strategies shrink towards short and steady networks: fewer stretches, no loss, a round trip
//! of a millisecond.

use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use proptest::prelude::*;

use super::network::{
    ClusteredOutages, Constant, Diurnal, Drift, GilbertElliott, HeavyTail, Lognormal, Outage,
    Queue, RttStep, Synthetic,
};
use super::trace::{Row, Trace};
use systole::{Config, Instant, Retries};

/// Returns synthetic networks of two to twenty minutes: a lognormal round trip of 1 ms to 1 s, and
/// any of burst loss, a heavy tail, an outage, outages in clusters, a queue, a step and a drift of
/// the round trip, and a load that rises and falls.
pub fn network() -> impl Strategy<Value = Synthetic> {
    let body = (millis(1..1_000), 0.0..1.0_f64, any::<u64>());
    let faults = (
        maybe(bursts()),
        maybe(tail()),
        maybe(outage()),
        maybe(queue()),
        maybe(step()),
        patterns(),
    );
    (120..1_200_u64, body, faults).prop_map(|(seconds, (median, sigma, seed), faults)| {
        let (bursts, tail, outage, queue, step, (clusters, drift, day)) = faults;
        let network =
            Synthetic::new(Duration::from_secs(seconds)).with(Lognormal::new(median, sigma, seed));
        let network = add(add(network, tail), step);
        let network = add(add(add(network, drift), day), clusters);
        add(add(add(network, queue), bursts), outage)
    })
}

/// Patterns over minutes, as far as they show in a network of twenty.
fn patterns() -> impl Strategy<Value = (Option<ClusteredOutages>, Option<Drift>, Option<Diurnal>)> {
    (maybe(clusters()), maybe(drift()), maybe(day()))
}

/// Returns outages of up to 20 s that come in clusters.
pub fn clusters() -> impl Strategy<Value = ClusteredOutages> {
    let means = (
        millis(10_000..600_000),
        millis(1_000..60_000),
        millis(100..10_000),
        millis(100..20_000),
    );
    (means, any::<u64>()).prop_map(|((quiet, episode, pause, outage), seed)| {
        ClusteredOutages::new(
            [quiet, episode, pause, outage],
            Duration::from_secs(1_200),
            seed,
        )
    })
}

/// Returns a round trip that grows to at most seven times its length in twenty minutes, or shrinks.
pub fn drift() -> impl Strategy<Value = Drift> {
    (-2.0..18.0_f64).prop_map(|per_hour| Drift { per_hour })
}

/// Returns a load with a period of one to twenty minutes, up to 2 s of delay and a third of loss.
pub fn day() -> impl Strategy<Value = Diurnal> {
    let load = (millis(60_000..1_200_000), millis(0..2_000), 0.0..0.33_f64);
    (load, any::<u64>()).prop_map(|((period, delay, loss), seed)| Diurnal {
        period,
        delay,
        loss,
        seed,
    })
}

/// Returns networks that do not change: a steady round trip, and independent loss of at most a
/// tenth.
pub fn calm_network() -> impl Strategy<Value = Synthetic> {
    (millis(1..200), 0.0..0.1_f64, any::<u64>()).prop_map(|(rtt, loss, seed)| {
        Synthetic::new(Duration::from_secs(600))
            .with(Constant(rtt))
            .with(super::network::Bernoulli::new(loss, seed))
    })
}

/// Returns seeded configurations of the fluctuation rule: an interval of 10 ms to 30 s, up to 8
/// retries of any spacing, and a bound on detection time if one that fits is drawn.
pub fn config() -> impl Strategy<Value = Config> {
    let shape = (millis(10..30_000), 0..=100_u16, 0..=50_u8, 1..=u64::MAX);
    let verdict = (retries(), 1..4_u8, maybe(2.0..20.0_f64), any::<bool>());
    (shape, verdict).prop_filter_map("what fits together", |(shape, verdict)| {
        let (base, gain, jitter, seed) = shape;
        let (retries, rise, bound, max_in_flight) = verdict;
        let mut config = Config::every(base)
            .gain_percent(gain)
            .jitter_percent(jitter)
            .seed(seed)
            .retries(retries)
            .rise(rise);
        if max_in_flight {
            config = config.without_initial_delay();
        }
        if let Some(intervals) = bound {
            config = config.detect_within(base.mul_f64(intervals));
        }
        config.build().ok()
    })
}

fn retries() -> impl Strategy<Value = Retries> {
    let spacing = [Retries::fixed, Retries::exponential, Retries::closing];
    (0..=8_u8, proptest::sample::select(spacing.to_vec())).prop_map(|(count, of)| of(count))
}

/// Returns traces of up to 40 stretches, each steady, lossy, dead or with a queue that drains, with
/// joints at some of them.
pub fn trace() -> impl Strategy<Value = Trace> {
    let stretches = proptest::collection::vec(stretch(), 1..40);
    (stretches, 10..1_000_u64).prop_filter_map("a trace has rows", |(stretches, spacing_ms)| {
        let (rtts, joints) = lay_out(&stretches);
        let rows = (0..).zip(rtts).map(|(i, rtt)| Row {
            sent: Instant::from_millis(i * spacing_ms),
            rtt,
        });
        Trace::from_rows(rows)
            .ok()
            .map(|trace| trace.with_joints(joints))
    })
}

fn millis(range: Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn maybe<S: Strategy>(fault: S) -> impl Strategy<Value = Option<S::Value>> {
    proptest::option::weighted(0.4, fault)
}

fn add(network: Synthetic, layer: Option<impl super::network::Layer + 'static>) -> Synthetic {
    match layer {
        Some(layer) => network.with(layer),
        None => network,
    }
}

fn bursts() -> impl Strategy<Value = GilbertElliott> {
    let length = Duration::from_secs(1_200);
    (
        millis(1_000..120_000),
        millis(10..5_000),
        0.0..0.05_f64,
        0.3..1.0_f64,
        any::<u64>(),
    )
        .prop_map(move |(good, bad, background, burst, seed)| {
            GilbertElliott::new(good, bad, length, seed).with_loss(background, burst)
        })
}

fn tail() -> impl Strategy<Value = HeavyTail> {
    (0.0..0.1_f64, millis(1..2_000), 0.8..3.0_f64, any::<u64>())
        .prop_map(|(chance, least, exponent, seed)| HeavyTail::new(chance, least, exponent, seed))
}

fn outage() -> impl Strategy<Value = Outage> {
    (moment(), millis(100..90_000)).prop_map(|(from, length)| Outage::once(from, length))
}

fn queue() -> impl Strategy<Value = Queue> {
    (moment(), millis(0..10_000), millis(100..30_000))
        .prop_map(|(from, build, peak)| Queue::once(from, build, peak))
}

fn step() -> impl Strategy<Value = RttStep> {
    (moment(), 0.1..10.0_f64).prop_map(|(at, factor)| RttStep { at, factor })
}

fn moment() -> impl Strategy<Value = Instant> {
    (0..1_000_000_u64).prop_map(Instant::from_millis)
}

/// A part of a trace: a number of rows, all with the same round trip, or lost, or with round trips
/// that fall from row to row.
#[derive(Clone, Debug)]
enum Stretch {
    Calm { rows: usize, rtt_us: u64 },
    Dead { rows: usize },
    Draining { rows: usize, peak_us: u64 },
    Joint,
}

fn stretch() -> impl Strategy<Value = Stretch> {
    let calm = (1..60_usize, 1_000..2_000_000_u64)
        .prop_map(|(rows, rtt_us)| Stretch::Calm { rows, rtt_us });
    let dead = (1..40_usize).prop_map(|rows| Stretch::Dead { rows });
    let draining = (1..60_usize, 1_000..30_000_000_u64)
        .prop_map(|(rows, peak_us)| Stretch::Draining { rows, peak_us });
    prop_oneof![4 => calm, 2 => dead, 1 => draining, 1 => Just(Stretch::Joint)]
}

fn lay_out(stretches: &[Stretch]) -> (Vec<Option<Duration>>, Vec<usize>) {
    let mut rtts = Vec::new();
    let mut joints = Vec::new();
    for stretch in stretches {
        match *stretch {
            Stretch::Calm { rows, rtt_us } => {
                rtts.extend((0..rows).map(|_| Some(Duration::from_micros(rtt_us))));
            }
            Stretch::Dead { rows } => rtts.extend((0..rows).map(|_| None)),
            Stretch::Draining { rows, peak_us } => rtts.extend(draining(rows as u64, peak_us)),
            Stretch::Joint => joints.push(rtts.len()),
        }
    }
    (rtts, joints)
}

fn draining(rows: u64, peak_us: u64) -> impl Iterator<Item = Option<Duration>> {
    (0..rows).map(move |i| Some(Duration::from_micros(peak_us * (rows - i) / rows)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CrashTest, Network};
    use systole::Monitor;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_trace_survives_writing_and_reading(trace in trace()) {
            let mut text = Vec::new();
            trace.write(&mut text).unwrap();
            let again = Trace::read(text.as_slice()).unwrap();
            prop_assert!(again.rows().eq(trace.rows()));
            prop_assert_eq!(again.joints(), trace.joints());
        }

        /// Law 3 on any path: the bound that is in force is kept.
        #[test]
        fn any_configuration_keeps_its_bound(config in config(), network in network()) {
            let Some(bound) = config.stated_bound() else { return Ok(()) };
            let times = CrashTest::new(5).run(&network, |start| Monitor::<16>::with_window(config, start).ok());
            prop_assert_eq!(times.violations(bound), 0, "{:?} of {:?}", times.max(), bound);
        }

        #[test]
        fn a_network_answers_the_same_in_any_order(network in network(), at in any::<[u32; 8]>()) {
            let ask = |us: u32| network.answer(Instant::from_micros(us.into()));
            let forwards: Vec<_> = at.into_iter().map(ask).collect();
            let mut backwards: Vec<_> = at.into_iter().rev().map(ask).collect();
            backwards.reverse();
            prop_assert_eq!(forwards, backwards);
        }
    }
}
