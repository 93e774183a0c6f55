//! The plan, which is the decision of a policy: when to probe, how long to wait for a reply, and
//! how to retry.

use core::time::Duration;

use crate::math::fixed_point::scaled_q16;
use crate::math::saturating::{self, within};
use crate::plan::retries::{Retries, Spacing};
use crate::time::{duration, micros, rtt_micros};

/// The decision of a policy: the steady interval, the probe timeout and the retries. The bound on
/// detection time follows from them.
///
/// A policy may return any plan. The machine fits every plan to the configured limits before it
/// acts on it, so the laws hold for any policy.
///
/// ```
/// use core::time::Duration;
/// use systole::{Retries, plan::Plan};
///
/// let plan = Plan::new(Duration::from_secs(5), Duration::from_secs(1))
///     .with_retries(Retries::exponential(2));
/// assert_eq!(plan.bound(), Duration::from_secs(5 + 1 + 2 + 4));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Plan {
    pub(super) interval_us: u64,
    /// The bound on detection time: the stated bound, or the sum of the waits if that is longer or
    /// no bound is stated. 0 until the plan is fitted to the limits.
    pub(super) bound_us: u64,
    pub(super) timeout_us: u32,
    /// The interval while the peer is dead: 11 bits, shifted left by the number in the low 5 bits.
    /// 0 stands for the steady interval.
    pub(super) dead: u16,
    /// The time between the last closing retry and the bound, in per cent of the bound.
    pub(super) margin_percent: u8,
    pub(super) retries: Retries,
}

/// 1/100, rounded down.
pub(crate) const HUNDREDTH_Q16: u16 = 655;
/// 2/5, rounded down.
const TWO_FIFTHS_Q16: u32 = 26_214;

impl Plan {
    /// Creates a plan without retries.
    #[must_use]
    pub const fn new(interval: Duration, timeout: Duration) -> Self {
        Self::from_micros(micros(interval), rtt_micros(timeout))
    }

    /// Creates the same plan as [`new`](Self::new) from microseconds, which spares a policy two
    /// divisions per sample.
    #[must_use]
    pub const fn from_micros(interval_us: u64, timeout_us: u32) -> Self {
        Self {
            interval_us,
            bound_us: 0,
            timeout_us,
            dead: 0,
            margin_percent: 0,
            retries: Retries::NONE,
        }
    }

    /// Returns the plan with `retries`.
    #[must_use]
    pub const fn with_retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// Returns the plan with this interval for probing a dead peer, rounded to 0.1 %. The limits of
    /// the steady interval apply to it too.
    #[must_use]
    pub const fn with_dead_interval(self, interval: Duration) -> Self {
        self.with_dead_interval_us(micros(interval))
    }

    #[allow(clippy::cast_possible_truncation)] // 11 bits and 5
    pub(crate) const fn with_dead_interval_us(mut self, interval_us: u64) -> Self {
        let bits = 64 - interval_us.leading_zeros();
        let shift = bits.saturating_sub(11);
        self.dead = if shift > 31 {
            u16::MAX
        } else {
            ((interval_us >> shift) as u16) << 5 | shift as u16
        };
        self
    }

    /// Returns the plan with this margin, in per cent of the bound: the last of its
    /// [closing](Retries::closing) retries is sent at least this long before the bound, because the
    /// reply to a later retry would come too late.
    #[must_use]
    pub const fn with_margin_percent(mut self, percent: u8) -> Self {
        self.margin_percent = percent;
        self
    }

    /// Returns the plan with its steady interval shortened to at most `ceiling_us`.
    pub(crate) const fn with_interval_at_most(mut self, ceiling_us: u64) -> Self {
        self.interval_us = saturating::min(self.interval_us, ceiling_us);
        self
    }

    /// Returns the plan with its dead-peer interval shortened to at most `ceiling_us`.
    pub(crate) fn with_dead_interval_at_most(self, ceiling_us: u64) -> Self {
        let wanted = match self.dead {
            0 => self.interval_us,
            packed => unpacked(packed),
        };
        if wanted > ceiling_us {
            self.with_dead_interval_us(ceiling_us)
        } else {
            self
        }
    }

