//! From counted silences to intervals: how often a live peer would be called dead, and what it is worth to avoid it.
//!
//! All lengths are shares of the bound D. N(y) is the rate of silences longer than y. At interval eta and bound D a mistake
//! needs a silence longer than D less the time since the last answered probe, which is uniform in [0, eta]: the rate is the mean of N over
//! [D - eta, D]. What shorter intervals can avoid of it is that less N(D), the *excess*.

use libm::{exp2f, log2f};

use super::silences::{BINS, CLASSES, ONE, Silences};

/// How many silences' worth the assumption about a bin weighs against what was counted in it. Fitted; 2 to 5 are within the noise.
const PRIOR: f32 = 3.0;
/// What a bin is assumed to hold of the next shorter one: a power law of exponent 2. Fitted; 1.6 to 2.2 are within the noise.
const DECLINE: f32 = 0.5;
/// The same for the bins of a class, which are assumed to be those of all classes, lifted.
const CLASS_PRIOR: f32 = 4.0;
/// How much more often silences follow in each class. Fitted; 0.5, 1.5, 3 and 6 come out the same.
const LIFT: [f32; CLASSES] = [0.3, 4.0, 10.0, 25.0];

/// Intervals that are tried: from 1/20 of the bound, by 11.4 %, to 93 %, where the timeout of 7 % begins.
pub(super) const STEPS: usize = 28;
const SHORTEST: f32 = 0.05;
const STEP: f32 = 1.114_343;

/// Expected mistakes by interval and class, in bounds.
pub(super) struct Outlook {
    excess: [[f32; STEPS]; CLASSES],
    /// Mistakes that no interval avoids.
    floor: [f32; CLASSES],
    /// The share of time in each class.
    time: [f32; CLASSES],
    /// Retries a steady probe sets off.
    retries: [f32; CLASSES],
}

/// An interval for each class, and what it comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) intervals: [f32; CLASSES],
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
    /// What `silences` say of a bound whose last `margin` cannot be used.
    pub(super) fn new(silences: &Silences, margin: f32) -> Self {
        let unit = 1.0 / (ONE as f32 * silences.unit());
        let mut outlook = Self {
            excess: [[0.0; STEPS]; CLASSES],
            floor: [0.0; CLASSES],
            time: [0.0; CLASSES],
            retries: [0.0; CLASSES],
        };
        let all = pooled(silences, unit);
        let grid = Grid::new(1.0 - margin);
        let whole: f32 = silences.classes().iter().flatten().map(|&w| w as f32).sum();
        let rows = outlook.excess.iter_mut().zip(&mut outlook.floor);
        let rows = rows.zip(outlook.time.iter_mut().zip(&mut outlook.retries));
        for (((excess, floor), (time, retries)), (bins, lift)) in
            rows.zip(silences.classes().iter().zip(LIFT))
        {
            let masses = of_class(bins, unit, &all, lift);
            let density = Density::new(&masses);
            *floor = density.at(Place::of(1.0));
            grid.excess(&density, *floor, excess);
            *time = bins.iter().map(|&w| w as f32).sum::<f32>() / (whole + ONE as f32);
            *retries = masses.iter().zip(RETRIES).map(|(m, r)| m * r).sum();
        }
        if let Some(ordinary) = outlook.time.first_mut() {
            *ordinary += ONE as f32 / (whole + ONE as f32);
        }
        outlook
    }

    /// The cheapest intervals where a mistake is worth `worth` probes, none shorter than `least`; a more troubled class never has a longer one.
    pub(super) fn choose(&self, worth: f32, least: f32) -> Choice {
        let mut choice = Choice {
            intervals: [SHORTEST; CLASSES],
            excess: 0.0,
            floor: 0.0,
            cost: 0.0,
        };
        let mut longest = 1.0;
        let classes = self.excess.iter().zip(&self.floor);
        let classes = classes.zip(self.time.iter().zip(&self.retries));
        for (interval, ((excess, floor), (time, retries))) in
            choice.intervals.iter_mut().zip(classes)
        {
            let (best, mistakes) = cheapest(excess, worth, least, longest);
            (*interval, longest) = (best, best);
            choice.excess += time * mistakes;
            choice.floor += time * floor;
            choice.cost += time * (1.0 + retries) / best;
        }
        choice
    }
}

