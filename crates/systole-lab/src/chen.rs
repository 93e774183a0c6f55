//! The analysis and the three configurators of Chen, Toueg and Aguilera, which derive an interval
//! from a requirement.
//!
//! \[Chen02\]: "On the quality of service of failure detectors", IEEE Transactions on Computers
//! 51(5), May 2002. All of them assume a fixed interval and independent losses and delays; bursts
//! break the promise. For pull probing, the delay D is the round trip, and a loss is that of the
//! probe or of its reply. All times are in one unit of the caller's choice. Nothing allocates.

/// A requirement. All three values are in the same unit of time and above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Requirement {
    /// `T_D^U`: the longest detection time, from crash to verdict.
    pub detect_within: f64,
    /// `T_MR^L`: the shortest mean time from one mistake to the next.
    pub mistake_recurrence: f64,
    /// `T_M^U`: the longest mean length of a mistake.
    pub mistake_duration: f64,
}

/// The result of a configurator. Both values are in the unit of the requirement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// eta: the interval from send to send.
    pub interval: f64,
    /// For the synchronised detector delta: how long a probe may have no reply. For NFD-U and NFD-E
    /// alpha: the time after the expected arrival.
    pub margin: f64,
}

/// The part of a requirement that no interval can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Infeasible {
    /// No reply comes within the detection time.
    DetectWithin,
    /// No interval down to 1/64 of the detection time makes mistakes rare enough.
    MistakeRecurrence,
}

/// Configurator A (\[Chen02\], section 4): the distribution of the delay is known.
///
/// `loss` is in [0, 1]; `late(x)` is Pr(D > x).
///
/// # Errors
/// The part of the requirement that cannot be met.
///
/// ```
/// use systole_lab::chen::{Requirement, configure_known};
///
/// // The paper's example, in seconds: within 30 s, a mistake a month, 1 % loss, mean delay 20 ms.
/// let wish = Requirement { detect_within: 30.0, mistake_recurrence: 30.0 * 86_400.0, mistake_duration: 60.0 };
/// let settings = configure_known(&wish, 0.01, |x| (-x / 0.02_f64).exp()).unwrap();
/// assert!((settings.interval - 9.976).abs() < 1e-3);
/// ```
pub fn configure_known(
    wish: &Requirement,
    loss: f64,
    late: impl Fn(f64) -> f64,
) -> Result<Settings, Infeasible> {
    let horizon = wish.detect_within;
    let in_time = (1.0 - loss) * (1.0 - late(horizon));
    let possible = in_time > 0.0;
    if !possible {
        return Err(Infeasible::DetectWithin);
    }
    let rarity = Rarity {
        horizon,
        base: -libm::log(in_time),
        gain: |x| -libm::log(loss + (1.0 - loss) * late(x)),
    };
    let longest = (in_time * wish.mistake_duration).min(horizon);
    let interval = rarity
        .largest_interval(longest, wish.mistake_recurrence)
        .ok_or(Infeasible::MistakeRecurrence)?;
    Ok(Settings {
        interval,
        margin: horizon - interval,
    })
}

/// Configurator B (\[Chen02\], section 5): only the mean and the variance of the delay are known.
/// Cantelli's one-sided inequality takes the place of the distribution.
///
/// # Errors
/// The part of the requirement that cannot be met.
pub fn configure_unknown(
    wish: &Requirement,
    loss: f64,
    mean: f64,
    variance: f64,
) -> Result<Settings, Infeasible> {
    let horizon = wish.detect_within - mean;
    let interval = cantelli_interval(wish, loss, horizon, variance)?;
    Ok(Settings {
        interval,
        margin: wish.detect_within - interval,
    })
}

/// Configurator C (\[Chen02\], section 6), for NFD-U and NFD-E. `detect_within` counts from the
/// mean delay, which is unknown. The margin is alpha, the time after the expected arrival.
///
/// # Errors
/// The part of the requirement that cannot be met.
pub fn configure_relative(
    wish: &Requirement,
    loss: f64,
    variance: f64,
) -> Result<Settings, Infeasible> {
    let interval = cantelli_interval(wish, loss, wish.detect_within, variance)?;
    Ok(Settings {
        interval,
        margin: wish.detect_within - interval,
    })
}

