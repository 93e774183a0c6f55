//! The outlook: how often a live peer would be called dead at each interval, computed from the
//! counted silences, and which interval is the cheapest.
//!
//! All lengths are shares of the bound D. N(y) is the rate of silences longer than y. At interval
//! eta, a mistake needs a silence longer than D minus the time since the last probe with a reply,
//! which is uniform in [0, eta]. So the rate of mistakes is the mean of N over [D - eta, D].
//! Shorter intervals can avoid the part of it above N(D), the *excess*. Independent losses add the
//! probability that a probe and all that could be sent after it in time are lost, once per
//! interval.

use super::exponent::{exp2, log2, rounded};
use super::silences::{BINS, ONE, Silences};

/// The weight of the assumption about a bin, in silences, against the counts. Values of 0.5 to 3
/// are within the noise.
const PRIOR: f32 = 1.0;
/// Where counts are so many times what was assumed, they outweigh the assumption: many silences of
/// medium length say nothing about long ones.
const DOUBT: f32 = 32.0;
/// The assumed ratio of a bin to the next shorter one: a power law of exponent 2. This was fitted;
/// exponents of 1.6 to 2.2 are within the noise.
const DECLINE: f32 = 0.5;
/// The number of intervals that are tried, from 1/20 of the longest usable one, in steps of 11.4 %,
/// to 97 % of it.
pub(super) const STEPS: usize = 28;
/// The shortest interval that is tried, as a part of the longest usable one.
const SHORTEST: f32 = 0.052;
/// The ratio of one interval to the next shorter one.
const STEP: f32 = 1.114_343;

/// The expected mistakes per bound, by interval.
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) struct Outlook {
    /// Mistakes that a shorter interval would avoid, by interval.
    excess: [f32; STEPS],
    /// Mistakes per bound that no interval avoids.
    floor: f32,
    /// Retries per steady probe.
    retries: f32,
    /// The shortest interval.
    shortest: f32,
}

/// An interval with its expected mistakes and cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) interval: f32,
    /// Avoidable mistakes per bound.
    pub(super) excess: f32,
    /// Unavoidable mistakes per bound.
    pub(super) floor: f32,
    /// Probes per bound, retries included.
    pub(super) cost: f32,
}

/// The time that the round trips of a path leave, in bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PathShape {
    /// The longest usable interval.
    pub(super) usable: f32,
    /// The usual round-trip time.
    pub(super) lag: f32,
    pub(super) timeout: f32,
}

impl PathShape {
    /// Returns how often a lost probe can be repeated in time: by retries, whose waits grow by
    /// half, or by the next steady probes, whichever is more.
    fn asked_again(&self, interval: f32) -> f32 {
        let left = (1.0 - self.lag - interval).max(0.0);
        let retries = 2.1 * log2(1.0 + left / self.timeout) - 1.1;
        retries.max(left / interval)
    }
}

/// Returns the avoidable mistakes at this interval, corrected for the assumption about long
/// silences, which understates them. With silences of exponential length, up to twice as many
/// mistakes as expected were found, in proportion to the interval.
pub(super) const fn not_understated(excess: f32, interval: f32) -> f32 {
    excess * (1.0 + interval)
}

/// The number of retries that a silence in each of the longest bins causes, where the first waits
/// are 7 % of the bound.
const RETRIES: [f32; 4] = [6.0, 3.5, 2.0, 0.8];

impl Outlook {
    /// Computes the outlook from `silences` and the round trips of the path.
    pub(super) fn new(silences: &Silences, path: PathShape) -> Self {
        let masses = masses(silences);
        let density = Density::new(&masses);
        let floor = density.at(Place::of(1.0 - path.lag));
        let mut excess = excess(&density, path.usable, floor);
        let log2_loss = log2(silences.loss());
        let mut interval = SHORTEST * path.usable;
        for mistakes in &mut excess {
            let times = 1.0 + path.asked_again(interval);
            *mistakes += exp2(times * log2_loss) / interval;
            interval *= STEP;
        }
        Self {
            excess,
            shortest: SHORTEST * path.usable,
            floor,
            retries: masses.iter().zip(RETRIES).map(|(m, r)| m * r).sum(),
        }
    }

    /// Returns the cheapest interval that is not shorter than `least`, where a mistake costs as
    /// much as `worth` probes. If `least` is longer than every usable interval, each probe may lead
    /// to a mistake.
    pub(super) fn choose(&self, worth: f32, least: f32) -> Choice {
        let mut best = (f32::INFINITY, self.shortest, 0.0);
        let (mut interval, mut probes) = (self.shortest, 1.0 / self.shortest);
        for &excess in &self.excess {
            let cost = probes + worth * excess;
            if cost < best.0 || best.1 < least {
                best = (cost, interval, excess);
            }
            interval *= STEP;
            probes *= 1.0 / STEP;
        }
        let (_, mut interval, mut excess) = best;
        if interval < least {
            (interval, excess) = (least, 1.0 / least);
        }
        Choice {
            interval,
            excess,
            floor: self.floor,
            cost: (1.0 + self.retries) / interval,
        }
    }

    /// Returns the mistakes per bound that no interval avoids.
    pub(super) const fn floor(&self) -> f32 {
        self.floor
    }

    /// Returns the longest interval with at most so many avoidable mistakes per bound, with the
    /// correction of [`not_understated`], if there is one.
    pub(super) fn longest(&self, mistakes: f32) -> Option<f32> {
        let mut interval = self.shortest;
        let mut longest = None;
        for &excess in &self.excess {
            if not_understated(excess, interval) <= mistakes {
                longest = Some(interval);
            }
            interval *= STEP;
        }
        longest
    }
}