/// The interval in `least..=longest` that costs least, and its excess.
fn cheapest(excess: &[f32; STEPS], worth: f32, least: f32, longest: f32) -> (f32, f32) {
    let mut interval = SHORTEST;
    let mut best = (f32::INFINITY, SHORTEST, 0.0);
    for &mistakes in excess {
        let cost = 1.0 / interval + worth * mistakes;
        let first = best.0 == f32::INFINITY;
        let allowed = interval <= longest * 1.001 && interval >= least * 0.999;
        if first || (allowed && (cost < best.0 || best.1 < least * 0.999)) {
            best = (cost, interval, mistakes);
        }
        interval *= STEP;
    }
    (best.1, best.2)
}

/// The chance that the silence after a probe falls into each bin: from the shortest on, each bin is assumed to hold a share of the
/// next shorter one, and the assumption yields to what was counted. So the unseen tail is a power law anchored at the longest lengths
/// that were seen.
fn pooled(silences: &Silences, unit: f32) -> [f32; BINS] {
    let mut counts = [0.0; BINS];
    let mut probes = 0.0;
    for bins in silences.classes() {
        for (count, &weight) in counts.iter_mut().zip(bins) {
            *count += weight as f32 * unit;
        }
        probes += bins.iter().map(|&weight| weight as f32).sum::<f32>() * unit;
    }
    let mut assumed: f32 = 1.0;
    for mass in counts.iter_mut().rev() {
        *mass = (PRIOR + *mass) / (PRIOR / assumed + probes);
        assumed = (*mass * DECLINE).min(1.0);
    }
    counts
}

fn of_class(bins: &[u32; BINS + 1], unit: f32, all: &[f32; BINS], lift: f32) -> [f32; BINS] {
    let probes = bins.iter().map(|&weight| weight as f32).sum::<f32>() * unit;
    let mut masses = *all;
    for (mass, &weight) in masses.iter_mut().zip(bins) {
        let count = weight as f32 * unit;
        *mass = (CLASS_PRIOR + count) / (CLASS_PRIOR / (*mass * lift) + probes);
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
        exp2f(self.log2_at(place))
    }
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
        let bin = (at.max(0.0) as usize).min(BINS - 2);
        Self {
            bin,
            part: at - bin as f32,
            length,
            log2,
        }
    }
}

/// The ends D - eta of the intervals that are tried.
struct Grid {
    from: Place,
    ends: [Place; STEPS],
}

/// No end lies below this share of the bound.
const NEAREST: f32 = 2e-4;

impl Grid {
    fn new(usable: f32) -> Self {
        let mut interval = SHORTEST;
        let ends = core::array::from_fn(|_| {
            let end = Place::of((usable - interval).max(NEAREST));
            interval *= STEP;
            end
        });
        Self {
            from: Place::of(usable),
            ends,
        }
    }

    /// The mean of N over each interval, less the floor.
    fn excess(&self, density: &Density, floor: f32, excess: &mut [f32; STEPS]) {
        let mut sum = 0.0;
        let mut from = (self.from, density.log2_at(self.from));
        let mut rate = exp2f(from.1);
        let mut interval = SHORTEST;
        for (end, excess) in self.ends.iter().zip(excess) {
            let log2 = density.log2_at(*end);
            let here = exp2f(log2);
            let slope = (log2 - from.1) / (end.log2 - from.0.log2).min(-1e-6);
            sum += under(from.0.length, rate, end.length, here, slope);
            *excess = (sum / interval - floor).max(0.0);
            (from, rate) = ((*end, log2), here);
            interval *= STEP;
        }
    }
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
        let outlook = Outlook::new(&Silences::NEW, 0.04);
        let choice = outlook.choose(1_000.0, 0.0);
        assert!(choice.intervals.iter().all(|&eta| eta < 0.2), "{choice:?}");
    }

    #[test]
    fn a_clean_path_is_asked_seldom_and_one_with_long_silences_often() {
        let path = |long: u32| {
            let mut silences = Silences::NEW;
            for k in 0..20_000 {
                let length = if k % 2_000 < long { 600 } else { 10 };
                silences.add(0, length, 1_000, 20_000, 60_000);
            }
            Outlook::new(&silences, 0.04).choose(3_000.0, 0.0)
        };
        let (clean, bad) = (path(0), path(10));
        assert!(clean.intervals.first() > Some(&0.6), "{clean:?}");
        assert!(bad.intervals.first() < Some(&0.25), "{bad:?}");
        assert!(clean.cost < bad.cost && clean.excess < bad.excess);
    }

    #[test]
    fn the_integral_of_a_power_law_is_exact() {
        let n = |y: f32| 1.0 / (y * y);
        let exact = 1.0 / 0.3 - 1.0 / 0.9;
        assert!((under(0.9, n(0.9), 0.3, n(0.3), -2.0) - exact).abs() < 1e-4);
    }
}
