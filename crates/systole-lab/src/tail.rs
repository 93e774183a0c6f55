//! The tail of the normal distribution on the scale of suspicion: phi = -log10 P(X > y), with y in
//! standard deviations.
//!
//! All computations are in logarithms, since the tail itself underflows at 38 standard deviations
//! and `1 - cdf` is 0 from 8.3 on.

use core::f64::consts::{LN_2, LN_10, LOG10_2};

/// Returns phi at `y` standard deviations, by Borjesson and Sundberg (1979). The error is below
/// 1.3e-3 from 0 to 40, and smaller beyond, where the result neither overflows nor vanishes.
///
/// ```
/// use systole_lab::tail;
///
/// assert!((tail::phi(3.0902) - 3.0).abs() < 1.3e-3);
/// assert!((tail::phi(0.0) - 0.301).abs() < 1.3e-3);
/// ```
#[must_use]
pub fn phi(y: f64) -> f64 {
    if y < 0.0 {
        // The approximation is not exact at 0, where the two sides have to meet.
        let lower = -libm::log1p(-libm::exp(-LN_10 * upper(-y))) / LN_10;
        return lower.min(upper(0.0));
    }
    upper(y)
}

/// The constants a and b of the approximation.
const A: f64 = 0.339;
const B: f64 = 5.510;

/// ln(sqrt(2 pi)).
const LN_SQRT_TAU: f64 = 0.918_938_533_204_672_7;

fn upper(y: f64) -> f64 {
    let denominator = (1.0 - A) * y + A * libm::sqrt(y * y + B);
    (y * y / 2.0 + LN_SQRT_TAU + libm::log(denominator)) / LN_10
}

/// Returns the number of standard deviations at which [`phi`] has this value; 0 for values below
/// phi(0).
#[must_use]
pub fn deviations(phi_value: f64) -> f64 {
    invert(phi, phi_value)
}

/// Returns phi as Akka, Pekko and Hazelcast compute it, by a logistic fit. The fit is good to
/// 1.4e-4 in the probability and far too high in the tail. Their implementation is infinite from
/// 21.6 standard deviations on; this one is not.
///
/// ```
/// use systole_lab::tail;
///
/// assert!((tail::phi_akka(5.0) - 7.300).abs() < 5e-4); // the exact value is 6.543
/// ```
#[must_use]
pub fn phi_akka(y: f64) -> f64 {
    let exponent = y * (1.5976 + 0.070_566 * y * y);
    // log10(1 + e^x), and x itself where the 1 is below the precision of the exponential.
    if exponent > 50.0 {
        exponent / LN_10
    } else {
        libm::log1p(libm::exp(exponent)) / LN_10
    }
}

/// Returns the number of standard deviations at which [`phi_akka`] has this value; 0 for values
/// below phi(0).
#[must_use]
pub fn deviations_akka(phi_value: f64) -> f64 {
    invert(phi_akka, phi_value)
}

/// Inverts, by bisection, a rising function that grows at least as fast as phi. It runs once per
/// setting and not once per sample.
fn invert(phi: impl Fn(f64) -> f64, value: f64) -> f64 {
    let mut low = 0.0;
    // phi(y) > y^2 / (2 ln 10), so this is above the solution.
    let mut high = libm::sqrt(2.0 * LN_10 * value.max(LOG10_2)) + LN_2;
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if phi(middle) < value {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tail by erfc below 5, by its continued fraction above.
    fn exact(y: f64) -> f64 {
        if y < 5.0 {
            return -libm::log10(libm::erfc(y / core::f64::consts::SQRT_2) / 2.0);
        }
        let fraction = (1..=60).rev().fold(y, |below, k| y + f64::from(k) / below);
        (y * y / 2.0 + LN_SQRT_TAU + libm::log(fraction)) / LN_10
    }

    #[test]
    fn within_a_thousandth_of_the_truth_from_0_to_40() {
        let worst = (0..=40_000)
            .map(|i| f64::from(i) / 1e3)
            .map(|y| (phi(y) - exact(y)).abs())
            .fold(0.0, f64::max);
        assert!(worst < 1.3e-3, "{worst}");
        assert!(phi(1e150).is_finite());
    }

    #[test]
    fn the_lower_half_mirrors_the_upper() {
        for y in [0.1, 1.0, 3.0] {
            let both = libm::pow(10.0, -phi(y)) + libm::pow(10.0, -phi(-y));
            assert!((both - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn published_thresholds_in_deviations() {
        let table = [
            (1.0, 1.2816),
            (2.0, 2.3263),
            (3.0, 3.0902),
            (5.0, 4.2649),
            (8.0, 5.6120),
            (12.0, 7.0345),
        ];
        for (phi, y) in table {
            assert!((deviations(phi) - y).abs() < 2e-3, "{phi}");
        }
        assert!(
            (deviations(10.0) - 6.3613).abs() < 1e-3 && (deviations(16.0) - 8.2221).abs() < 1e-3
        );
    }

    /// Exact phi and Akka's phi for comparison.
    #[test]
    fn akka_overstates_the_tail_as_published() {
        let ys = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 20.0];
        let truth = [
            0.7995, 1.643, 2.870, 4.499, 6.543, 9.006, 15.206, 23.118, 88.560,
        ];
        let akka = [
            0.7995, 1.643, 2.910, 4.737, 7.300, 10.783, 21.242, 37.585, 259.05,
        ];
        for ((y, truth), akka) in ys.into_iter().zip(truth).zip(akka) {
            assert!((exact(y) - truth).abs() < 6e-4, "{y}");
            assert!((phi_akka(y) - akka).abs() < 6e-3, "{y}: {}", phi_akka(y));
        }
        assert!((deviations_akka(8.0) - 5.226).abs() < 1e-3);
        for (threshold, truth) in [
            (1.0, 1.0),
            (3.0, 2.95),
            (5.0, 4.72),
            (8.0, 7.06),
            (10.0, 8.48),
            (16.0, 12.27),
        ] {
            assert!(
                (exact(deviations_akka(threshold)) - truth).abs() < 6e-3,
                "{threshold}"
            );
        }
    }
}
