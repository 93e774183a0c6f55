//! What a recording shows about a time between mistakes.

use std::time::Duration;

use systole_lab::brief;

/// Says how rare mistakes are shown to be, and how long a recording without one would have to be to
/// show what is asked for, both at 95 % confidence.
pub(super) fn shown(mistakes: f64, length: Duration, apart: Duration) -> String {
    let seen = if mistakes < 0.05 {
        format!("none in {}", brief(length))
    } else {
        format!("{mistakes:.1} in {}", brief(length))
    };
    let least = length.div_f64(most_likely(mistakes.ceil()));
    if least >= apart {
        return format!(
            "Shown: {seen}, so that they are at least {} apart (95 % confidence).",
            brief(apart)
        );
    }
    format!(
        "Shown: {seen}, so that they are at least {} apart (95 % confidence); a recording of at least {} is needed to show one in {}.",
        brief(least),
        brief(apart.saturating_mul(3)),
        brief(apart)
    )
}

/// Returns the mean number of events above which so few are seen in less than 5 % of all cases: the
/// upper limit of a Poisson mean, by the approximation of Wilson and Hilferty. It is 3 for none.
fn most_likely(events: f64) -> f64 {
    let n = events + 1.0;
    let root = 1.0 - 1.0 / (9.0 * n) + 1.644_854 / (3.0 * n.sqrt());
    n * root * root * root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_that_of_poisson() {
        // exact: the rule of three, and tables of the chi-squared distribution
        for (events, exact) in [(0.0, 2.996), (1.0, 4.744), (5.0, 10.513), (20.0, 29.062)] {
            assert!((most_likely(events) / exact - 1.0).abs() < 0.01, "{events}");
        }
    }

    #[test]
    fn a_short_recording_shows_little_and_says_what_is_needed() {
        let day = Duration::from_secs(86_400);
        let short = shown(0.0, Duration::from_secs(24), day);
        assert!(
            short.contains("none in 24 s") && short.contains("at least 3 days"),
            "{short}"
        );
        let long = shown(0.0, 4 * day, day);
        assert!(
            long.contains("at least 1 day apart") && !long.contains("needed"),
            "{long}"
        );
    }
}