fn cantelli_interval(
    wish: &Requirement,
    loss: f64,
    horizon: f64,
    variance: f64,
) -> Result<f64, Infeasible> {
    let in_time = (1.0 - loss) * horizon * horizon / (variance + horizon * horizon);
    let possible = horizon > 0.0 && in_time > 0.0;
    if !possible {
        return Err(Infeasible::DetectWithin);
    }
    let gain = |x: f64| libm::log(variance + x * x) - libm::log(variance + loss * x * x);
    let longest = (in_time * wish.mistake_duration).min(horizon);
    let rarity = Rarity {
        horizon,
        base: 0.0,
        gain,
    };
    rarity
        .largest_interval(longest, wish.mistake_recurrence)
        .ok_or(Infeasible::MistakeRecurrence)
}

/// The largest number of heartbeats into which a detection time is divided. An infeasible
/// requirement costs half its square in evaluations of the gain.
const MOST_SEGMENTS: u32 = 64;

/// The number of steps of golden section and of bisection, which reach 1e-8 of a segment or better.
const STEPS: u32 = 40;

/// The lower bound of the mistake recurrence time as a function of the interval, in logarithms,
/// which cannot overflow: ln f(eta) = ln eta + base + the gains of the heartbeats that fit into the
/// horizon.
struct Rarity<G> {
    horizon: f64,
    base: f64,
    /// What a heartbeat adds to ln f if `x` is left until the verdict.
    gain: G,
}

impl<G: Fn(f64) -> f64> Rarity<G> {
    /// Returns the largest interval up to `longest` with f >= `target`.
    ///
    /// f is not monotone: within a segment [T/(m+1), T/m], where m heartbeats count, it rises and
    /// then falls to the level of the next segment. The segments are therefore tried from the
    /// largest intervals down, and within a segment the falling side is searched. A bisection of
    /// the whole range could miss larger intervals, or end at one that does not meet the target.
    fn largest_interval(&self, longest: f64, target: f64) -> Option<f64> {
        let target = libm::log(target);
        (1..=MOST_SEGMENTS).find_map(|m| self.largest_in_segment(m, longest, target))
    }

    fn largest_in_segment(&self, m: u32, longest: f64, target: f64) -> Option<f64> {
        let low = self.horizon / f64::from(m + 1);
        let high = (self.horizon / f64::from(m)).min(longest);
        let reachable = high > low;
        if !reachable {
            return None;
        }
        if self.log_recurrence(high, m) >= target {
            return Some(high);
        }
        // Gains rise with the time left, so no value in the segment exceeds this one, computed with
        // the gains of the shortest interval. Most segments are rejected here, without a search.
        if self.log_recurrence(low, m) + libm::log(high / low) < target {
            return None;
        }
        let peak = self.peak(low, high, m);
        (self.log_recurrence(peak, m) >= target).then(|| self.last_above(peak, high, m, target))
    }

    fn log_recurrence(&self, interval: f64, m: u32) -> f64 {
        let to_go = (1..=m).map(|j| self.horizon - f64::from(j) * interval);
        libm::log(interval) + self.base + to_go.filter(|&x| x > 0.0).map(&self.gain).sum::<f64>()
    }

    /// Finds the maximum by golden-section search.
    fn peak(&self, mut low: f64, mut high: f64, m: u32) -> f64 {
        const RATIO: f64 = 0.618_033_988_749_894_9;
        for _ in 0..STEPS {
            let left = high - RATIO * (high - low);
            let right = low + RATIO * (high - low);
            if self.log_recurrence(left, m) < self.log_recurrence(right, m) {
                low = left;
            } else {
                high = right;
            }
        }
        f64::midpoint(low, high)
    }

    /// Returns the last interval on a falling side that meets the target, and never one that does
    /// not.
    fn last_above(&self, mut meets: f64, mut fails: f64, m: u32, target: f64) -> f64 {
        for _ in 0..STEPS {
            let middle = f64::midpoint(meets, fails);
            if self.log_recurrence(middle, m) >= target {
                meets = middle;
            } else {
                fails = middle;
            }
        }
        meets
    }
}

