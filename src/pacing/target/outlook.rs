//! From counted silences to intervals: how often a live peer would be called dead, and what it is worth to avoid it.
//!
//! All lengths are shares of the bound D. N(y) is the rate of silences longer than y. At interval eta and bound D a mistake
//! needs a silence longer than D less the time since the last answered probe, which is uniform in [0, eta]: the rate is the mean of N over
//! [D - eta, D]. What shorter intervals can avoid of it is that less N(D), the *excess*.

use core::f32::consts::LN_2;

use libm::{expf, log2f};

use super::silences::{BINS, ONE, Silences};

/// How many silences' worth the assumption about a bin weighs against what was counted in it. 0.5 to 3 are within the noise.
const PRIOR: f32 = 1.0;
/// What a bin is assumed to hold of the next shorter one: a power law of exponent 2. Fitted; 1.6 to 2.2 are within the noise.
const DECLINE: f32 = 0.5;
/// Intervals that are tried: from 1/20 of the bound, by 11.4 %, to 93 %, where the timeout of 7 % begins.
pub(super) const STEPS: usize = 28;
const SHORTEST: f32 = 0.05;
const STEP: f32 = 1.114_343;

/// Expected mistakes by interval, in bounds.
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) struct Outlook {
    excess: [f32; STEPS],
    /// Mistakes that no interval avoids.
    floor: f32,
    /// Retries a steady probe sets off.
    retries: f32,
}

/// An interval, and what it comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) interval: f32,
    /// Avoidable mistakes a bound.
    pub(super) excess: f32,
    /// Unavoidable ones.
    pub(super) floor: f32,
    /// Probes a bound, retries included.
    pub(super) cost: f32,
}

/// Retries sent by a silence in each of the longest bins, at the first waits of 7 % of the bound.
const RETRIES: [f32; 4] = [6.0, 3.5, 2.0, 0.8];

impl Outlook {
    /// What `silences` say of a bound whose last `margin` cannot be used, and whose last `lag` is the way of an answer.
    pub(super) fn new(silences: &Silences, margin: f32, lag: f32) -> Self {
        let masses = masses(silences);
        let density = Density::new(&masses);
        let floor = density.at(Place::of(1.0 - lag));
        Self {
            excess: excess(&density, 1.0 - margin.max(lag), floor),
            floor,
            retries: masses.iter().zip(RETRIES).map(|(m, r)| m * r).sum(),
        }
    }

    /// The cheapest interval where a mistake is worth `worth` probes, none shorter than `least`.
    pub(super) fn choose(&self, worth: f32, least: f32) -> Choice {
        let mut best = (f32::INFINITY, SHORTEST, 0.0);
        let (mut interval, mut probes) = (SHORTEST, 1.0 / SHORTEST);
        for &excess in &self.excess {
            let cost = probes + worth * excess;
            if cost < best.0 || best.1 < least {
                best = (cost, interval, excess);
            }
            interval *= STEP;
            probes *= 1.0 / STEP;
        }
        let (_, interval, excess) = best;
        Choice {
            interval,
            excess,
            floor: self.floor,
            cost: (1.0 + self.retries) / interval,
        }
    }

    /// The longest interval with at most so many mistakes a bound, if there is one.
    pub(super) fn longest(&self, mistakes: f32) -> Option<f32> {
        let mut interval = SHORTEST;
        let mut longest = None;
        for &excess in &self.excess {
            if excess + self.floor <= mistakes {
                longest = Some(interval);
            }
            interval *= STEP;
        }
        longest
    }
}

