//! Moments and spans of time.
//!
//! No function of this module reads a clock. The caller passes the current time as an [`Instant`].
//! Public functions take and return [`Duration`]s, which are converted to whole microseconds once,
//! where they enter.

use core::fmt;
use core::time::Duration;

use crate::math::cpu::NATIVE_64;
use crate::math::fixed_point::divided;
use crate::math::saturating;

#[cfg(feature = "serde")]
pub(crate) mod serde;

/// A moment, in whole microseconds since an epoch that the caller chooses, such as the start of the
/// device.
///
/// All arithmetic saturates, so moments never wrap around and always compare in order. There is no
/// `-` operator on purpose: [`saturating_duration_since`](Self::saturating_duration_since) returns
/// zero where a clock ran backwards.
///
/// The range is 584,000 years. [`Instant::MAX`] stands for *never*.
///
/// ```
/// use core::time::Duration;
/// use systole::Instant;
///
/// let sent = Instant::from_millis(250);
/// let received = sent.saturating_add(Duration::from_millis(40));
/// assert_eq!(received.saturating_duration_since(sent), Duration::from_millis(40));
/// assert_eq!(sent.saturating_duration_since(received), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(transparent)
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Instant(u64);

impl Instant {
    /// The epoch.
    pub const ZERO: Self = Self(0);
    /// The latest moment, which stands for *never*.
    pub const MAX: Self = Self(u64::MAX);

    /// Returns the moment `micros` microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Returns the moment `millis` milliseconds after the epoch, saturating at [`Instant::MAX`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Returns the moment `secs` seconds after the epoch, saturating at [`Instant::MAX`].
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Returns the microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Returns this moment plus `span` (rounded down to microseconds), saturating at
    /// [`Instant::MAX`].
    #[must_use]
    pub const fn saturating_add(self, span: Duration) -> Self {
        self.plus(micros(span))
    }

    /// Returns this moment minus `span` (rounded down to microseconds), saturating at
    /// [`Instant::ZERO`].
    #[must_use]
    pub const fn saturating_sub(self, span: Duration) -> Self {
        self.minus(micros(span))
    }

    /// Returns the span from `earlier` to this moment, or zero if `earlier` is later than this
    /// moment.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        duration(self.since(earlier))
    }

    #[inline]
    /// Returns this moment plus `span_us` microseconds, saturating.
    pub(crate) const fn plus(self, span_us: u64) -> Self {
        Self(saturating::plus(self.0, span_us))
    }

    #[inline]
    /// Returns this moment minus `span_us` microseconds, saturating.
    pub(crate) const fn minus(self, span_us: u64) -> Self {
        Self(saturating::minus(self.0, span_us))
    }

    /// Returns the later of the two moments.
    #[inline]
    pub(crate) const fn max(self, other: Self) -> Self {
        Self(saturating::max(self.0, other.0))
    }

    /// Returns the earlier of the two moments.
    #[inline]
    pub(crate) const fn min(self, other: Self) -> Self {
        Self(saturating::min(self.0, other.0))
    }

    #[inline]
    /// Returns the microseconds from `earlier` to this moment, or 0 if `earlier` is later.
    pub(crate) const fn since(self, earlier: Self) -> u64 {
        saturating::minus(self.0, earlier.0)
    }
}

impl fmt::Display for Instant {
    /// Writes seconds with six decimals: `1.250000s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// Extends a wrapping 32-bit tick counter to an [`Instant`].
///
/// Call [`extend`](Self::extend) at least once per half turn of the counter, which is every 35
/// minutes for a 1 MHz counter. A step of more than half the counter's range counts as a step
/// backwards, and after a step backwards the moment stays the same.
///
/// ```
/// use core::num::NonZeroU32;
/// use systole::TickClock;
///
/// let mut clock = TickClock::new(NonZeroU32::MIN, 0xffff_fff0); // a tick lasts 1 us
/// assert_eq!(clock.extend(0xffff_fff0).as_micros(), 0);
/// assert_eq!(clock.extend(0x0000_0010).as_micros(), 32); // across the wrap
/// assert_eq!(clock.extend(0x0000_0008).as_micros(), 32); // 8 ticks back: no time passed
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TickClock {
    tick_us: u32,
    last: u32,
    now: Instant,
}

impl TickClock {
    /// Creates a clock whose tick lasts `tick_us` microseconds and whose epoch is the counter value
    /// `first`.
    #[must_use]
    pub const fn new(tick_us: core::num::NonZeroU32, first: u32) -> Self {
        Self {
            tick_us: tick_us.get(),
            last: first,
            now: Instant::ZERO,
        }
    }