/// The quality of service of a detector, in the unit of its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// `E(T_MR)`: the mean time from one mistake to the next.
    pub mistake_recurrence: f64,
    /// `E(T_M)`: the mean length of a mistake.
    pub mistake_duration: f64,
    /// `P_A`: the share of time in which the verdict is correct.
    pub query_accuracy: f64,
}

/// Returns the exact quality of NFD-S (\[Chen02\], Theorem 5) for the interval eta, the shift
/// delta, `loss` in [0, 1), and `late(x)` = Pr(D > x).
pub fn nfd_s_quality(interval: f64, shift: f64, loss: f64, late: impl Fn(f64) -> f64) -> Quality {
    let heartbeats = libm::ceil(shift / interval) as u32;
    let missing = |x: f64| loss + (1.0 - loss) * if x < 0.0 { 1.0 } else { late(x) };
    let silent = |x: f64| {
        (0..=heartbeats)
            .map(|j| missing(shift + x - f64::from(j) * interval))
            .product::<f64>()
    };
    let in_time = (1.0 - loss) * (1.0 - late(shift + interval));
    let per_interval = in_time * silent(0.0);
    // The newest heartbeat is sent within the interval, which makes a kink. The integral is split
    // there, since the rule assumes a smooth function.
    let kink = f64::from(heartbeats) * interval - shift;
    let silence = integral(silent, 0.0, kink) + integral(silent, kink, interval);
    Quality {
        mistake_recurrence: interval / per_interval,
        mistake_duration: silence / per_interval,
        query_accuracy: 1.0 - silence / interval,
    }
}

