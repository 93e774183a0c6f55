//! Short texts for spans of time.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

/// Returns a span as text: about three digits in a suitable unit, from microseconds to days.
///
/// ```
/// use core::time::Duration;
/// use systole_lab::brief;
///
/// let texts = [250, 2_650, 9_000_000, 86_400_000].map(|ms| brief(Duration::from_millis(ms)));
/// assert_eq!(texts, ["250 ms", "2.65 s", "2.5 h", "1 day"]);
/// ```
#[must_use]
pub fn brief(span: Duration) -> String {
    let s = span.as_secs_f64();
    let (value, unit) = match s {
        s if s >= 172_800.0 => (s / 86_400.0, "days"),
        s if s >= 86_400.0 => (s / 86_400.0, "day"),
        s if s >= 3_600.0 => (s / 3_600.0, "h"),
        s if s >= 60.0 => (s / 60.0, "min"),
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 || s <= 0.0 => (s * 1e3, "ms"),
        s => (s * 1e6, "us"),
    };
    let digits = if value >= 10.0 { 1 } else { 2 };
    let text = format!("{value:.digits$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let secs = Duration::from_secs;
        let texts = [
            secs(10),
            secs(900),
            secs(86_400 * 7),
            secs(600),
            Duration::from_nanos(154_474_503),
            Duration::from_micros(40),
            Duration::ZERO,
        ]
        .map(brief);
        let expected = [
            "10 s", "15 min", "7 days", "10 min", "154.5 ms", "40 us", "0 ms",
        ];
        assert_eq!(texts, expected);
    }
}
