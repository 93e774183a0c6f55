#![allow(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)] // figures of a test

use super::*;

/// Returns the outlook if lost probes are repeated so often that losses cause no mistakes.
fn outlook(silences: &Silences, usable: f32) -> Outlook {
    let path = PathShape {
        usable,
        lag: 0.0,
        timeout: 1e-9,
    };
    Outlook::new(silences, path)
}

#[test]
fn a_lost_probe_is_repeated_by_retries_or_by_the_next_steady_probes() {
    let path = |lag, timeout| PathShape {
        usable: 0.5,
        lag,
        timeout,
    };
    let near = |found: f32, expected: f32| assert!((found - expected).abs() < 0.01, "{found}");
    near(path(0.1, 0.14).repetitions(0.76), 1.0); // just once
    near(path(0.02, 0.04).repetitions(0.58), 6.16); // growing waits
    near(path(0.5, 0.54).repetitions(0.1), 4.0); // four more intervals
    near(path(0.9, 0.93).repetitions(0.2), 0.0); // no time is left
}

/// With a loss of 5 % and three repetitions, the probability is 0.05^4 per interval.
#[test]
fn a_mistake_requires_that_all_probes_in_time_are_lost() {
    let mut silences = Silences::NEW;
    for k in 0..1_000 {
        silences.add(0, 1_000, 20_000);
        if k % 20 == 0 {
            silences.add_lost();
        }
    }
    let path = PathShape {
        usable: 0.96 * 0.16 / SHORTEST / 16.0,
        lag: 0.2,
        timeout: 0.24,
    };
    let free = PathShape {
        timeout: 1e-9,
        ..path
    };
    let by_loss = |k: usize| {
        let at = |path| Outlook::new(&silences, path).excess.get(k).copied();
        at(path).unwrap() - at(free).unwrap()
    };
    let mut interval = SHORTEST * path.usable;
    for k in 0..STEPS {
        let times = 1.0 + path.repetitions(interval);
        let chance = libm::powf(silences.loss(), times) / interval;
        let off = (by_loss(k) - chance).abs();
        assert!(off < 1e-3 * chance + 1e-6, "{k}: {} {chance}", by_loss(k));
        interval *= STEP;
    }
}

#[test]
fn the_silences_of_a_new_path_are_assumed_to_follow_a_power_law() {
    let outlook = outlook(&Silences::NEW, 0.96);
    // The excess is (1 / (u (u - eta)) - 1) N(1), with u = 0.96 usable, so the cheapest eta has
    // a closed form.
    let (usable, floor) = (0.96, 1.0 / 4_096.0);
    for worth in [1_000.0, 9_600.0, 100_000.0] {
        let exact = usable / (1.0 + libm::sqrtf(worth * floor / usable));
        let choice = outlook.choose(worth, 0.0);
        let off = choice.interval / exact;
        assert!((1.0 / STEP..STEP).contains(&off), "{exact}: {choice:?}");
        assert!((choice.floor / floor - 1.0).abs() < 0.01, "{choice:?}");
    }
}

#[test]
fn a_clean_path_is_probed_rarely_and_a_path_with_long_silences_often() {
    let path = |long: u32| {
        let mut silences = Silences::NEW;
        for k in 0..20_000_u32 {
            // Probes fall anywhere into a silence of 0.6 bounds, so the rest that follows them
            // is spread evenly.
            let phase = u64::from(k % 2_000);
            let length = if phase < u64::from(long) {
                30 + 60 * phase
            } else {
                10
            };
            silences.add(length, 1_000, 20_000);
        }
        outlook(&silences, 0.96).choose(3_000.0, 0.0)
    };
    let (clean, bad) = (path(0), path(10));
    assert!(clean.interval > 0.6, "{clean:?}");
    // No silence is longer than 0.6 bounds. So an interval of 0.96 - 0.6 avoids them all, and a
    // longer one costs more in mistakes than it saves.
    assert!(
        (0.36 / STEP..0.36 * STEP).contains(&bad.interval),
        "{bad:?}"
    );
    assert!(clean.cost < bad.cost);
    assert!(clean.excess < bad.excess);
}

