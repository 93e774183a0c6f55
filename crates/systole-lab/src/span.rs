//! Stretches of time, and sorted lists of them that do not overlap.

use core::time::Duration;

use crate::time::MicrosExt as _;
use systole::Instant;

/// A stretch of time: `from` belongs to it, `until` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first moment.
    pub from: Instant,
    /// The moment after the last.
    pub until: Instant,
}

impl Span {
    /// Returns the stretch from `from` up to `until`.
    #[must_use]
    pub const fn new(from: Instant, until: Instant) -> Self {
        Self { from, until }
    }

    /// Returns its length; zero if it ends before it begins.
    #[must_use]
    pub const fn length(&self) -> Duration {
        self.until.saturating_duration_since(self.from)
    }

    /// Returns whether `at` lies within.
    #[must_use]
    pub fn contains(&self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }

    pub(crate) fn length_us(&self) -> u64 {
        self.until.since(self.from)
    }

    fn shared_us(&self, other: &Self) -> u64 {
        self.until.min(other.until).since(self.from.max(other.from))
    }
}

/// Returns the part of `spans` (sorted, disjoint) that could touch `span`: from the first one that
/// ends after `span` begins.
fn from_first_after<'a>(spans: &'a [Span], span: &Span) -> &'a [Span] {
    let first = spans.partition_point(|s| s.until <= span.from);
    spans.get(first..).unwrap_or_default()
}

/// Returns whether any of `spans` (sorted, disjoint) overlaps `span`.
pub(crate) fn any_overlaps(spans: &[Span], span: &Span) -> bool {
    from_first_after(spans, span)
        .first()
        .is_some_and(|s| s.from < span.until)
}

/// Returns how much of `span` the `spans` (sorted, disjoint) cover, in microseconds.
pub(crate) fn covered_us(spans: &[Span], span: &Span) -> u64 {
    from_first_after(spans, span)
        .iter()
        .take_while(|s| s.from < span.until)
        .map(|s| s.shared_us(span))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u64, until: u64) -> Span {
        Span::new(Instant::from_secs(from), Instant::from_secs(until))
    }

    #[test]
    fn touching_is_not_overlapping() {
        let spans = [span(10, 20), span(30, 40)];
        assert!(!any_overlaps(&spans, &span(20, 30)));
        assert!(!any_overlaps(&spans, &span(0, 10)));
        assert!(!any_overlaps(&spans, &span(40, 50)));
        assert!(any_overlaps(&spans, &span(20, 31)));
        assert!(any_overlaps(&spans, &span(19, 20)));
        assert!(any_overlaps(&spans, &span(0, 100)));
    }

    #[test]
    fn cover_counts_only_what_is_shared() {
        let spans = [span(10, 20), span(30, 40)];
        assert_eq!(covered_us(&spans, &span(15, 35)), 10_000_000);
        assert_eq!(covered_us(&spans, &span(0, 100)), 20_000_000);
        assert_eq!(covered_us(&spans, &span(20, 30)), 0);
    }
}