/// The chance that the silence after a probe falls into each bin: from the shortest on, each bin is assumed to hold a share of the
/// next shorter one, and the assumption yields to what was counted. So the unseen tail is a power law anchored at the longest lengths
/// that were seen. Where probes were counted, it begins at the shortest length that was seen: that nothing is shorter than the round trip
/// says nothing of long silences.
fn masses(silences: &Silences) -> [f32; BINS] {
    let unit = 1.0 / (ONE as f32 * silences.unit());
    let probes = silences.probes() as f32;
    let mut masses = [0.0; BINS];
    let mut assumed: f32 = 1.0;
    let mut seen = silences.probes() == 0;
    let bins = masses.iter_mut().zip(silences.weights());
    for (mass, &weight) in bins.rev() {
        *mass = (PRIOR + weight as f32 * unit) / (PRIOR / assumed + probes);
        seen |= weight > 0;
        if seen {
            assumed = (*mass * DECLINE).min(1.0);
        }
    }
    masses
}

/// log2 N at the middle of each bin; straight in between, so N is a power law there.
struct Density([f32; BINS]);

impl Density {
    fn new(masses: &[f32; BINS]) -> Self {
        let mut logs = *masses;
        let mut inverse_width = 1.0;
        for log in &mut logs {
            *log = log2f(*log) + inverse_width;
            inverse_width += 1.0;
        }
        Self(logs)
    }

    fn log2_at(&self, place: Place) -> f32 {
        let at = |bin| self.0.get(bin).copied().unwrap_or_default();
        let here = at(place.bin);
        here + (at(place.bin + 1) - here) * place.part
    }

    fn at(&self, place: Place) -> f32 {
        power_of_two(self.log2_at(place))
    }
}

/// 2 to the `log2`. `libm`'s own works in double precision, which costs 2 KiB of flash where there is no unit for it.
fn power_of_two(log2: f32) -> f32 {
    expf(log2 * LN_2)
}

/// Where a length lies between the middles of two bins.
#[derive(Clone, Copy)]
struct Place {
    bin: usize,
    part: f32,
    length: f32,
    log2: f32,
}

impl Place {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small number, not negative
    fn of(length: f32) -> Self {
        let log2 = log2f(length);
        let at = -log2 - 0.5;
        let bin = at.max(0.0) as usize; // the last but one at most
        Self {
            bin,
            part: at - bin as f32,
            length,
            log2,
        }
    }
}

/// No length below this share of the bound matters.
const NEAREST: f32 = 2e-4;
const _: () = assert!(NEAREST > 1.73e-4, "the middle of the last bin is shorter");

/// The mean of N over `[usable - eta, usable]` less the floor, for each interval that is tried.
fn excess(density: &Density, usable: f32, floor: f32) -> [f32; STEPS] {
    let mut from = Place::of(usable);
    let mut log2 = density.log2_at(from);
    let (mut rate, mut sum, mut interval) = (power_of_two(log2), 0.0, SHORTEST);
    [(); STEPS].map(|()| {
        let to = Place::of((usable - interval).max(NEAREST));
        let to_log2 = density.log2_at(to);
        let to_rate = power_of_two(to_log2);
        let slope = (to_log2 - log2) / (to.log2 - from.log2).min(-1e-6);
        sum += under(from.length, rate, to.length, to_rate, slope);
        let mean = sum / interval;
        (from, log2, rate) = (to, to_log2, to_rate);
        interval *= STEP;
        (mean - floor).max(0.0)
    })
}