/// No silence is shorter than the round trip, so empty bins below it are no evidence that
/// longer silences are rare.
#[test]
fn the_assumption_begins_at_the_shortest_counted_silence() {
    let path = |length_us: u64| {
        let mut silences = Silences::NEW;
        for _ in 0..1_000 {
            silences.add(length_us, 1_000_000, 30_000);
        }
        masses(&silences)
    };
    let [longest, ..] = path(100_000); // in the fourth bin
    let expected = PRIOR / (PRIOR / DECLINE + 1_000.0);
    let third = expected * DECLINE;
    let second = PRIOR / (PRIOR / third + 1_000.0) * DECLINE;
    let first = PRIOR / (PRIOR / second + 1_000.0);
    assert!((longest / first - 1.0).abs() < 1e-3, "{longest} {first}");
}

#[test]
fn the_integral_of_a_power_law_is_exact() {
    let n = |y: f32| 1.0 / (y * y);
    let exact = 1.0 / 0.3 - 1.0 / 0.9;
    assert!((under(0.9, n(0.9), 0.3, n(0.3), -2.0) - exact).abs() < 1e-4);
}

#[test]
fn over_a_short_range_the_trapezoid_is_as_good_as_the_integral() {
    let exact = libm::logf(1.1); // of 1/y
    let found = under(0.55, 1.0 / 0.55, 0.5, 1.0 / 0.5, -1.0);
    assert!((found / exact - 1.0).abs() < 2e-3, "{found} {exact}");
}

/// Returns log2 N as the documentation describes it: linear from middle to middle of the bins,
/// and beyond the last ones.
// The number is small and not negative.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn log2_rate(masses: &[f32; BINS], length: f64) -> f64 {
    let at = -libm::log2(length) - 0.5;
    let bin = (at.max(0.0) as usize).min(BINS - 2);
    let log2 = |bin: usize| libm::log2(f64::from(masses[bin])) + bin as f64 + 1.0;
    log2(bin) + (log2(bin + 1) - log2(bin)) * (at - bin as f64)
}

/// Returns the mean of N over the last `interval` before `usable`, in a thousand steps.
fn mean_rate(masses: &[f32; BINS], usable: f64, interval: f64) -> f64 {
    let at = |k: i32| usable - interval * (f64::from(k) + 0.5) / 1_000.0;
    let rate = |k| libm::exp2(log2_rate(masses, at(k)));
    (0..1_000).map(rate).sum::<f64>() / 1_000.0
}

#[cfg_attr(miri, ignore = "a reference in thousands of steps")]
#[test]
fn the_excess_is_the_mean_rate_less_the_floor() {
    let mut silences = Silences::NEW;
    for k in 1..5_000_u64 {
        silences.add(100_000_000 / (k * k), 1_000, 20_000);
        silences.add(1_000 / k, 1_000, 20_000);
    }
    let masses = masses(&silences);
    for usable in [0.96_f64, 0.8] {
        let outlook = outlook(&silences, usable as f32);
        let floor = libm::exp2(log2_rate(&masses, 1.0));
        assert!((f64::from(outlook.floor) / floor - 1.0).abs() < 1e-3);
        let mut interval = f64::from(SHORTEST) * usable;
        for excess in outlook.excess {
            if interval < usable - 0.01 {
                let mean = mean_rate(&masses, usable, interval);
                let off = f64::from(excess + outlook.floor) / mean;
                assert!((off - 1.0).abs() < 0.03, "{interval}: {off}");
            }
            interval *= f64::from(STEP);
        }
    }
}

/// Every second probe is followed by an episode, whose retries add to the cost.
#[test]
fn retries_add_to_the_cost() {
    let mut silences = Silences::NEW;
    for k in 0..1_000 {
        silences.add(300 - 299 * (k % 2), 1_000, 20_000);
    }
    let choice = outlook(&silences, 0.96).choose(10.0, 0.0);
    let [first, second, third, fourth, ..] = masses(&silences);
    let retries = 6.0 * first + 3.5 * second + 2.0 * third + 0.8 * fourth;
    let off = choice.cost * choice.interval / (1.0 + retries);
    assert!((off - 1.0).abs() < 1e-6, "{off} {retries}");
}

#[test]
fn the_shortest_allowed_interval_is_accepted() {
    let outlook = outlook(&Silences::NEW, 0.96);
    let dear = |least| outlook.choose(1e9, least).interval.to_bits();
    let shortest = SHORTEST * 0.96;
    assert_eq!(dear(shortest), shortest.to_bits());
    assert_eq!(dear(shortest * 1.01), (shortest * STEP).to_bits());
}
