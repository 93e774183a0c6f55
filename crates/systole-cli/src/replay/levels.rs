//! The numbers of avoidable mistakes at which fronts are compared.

use systole_lab::sweep::{Outcome, Point, cheapest_with_at_most};

/// The number of mistakes in the first column, unless all detectors make more.
const MOST: f64 = 20.0;
const COLUMNS: usize = 6;

/// Returns the allowed mistakes for each column: falling numbers of the series 1, 2, 5.
pub(super) fn levels(outcomes: &[Outcome]) -> Vec<f64> {
    let fewest = outcomes
        .iter()
        .map(Outcome::avoidable)
        .fold(f64::INFINITY, f64::min);
    let most = if fewest.is_finite() {
        MOST.max(4.0 * fewest)
    } else {
        MOST
    };
    let mut rising = series().skip_while(|&level| level < most);
    let top = rising.next().unwrap_or(MOST);
    let mut falling: Vec<_> = series().take_while(|&level| level <= top).collect();
    falling.reverse();
    falling.truncate(COLUMNS);
    falling
}

/// Returns 0.1, 0.2, 0.5, 1 ... 50 000.
fn series() -> impl Iterator<Item = f64> {
    (-1..=4).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
}

/// Returns the cheapest points of a front at these levels.
pub(super) fn at<'a>(front: &'a [Point], levels: &[f64]) -> Vec<Option<&'a Point>> {
    let cheapest = |&level: &f64| cheapest_with_at_most(front, level);
    levels.iter().map(cheapest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_fall_from_twenty() {
        assert_eq!(levels(&[]), [20.0, 10.0, 5.0, 2.0, 1.0, 0.5]);
    }
}