/// Integrates by Simpson's rule.
fn integral(f: impl Fn(f64) -> f64, from: f64, until: f64) -> f64 {
    const HALVES: u32 = 4_000;
    let step = (until - from) / f64::from(HALVES);
    let weight = |i: u32| {
        if i == 0 || i == HALVES {
            1.0
        } else if i % 2 == 1 {
            4.0
        } else {
            2.0
        }
    };
    (0..=HALVES)
        .map(|i| weight(i) * f(from + f64::from(i) * step))
        .sum::<f64>()
        * step
        / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: f64 = 86_400.0;

    fn papers_wish() -> Requirement {
        Requirement {
            detect_within: 30.0,
            mistake_recurrence: 30.0 * DAY,
            mistake_duration: 60.0,
        }
    }

    fn close(settings: Settings, interval: f64, margin: f64) {
        assert!((settings.interval - interval).abs() < 6e-5, "{settings:?}");
        assert!((settings.margin - margin).abs() < 6e-5, "{settings:?}");
    }

    #[test]
    fn the_papers_first_example() {
        let settings = configure_known(&papers_wish(), 0.01, |x| libm::exp(-x / 0.02)).unwrap();
        close(settings, 9.9764, 20.0236);
    }

    #[test]
    fn the_papers_second_example() {
        close(
            configure_unknown(&papers_wish(), 0.01, 0.02, 0.02).unwrap(),
            9.7098,
            20.2902,
        );
        close(
            configure_relative(&papers_wish(), 0.01, 0.02).unwrap(),
            9.7166,
            20.2834,
        );
    }

    /// A second past the mean, at most one mistake a day of at most 10 s, 1 % loss, 20 ms
    /// deviation, varied one at a time.
    #[test]
    fn sensitivity_to_jitter_loss_and_wish() {
        let interval = |deviation: f64, loss: f64, recurrence: f64| {
            let wish = Requirement {
                detect_within: 1.0,
                mistake_recurrence: recurrence,
                mistake_duration: 10.0,
            };
            configure_relative(&wish, loss, deviation * deviation)
                .unwrap()
                .interval
        };
        let jitter = [
            (1, 0.331),
            (5, 0.323),
            (20, 0.280),
            (50, 0.230),
            (100, 0.176),
            (200, 0.115),
            (300, 0.081),
        ];
        for (ms, expected) in jitter {
            let got = interval(f64::from(ms) / 1e3, 0.01, DAY);
            assert!((got - expected).abs() < 6e-4, "{ms} ms: {got}");
        }
        let losses = [
            (1e-6, 0.348),
            (1e-4, 0.337),
            (1e-3, 0.326),
            (0.01, 0.280),
            (0.05, 0.193),
            (0.1, 0.154),
            (0.2, 0.108),
        ];
        for (loss, expected) in losses {
            let got = interval(0.02, loss, DAY);
            assert!((got - expected).abs() < 6e-4, "loss {loss}: {got}");
        }
        let wishes = [
            (60.0, 0.494),
            (3_600.0, 0.328),
            (DAY, 0.280),
            (30.0 * DAY, 0.226),
            (365.0 * DAY, 0.193),
        ];
        for (recurrence, expected) in wishes {
            let got = interval(0.02, 0.01, recurrence);
            assert!((got - expected).abs() < 6e-4, "{recurrence} s: {got}");
        }
    }

    /// No larger interval on a fine grid meets the requirement, and the returned one does.
    #[test]
    fn the_interval_is_the_largest_and_feasible() {
        for (deviation, loss) in [(0.001, 0.01), (0.02, 0.05), (0.1, 0.001), (0.3, 0.1)] {
            let wish = Requirement {
                detect_within: 1.0,
                mistake_recurrence: DAY,
                mistake_duration: 10.0,
            };
            let found = configure_relative(&wish, loss, deviation * deviation)
                .unwrap()
                .interval;
            let v = deviation * deviation;
            let rarity = Rarity {
                horizon: 1.0,
                base: 0.0,
                gain: |x: f64| libm::log((v + x * x) / (v + loss * x * x)),
            };
            let meets = |eta: f64| {
                rarity.log_recurrence(eta, libm::ceil(1.0 / eta) as u32 - 1) >= libm::log(DAY)
            };
            assert!(meets(found * (1.0 - 1e-9)));
            let larger = (1..10_000)
                .map(|i| found + (1.0 - found) * f64::from(i) / 1e4)
                .find(|&eta| meets(eta));
            assert!(
                larger.is_none_or(|eta| eta - found < 1e-6),
                "{found} {larger:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_met_says_why() {
        let wish = papers_wish();
        assert_eq!(
            configure_unknown(&wish, 0.01, 31.0, 0.02),
            Err(Infeasible::DetectWithin)
        );
        assert_eq!(
            configure_known(&wish, 1.0, |_| 0.0),
            Err(Infeasible::DetectWithin)
        );
        assert_eq!(
            configure_relative(&wish, 0.999_999, 0.02),
            Err(Infeasible::MistakeRecurrence)
        );
        assert_eq!(
            configure_relative(&wish, f64::NAN, 0.02),
            Err(Infeasible::DetectWithin)
        );
    }

    #[test]
    fn a_perfect_network_needs_one_heartbeat_in_time() {
        let settings = configure_relative(&papers_wish(), 0.0, 0.0).unwrap();
        assert!(settings.interval >= 15.0);
    }

    /// The reference's exact values for eta = 1, 1 % loss, exponential delay of mean 0.02.
    #[test]
    fn exact_quality_of_nfd_s() {
        let table = [
            (0.05, 11.068, 0.125_20, 0.988_688),
            (0.5, 101.010, 0.530_10, 0.994_752),
            (1.05, 1_106.79, 0.125_20, 0.999_887),
            (1.2, 10_055.8, 0.826_48, 0.999_917_8),
        ];
        for (shift, recurrence, duration, accuracy) in table {
            let q = nfd_s_quality(1.0, shift, 0.01, |x| libm::exp(-x / 0.02));
            assert!(
                (q.mistake_recurrence / recurrence - 1.0).abs() < 1e-4,
                "{shift}: {q:?}"
            );
            assert!(
                (q.mistake_duration / duration - 1.0).abs() < 1e-4,
                "{shift}: {q:?}"
            );
            assert!((q.query_accuracy - accuracy).abs() < 6e-7, "{shift}: {q:?}");
        }
    }
}
