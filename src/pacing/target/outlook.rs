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
/// If the count of a bin exceeds its assumed share by this factor, the assumption for that bin is
/// weakened. Many silences of medium length are no evidence about long ones.
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
    /// half, or by the next steady probes, whichever are more.
    fn repetitions(&self, interval: f32) -> f32 {
        debug_assert!(interval > 0.0 && self.timeout > 0.0);
        let left = (1.0 - self.lag - interval).max(0.0);
        let retries = 2.1 * log2(1.0 + left / self.timeout) - 1.1;
        retries.max(left / interval)
    }
}

/// Returns the avoidable mistakes at this interval, increased because the assumption about long
/// silences understates them. With silences of exponential length, up to twice as many mistakes as
/// expected occurred, in proportion to the interval.
pub(super) const fn not_understated(excess: f32, interval: f32) -> f32 {
    excess * (1.0 + interval)
}

/// The number of retries that a silence in each of the longest bins causes, if the first waits are
/// 7 % of the bound.
const RETRIES: [f32; 4] = [6.0, 3.5, 2.0, 0.8];

impl Outlook {
    /// Computes the outlook from `silences` and the round trips of the path.
    pub(super) fn new(silences: &Silences, path: PathShape) -> Self {
        debug_assert!(path.usable > 0.0 && path.lag < 1.0);
        let masses = masses(silences);
        let density = Density::new(&masses);
        let floor = density.at(Place::of(1.0 - path.lag));
        let mut excess = excess(&density, path.usable, floor);
        let log2_loss = log2(silences.loss());
        let mut interval = SHORTEST * path.usable;
        for mistakes in &mut excess {
            let times = 1.0 + path.repetitions(interval);
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

    /// Returns the cheapest interval that is not shorter than `least`, if a mistake costs as much
    /// as `worth` probes. If `least` is longer than every usable interval, each probe may lead to a
    /// mistake.
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

    /// Returns the longest interval at which the avoidable mistakes per bound, corrected by
    /// [`not_understated`], are at most `mistakes`. Returns `None` if there is no such interval.
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
/// Each bin is assumed to hold a fixed share of the next shorter bin, and counts override this
/// assumption. So the tail beyond the longest counted length is a power law. Empty bins below the
/// shortest counted length are skipped: no silence is shorter than the round trip, so these bins
/// are no evidence about long silences.
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
        debug_assert!(*mass > 0.0);
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
        debug_assert!(bin + 1 < BINS, "{length}");
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
mod tests;
