//! How an overdue probe is retried.

use core::fmt;

/// How an overdue probe is retried before the peer is called dead.
///
/// The first retry goes out when a steady probe is overdue. The table lists the wait after each
/// probe.
///
/// | | waits after the steady probe and its retries, in timeouts |
/// |---|---|
/// | [`Retries::NONE`] | 1 |
/// | [`Retries::fixed(2)`](Self::fixed) | 1, 1, 1 |
/// | [`Retries::exponential(2)`](Self::exponential) | 1, 2, 4 |
/// | [`Retries::closing(n)`](Self::closing) | 1, 1, 1.5, 2.25 …, but at most 2/5 of the time left until the bound |
///
/// If all retries were sent and the bound has not passed, steady probes continue until it has
/// passed.
#[derive(Clone, Copy, PartialEq, Eq)]
// The count is in the low six bits and the spacing in the high two. One byte keeps plans small, and
// every peer has one.
pub struct Retries(u8);

/// How the waits between retries grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) enum Spacing {
    /// Every wait is one timeout.
    Fixed,
    /// Waits double.
    Exponential,
    /// Waits grow by half, and are limited by the time left until the bound.
    Closing,
}

/// The low bits that hold the count.
const COUNT_MASK: u8 = 0x3f;
const EXPONENTIAL: u8 = (Spacing::Exponential as u8) << 6;

impl fmt::Debug for Retries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({})", self.spacing(), self.count())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Retries {
    fn format(&self, to: defmt::Formatter<'_>) {
        defmt::write!(to, "{}({})", self.spacing(), self.count());
    }
}

impl Retries {
    /// The largest number of retries of a plan.
    pub const MAX: u8 = 16;

    /// No retries: only steady probes are sent.
    pub const NONE: Self = Self::fixed(0);

    /// Creates `count` retries, each one timeout after the last. `Config` refuses counts above
    /// [`Retries::MAX`].
    #[must_use]
    pub const fn fixed(count: u8) -> Self {
        Self::new(count, Spacing::Fixed)
    }

    /// Creates `count` retries at doubling waits, so that they outlast a short burst of loss.
    #[must_use]
    pub const fn exponential(count: u8) -> Self {
        Self::new(count, Spacing::Exponential)
    }

    /// Creates `count` retries that get closer together towards the bound.
    ///
    /// Waits grow by half, but none is longer than 2/5 of the time left until the bound. The last
    /// retries are therefore sent just before the bound, when they can still prevent a mistake. The
    /// plan's [margin](crate::plan::Plan::with_margin_percent) states how close to the bound they
    /// are sent. No two retries are closer than a timeout. These retries are for plans with a
    /// stated bound. Without a stated bound they are the same as [`Retries::exponential`].
    #[must_use]
    pub const fn closing(count: u8) -> Self {
        Self::new(count, Spacing::Closing)
    }

    pub(super) const fn new(count: u8, spacing: Spacing) -> Self {
        let held = if count < COUNT_MASK {
            count
        } else {
            COUNT_MASK
        };
        Self(held | (spacing as u8) << 6)
    }

    pub(super) const fn spacing(self) -> Spacing {
        match self.0 >> 6 {
            0 => Spacing::Fixed,
            1 => Spacing::Exponential,
            _ => Spacing::Closing,
        }
    }

    /// Returns the number of retries; 63 stands for 63 or more.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.0 & COUNT_MASK
    }

    /// Returns the same retries, but at most `count`.
    pub(super) const fn at_most(self, count: u8) -> Self {
        if self.count() <= count {
            return self;
        }
        Self::new(count, self.spacing())
    }

    /// Returns the same retries without the last.
    pub(crate) const fn less_one(self) -> Self {
        self.at_most(self.count().saturating_sub(1))
    }

    /// Returns whether the retries need no adjustment if no bound is stated: at most
    /// [`MAX`](Self::MAX), and fixed or exponential.
    pub(crate) const fn is_plain(self) -> bool {
        self.0 & !EXPONENTIAL <= Self::MAX
    }

    /// Returns the same as [`total_weight`](Self::total_weight) for plain retries.
    pub(super) const fn plain_weight(self) -> u32 {
        let count = self.count() as u32;
        if self.0 & EXPONENTIAL == 0 {
            count + 1
        } else {
            2_u32.wrapping_shl(count).wrapping_sub(1)
        }
    }

    /// Returns the retries for plans without a stated bound, where closing retries become
    /// exponential.
    pub(super) const fn without_bound(self) -> Self {
        match self.spacing() {
            Spacing::Closing => Self::exponential(self.count()),
            _ => self,
        }
    }

    /// Returns how often the timeout is doubled for the wait after the `sent`-th retry (0: after
    /// the steady probe).
    pub(super) const fn doublings(self, sent: u8) -> u32 {
        match self.spacing() {
            Spacing::Fixed => 0,
            Spacing::Exponential | Spacing::Closing => sent as u32,
        }
    }

    /// Returns the wait after the `sent`-th closing retry: `timeout` after the first, then half as
    /// much more each time.
    pub(super) const fn grown_us(timeout: u64, sent: u8) -> u64 {
        debug_assert!(timeout >> 32 == 0);
        let mut wait = timeout;
        let mut left = sent;
        while left > 1 {
            wait += wait / 2; // at most 15 times, from 32 bits
            left -= 1;
        }
        wait
    }

    /// Returns the number of timeouts from the send of a steady probe to the end of the last wait,
    /// for at most [`MAX`](Self::MAX) retries. It is 1 for closing retries, which use the time left
    /// until the bound.
    pub(crate) const fn total_weight(self) -> u32 {
        match self.spacing() {
            Spacing::Closing => 1,
            Spacing::Fixed | Spacing::Exponential => self.plain_weight(),
        }
    }
}

#[cfg(test)]
mod tests;
