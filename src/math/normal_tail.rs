//! The tail of the normal distribution, as a logarithm. The tail itself underflows at 38 standard
//! deviations, and `1 - cdf` is 0 from 8.3 on.

use core::f64::consts::LN_10;

/// Returns phi = -log10 P(X > y) for `y` in standard deviations. It never falls as `y` grows.
///
/// It uses the approximation of Borjesson and Sundberg (1979), which is within 1.3e-3 of the exact
/// value from 0 to 40 and closer beyond, where it neither overflows nor vanishes.
pub(crate) fn phi(y: f64) -> f64 {
    if y < 0.0 {
        // The approximation is not exact at 0, where the two branches must meet.
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

/// Returns phi for a `y` of at least 0.
fn upper(y: f64) -> f64 {
    let denominator = (1.0 - A) * y + A * libm::sqrt(y * y + B);
    (y * y / 2.0 + LN_SQRT_TAU + libm::log(denominator)) / LN_10
}