    /// Returns the time from one steady probe to the next, before jitter.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        duration(self.interval_us)
    }

    /// Returns the time after which a steady probe without a reply is overdue.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        duration(self.timeout_us as u64)
    }

    /// Returns how an overdue probe is retried.
    #[must_use]
    pub const fn retries(&self) -> Retries {
        self.retries
    }

    /// Returns the longest time from a crash to the verdict `Dead`, if polled on time.
    #[must_use]
    pub const fn bound(&self) -> Duration {
        if self.bound_us > 0 {
            return duration(self.bound_us);
        }
        let fitting = self.with_retries(self.retries.at_most(Retries::MAX));
        duration(saturating::plus(self.interval_us, fitting.tail_us()))
    }

    pub(crate) const fn interval_us(&self) -> u64 {
        self.interval_us
    }

    pub(crate) const fn timeout_us(&self) -> u32 {
        self.timeout_us
    }

    /// Returns the bound of a fitted plan.
    pub(crate) const fn bound_us(&self) -> u64 {
        self.bound_us
    }

    /// Raises the bound to at least `bound_us`.
    pub(crate) const fn loosen(&mut self, bound_us: u64) {
        self.bound_us = saturating::max(self.bound_us, bound_us);
    }

    /// Returns whether a plan was made yet. Before the first one, the interval is 0.
    pub(crate) const fn is_drawn(&self) -> bool {
        self.interval_us > 0
    }

    /// Returns the interval at which a dead peer is probed, before the limits.
    pub(super) fn wanted_dead_interval_us(&self) -> u64 {
        match self.dead {
            0 => self.interval_us,
            packed => unpacked(packed),
        }
    }

    /// Returns whether the timeout is longer than the interval: then steady probes take the place
    /// of retries.
    pub(crate) const fn overlaps(&self) -> bool {
        self.timeout_us as u64 > self.interval_us
    }

    /// Returns the time from the send of a steady probe to the end of the last wait.
    pub(super) const fn tail_us(&self) -> u64 {
        if self.overlaps() {
            let steady = scaled_q16(self.interval_us, (self.retries.count() as u32) << 16);
            return saturating::plus(steady, self.timeout_us as u64);
        }
        // Both factors fit 32 bits, so the product does not overflow.
        self.timeout_us as u64 * self.retries.total_weight() as u64
    }

    /// Returns the wait after the `sent`-th retry of an episode (0: after the steady probe).
    /// `left_us` is the time until the bound. The next retry, if any, is sent at the end of the
    /// wait.
    ///
    /// The wait is at least the timeout and at most the interval. After the last retry, if less
    /// than two such waits remain until the bound, the wait is the whole remaining time.
    pub(crate) fn retry_wait_us(&self, sent: u8, left_us: u64) -> u64 {
        let (timeout, last) = (u64::from(self.timeout_us), self.retries.count());
        debug_assert!(last <= Retries::MAX, "limits are applied to every plan");
        // The timeout has 32 bits and is doubled at most 16 times.
        let weighted = timeout << self.retries.doublings(sent.min(last));
        let wanted = match self.retries.spacing() {
            Spacing::Closing if sent > 0 => self.closing_us(sent, left_us),
            _ if sent >= last && left_us / 2 < weighted => left_us,
            _ => weighted,
        };
        within(wanted, timeout, self.interval_us)
    }

    /// Returns the wait after the `sent`-th closing retry. `left_us` is the time until the bound.
    fn closing_us(&self, sent: u8, left_us: u64) -> u64 {
        if sent >= self.retries.count() {
            return left_us;
        }
        let timeout = u64::from(self.timeout_us);
        let margin_q16 = u32::from(self.margin_percent) * u32::from(HUNDREDTH_Q16);
        let usable = saturating::minus(left_us, scaled_q16(self.bound_us, margin_q16));
        let wanted = saturating::min(
            Retries::grown_us(timeout, sent),
            scaled_q16(usable, TWO_FIFTHS_Q16),
        );
        if saturating::max(wanted, timeout) > usable {
            left_us
        } else {
            wanted
        }
    }
}

/// Unpacks a span of 11 bits, shifted left by the number in the low 5 bits.
pub(super) fn unpacked(packed: u16) -> u64 {
    u64::from(packed >> 5) << (packed & 31)
}

#[cfg(test)]
mod tests;