    /// Returns the moment at which the counter reads `ticks`.
    pub const fn extend(&mut self, ticks: u32) -> Instant {
        let step = ticks.wrapping_sub(self.last);
        if step <= HALF_TURN {
            self.last = ticks;
            self.now = self.now.plus(step as u64 * self.tick_us as u64);
        }
        self.now
    }
}

/// The longest step of a 32-bit counter that is read as a step forwards.
const HALF_TURN: u32 = 1 << 31;

const MICROS_PER_SEC: u64 = 1_000_000;

/// Returns the whole microseconds in `span`, rounded down, saturating.
pub(crate) const fn micros(span: Duration) -> u64 {
    const SECS_MAX: u64 = u64::MAX / MICROS_PER_SEC;
    // A saturating product takes three multiplications on a 32-bit core, and this takes one.
    if span.as_secs() > SECS_MAX {
        return u64::MAX;
    }
    let rest = thousandth(span.subsec_nanos()) as u64;
    (span.as_secs() * MICROS_PER_SEC).saturating_add(rest)
}

/// Returns the same as [`micros`], for spans that are seldom constants: on small cores one copy of
/// it is called from everywhere.
#[cfg_attr(target_has_atomic = "32", inline)]
#[cfg_attr(not(target_has_atomic = "32"), inline(never))]
pub(crate) const fn outlined_micros(span: Duration) -> u64 {
    micros(span)
}

/// Returns `nanos / 1_000`. Multiplying by the reciprocal, ceil(2^38 / 1,000), is exact for every
/// 32-bit value and saves small cores a division.
#[allow(clippy::cast_possible_truncation)] // below the dividend
const fn thousandth(nanos: u32) -> u32 {
    ((nanos as u64 * 274_877_907) >> 38) as u32
}

/// Returns `micros / 1_000_000`. Multiplying by the reciprocal, ceil(2^50 / 1,000,000), is exact
/// for every 32-bit value.
#[allow(clippy::cast_possible_truncation)] // below the dividend
const fn millionth(micros: u32) -> u32 {
    ((micros as u64 * 1_125_899_907) >> 50) as u32
}

/// Returns the whole microseconds in a round-trip time, rounded down and capped at `u32::MAX` (71
/// min 34.967295 s).
#[allow(clippy::cast_possible_truncation)] // compared on the line before
pub(crate) const fn rtt_micros(span: Duration) -> u32 {
    const SECS_MAX: u64 = u32::MAX as u64 / MICROS_PER_SEC;
    let rest = thousandth(span.subsec_nanos());
    match span.as_secs() {
        secs @ ..SECS_MAX => secs as u32 * MICROS_PER_SEC as u32 + rest,
        SECS_MAX => ((SECS_MAX * MICROS_PER_SEC) as u32).saturating_add(rest),
        _ => u32::MAX,
    }
}

/// Returns `wide`, or `u32::MAX` where it does not fit.
#[allow(clippy::cast_possible_truncation)] // compared on the line before
pub(crate) const fn saturate(wide: u64) -> u32 {
    if wide > u32::MAX as u64 {
        u32::MAX
    } else {
        wide as u32
    }
}

/// Returns the span of `micros` microseconds. Spans below 71 minutes, which is nearly all, take one
/// multiplication.
pub(crate) const fn duration(micros: u64) -> Duration {
    if NATIVE_64 {
        return Duration::from_micros(micros);
    }
    duration_by_reciprocal(micros)
}

/// Does the same as [`duration`] on small cores, where the standard library's division would take a
/// kilobyte of flash.
#[allow(clippy::cast_possible_truncation)] // the remainder is below 32 bits, whatever is cut off
const fn duration_by_reciprocal(micros: u64) -> Duration {
    let secs = if micros <= u32::MAX as u64 {
        millionth(micros as u32) as u64
    } else {
        divided(micros, MICROS_PER_SEC)
    };
    let rest = (micros as u32).wrapping_sub((secs as u32).wrapping_mul(MICROS_PER_SEC as u32));
    // The remainder is below a million, but the compiler cannot prove it. Without the comparison in
    // `below_a_second` it would link a panic.
    Duration::new(secs, below_a_second(rest * 1_000))
}

/// Returns `nanos`, or 0 where that is a second or more.
const fn below_a_second(nanos: u32) -> u32 {
    if nanos < 1_000_000_000 { nanos } else { 0 }
}

#[cfg(test)]
mod tests;