/// The integral of a power law with this `slope` from `(near, low)` to `(far, high)`.
fn under(far: f32, low: f32, near: f32, high: f32, slope: f32) -> f32 {
    let power = slope + 1.0;
    if power.abs() < 0.05 {
        return f32::midpoint(low, high) * (far - near);
    }
    (low * far - high * near) / power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_path_is_assumed_to_fail_as_a_power_law() {
        let outlook = Outlook::new(&Silences::NEW, 0.04, 0.0);
        // The excess is (1 / (u (u - eta)) - 1) N(1), with u = 0.96 usable: the cheapest eta can be written down.
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
    fn a_clean_path_is_asked_seldom_and_one_with_long_silences_often() {
        let path = |long: u32| {
            let mut silences = Silences::NEW;
            for k in 0..20_000_u32 {
                // Probes meet a silence of 0.6 bounds anywhere, so that what follows them is spread evenly.
                let phase = u64::from(k % 2_000);
                let length = if phase < u64::from(long) {
                    30 + 60 * phase
                } else {
                    10
                };
                silences.add(length, 1_000, 20_000);
            }
            Outlook::new(&silences, 0.04, 0.0).choose(3_000.0, 0.0)
        };
        let (clean, bad) = (path(0), path(10));
        assert!(clean.interval > 0.6, "{clean:?}");
        // No silence is longer than 0.6 bounds: 0.96 - 0.6 avoids them all, and longer intervals pay more than they save.
        assert!(
            (0.36 / STEP..0.36 * STEP).contains(&bad.interval),
            "{bad:?}"
        );
        assert!(clean.cost < bad.cost);
        assert!(clean.excess < bad.excess);
    }

    /// No silence is shorter than the round trip: empty bins below it are no evidence that longer ones are rare.
    #[test]
    fn the_assumption_begins_at_the_shortest_silence_seen() {
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
    fn over_a_short_way_a_steep_rate_is_as_good_as_straight() {
        let exact = libm::logf(1.1); // of 1/y
        let found = under(0.55, 1.0 / 0.55, 0.5, 1.0 / 0.5, -1.0);
        assert!((found / exact - 1.0).abs() < 2e-3, "{found} {exact}");
    }

    /// log2 N, by the description alone: straight from middle to middle of the bins, and beyond the last ones.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small number, not negative
    fn log2_rate(masses: &[f32; BINS], length: f64) -> f64 {
        let at = -libm::log2(length) - 0.5;
        let bin = (at.max(0.0) as usize).min(BINS - 2);
        let log2 = |bin: usize| libm::log2(f64::from(masses[bin])) + bin as f64 + 1.0;
        log2(bin) + (log2(bin + 1) - log2(bin)) * (at - bin as f64)
    }

    /// The mean of N over the last `interval` before `usable`, in a thousand steps.
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
        for margin in [0.04, 0.2] {
            let outlook = Outlook::new(&silences, margin, 0.0);
            let floor = libm::exp2(log2_rate(&masses, 1.0));
            assert!((f64::from(outlook.floor) / floor - 1.0).abs() < 1e-3);
            let mut interval = f64::from(SHORTEST);
            for excess in outlook.excess {
                let usable = 1.0 - f64::from(margin);
                if interval < usable - 0.01 {
                    let mean = mean_rate(&masses, usable, interval);
                    let off = f64::from(excess + outlook.floor) / mean;
                    assert!((off - 1.0).abs() < 0.03, "{interval}: {off}");
                }
                interval *= f64::from(STEP);
            }
        }
    }

    /// Every second probe is followed by an episode: what it costs comes on top.
    #[test]
    fn retries_cost_as_well() {
        let mut silences = Silences::NEW;
        for k in 0..1_000 {
            silences.add(300 - 299 * (k % 2), 1_000, 20_000);
        }
        let choice = Outlook::new(&silences, 0.04, 0.0).choose(10.0, 0.0);
        let [first, second, third, fourth, ..] = masses(&silences);
        let retries = 6.0 * first + 3.5 * second + 2.0 * third + 0.8 * fourth;
        let off = choice.cost * choice.interval / (1.0 + retries);
        assert!((off - 1.0).abs() < 1e-6, "{off} {retries}");
    }

    #[test]
    fn the_shortest_interval_allowed_is_allowed() {
        let outlook = Outlook::new(&Silences::NEW, 0.04, 0.0);
        let dear = |least| outlook.choose(1e9, least).interval.to_bits();
        assert_eq!(dear(SHORTEST), SHORTEST.to_bits());
        assert_eq!(dear(SHORTEST * 1.01), (SHORTEST * STEP).to_bits());
    }
}
