//! Microseconds, as C has them, and the crate's types of time.

use core::time::Duration;

use systole_core::Instant;

/// Returns the span of `us` microseconds.
///
/// It goes by way of an [`Instant`], whose arithmetic small cores do without a 64-bit division.
pub(crate) const fn span(us: u64) -> Duration {
    Instant::from_micros(us).saturating_duration_since(Instant::ZERO)
}

/// Returns the microseconds in `span`, rounded down and saturating.
pub(crate) const fn micros(span: Duration) -> u64 {
    Instant::ZERO.saturating_add(span).as_micros()
}

/// A moment that never comes, and the longest span.
pub const SYSTOLE_NEVER: u64 = 0xffff_ffff_ffff_ffff;

/// Returns the moment, or [`SYSTOLE_NEVER`] where there is none.
pub(crate) fn moment(at: Option<Instant>) -> u64 {
    at.map_or(SYSTOLE_NEVER, Instant::as_micros)
}