/// Returns the probability that the silence after a probe falls into each bin.
///
/// From the shortest bin on, each bin is assumed to hold a share of the next shorter one, and
/// counts override the assumption. So the unseen tail is a power law that starts at the longest
/// lengths seen. Where probes were counted, the assumption starts at the shortest length seen:
/// nothing is shorter than the round trip, and that says nothing about long silences.
fn masses(silences: &Silences) -> [f32; BINS] {
    let unit = 1.0 / (ONE as f32 * silences.unit());
    let probes = silences.probes() as f32;
    let mut masses = [0.0; BINS];
    let mut assumed: f32 = 1.0;
    let mut seen = silences.probes() == 0;
    let bins = masses.iter_mut().zip(silences.weights());
    for (mass, &weight) in bins.rev() {
        let counted = weight as f32 * unit;
        let mut against = PRIOR / assumed;
        if counted > 0.0 {
            against = against.min(DOUBT * probes / counted);
        }
        *mass = (PRIOR + counted) / (against + probes);
        seen |= weight > 0;
        if seen {
            assumed = (*mass * DECLINE).min(1.0);
        }
    }
    masses
}

/// log2 N at the middle of each bin. It is interpolated linearly in log2 of the length, so N is a
/// power law between the middles.
struct Density([f32; BINS]);

impl Density {
    fn new(masses: &[f32; BINS]) -> Self {
        let mut logs = *masses;
        let mut inverse_width = 1.0;
        for log in &mut logs {
            *log = log2(*log) + inverse_width;
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
        exp2(self.log2_at(place))
    }
}

/// The position of a length between the middles of two bins.
#[derive(Clone, Copy)]
struct Place {
    bin: usize,
    part: f32,
    length: f32,
    log2: f32,
}

impl Place {
    fn of(length: f32) -> Self {
        let log2 = log2(length);
        let at = -log2 - 0.5;
        let bin = rounded((at - 0.5).max(0.0)) as usize; // at most the last but one
        Self {
            bin,
            part: at - bin as f32,
            length,
            log2,
        }
    }
}

/// The shortest length that matters, as a share of the bound.
const NEAREST: f32 = 2e-4;
const _: () = assert!(NEAREST > 1.73e-4, "the middle of the last bin is shorter");

/// Returns the mean of N over `[usable - eta, usable]` less the floor, for each interval eta that
/// is tried.
fn excess(density: &Density, usable: f32, floor: f32) -> [f32; STEPS] {
    let mut from = Place::of(usable);
    let mut log2 = density.log2_at(from);
    let (mut rate, mut sum, mut interval) = (exp2(log2), 0.0, SHORTEST * usable);
    [(); STEPS].map(|()| {
        let to = Place::of((usable - interval).max(NEAREST));
        let to_log2 = density.log2_at(to);
        let to_rate = exp2(to_log2);
        let slope = (to_log2 - log2) / (to.log2 - from.log2).min(-1e-6);
        sum += under(from.length, rate, to.length, to_rate, slope);
        let mean = sum / interval;
        (from, log2, rate) = (to, to_log2, to_rate);
        interval *= STEP;
        (mean - floor).max(0.0)
    })
}

/// Returns the integral of a power law with this `slope` from `(near, high)` to `(far, low)`.
fn under(far: f32, low: f32, near: f32, high: f32, slope: f32) -> f32 {
    let power = slope + 1.0;
    if power.abs() < 0.05 {
        return 0.5 * (low + high) * (far - near);
    }
    (low * far - high * near) / power
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::float_cmp,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )] // figures of a test

    use super::*;

    /// Returns the outlook where lost probes are repeated so often that losses cause no mistakes.
    fn outlook(silences: &Silences, usable: f32) -> Outlook {
        let path = PathShape {
            usable,
            lag: 0.0,
            timeout: 1e-9,
        };
        Outlook::new(silences, path)
    }

    #[test]
    fn a_lost_probe_is_asked_again_by_retries_or_by_the_next_steady_probes() {
        let path = |lag, timeout| PathShape {
            usable: 0.5,
            lag,
            timeout,
        };
        let near = |found: f32, expected: f32| assert!((found - expected).abs() < 0.01, "{found}");
        near(path(0.1, 0.14).asked_again(0.76), 1.0); // just once
        near(path(0.02, 0.04).asked_again(0.58), 6.16); // growing waits
        near(path(0.5, 0.54).asked_again(0.1), 4.0); // four more intervals
        near(path(0.9, 0.93).asked_again(0.2), 0.0); // no time is left
    }

    /// With a loss of 5 % and three repetitions, the probability is 0.05^4 per interval.
    #[test]
    fn a_mistake_takes_as_many_losses_as_there_are_probes_in_time() {
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
            let times = 1.0 + path.asked_again(interval);
            let chance = libm::powf(silences.loss(), times) / interval;
            let off = (by_loss(k) - chance).abs();
            assert!(off < 1e-3 * chance + 1e-6, "{k}: {} {chance}", by_loss(k));
            interval *= STEP;
        }
    }

    #[test]
    fn a_new_path_is_assumed_to_fail_as_a_power_law() {
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
    fn a_clean_path_is_asked_seldom_and_one_with_long_silences_often() {
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
    fn retries_cost_as_well() {
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
    fn the_shortest_interval_allowed_is_allowed() {
        let outlook = outlook(&Silences::NEW, 0.96);
        let dear = |least| outlook.choose(1e9, least).interval.to_bits();
        let shortest = SHORTEST * 0.96;
        assert_eq!(dear(shortest), shortest.to_bits());
        assert_eq!(dear(shortest * 1.01), (shortest * STEP).to_bits());
    }
}
