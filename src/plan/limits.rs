//! The limits to which every plan is fitted.

use crate::math::cpu::NATIVE_64;
use crate::math::saturating::{self, within};
use crate::plan::{HUNDREDTH_Q16, Plan, Retries};
use crate::time::saturate;

/// The limits of every plan and verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Packing saves four bytes in every machine.
#[repr(C, packed(4))]
pub(crate) struct Limits {
    pub(crate) interval_min_us: u64,
    pub(crate) interval_max_us: u64,
    /// The stated bound on detection time; 0 if none is stated.
    pub(crate) bound_us: u64,
    pub(crate) timeout_first_us: u32,
    pub(crate) timeout_min_us: u32,
    pub(crate) timeout_max_us: u32,
    /// How far jitter may shorten an interval, in per cent.
    pub(crate) jitter_percent: u8,
    pub(crate) retries: Retries,
    /// The number of replies in a row after which a dead peer is alive.
    pub(crate) rise: u8,
    /// The number of refusals in a row that suffice for `Dead`; 0 if the bound always has to pass.
    pub(crate) refusals: u8,
}

impl Limits {
    /// Returns the interval at which `plan` probes a dead peer.
    pub(crate) fn dead_interval_us(&self, plan: &Plan) -> u64 {
        let wanted_us = plan.wanted_dead_interval_us();
        within(wanted_us, self.interval_min_us, self.interval_max_us)
    }

    /// Returns a copy, made field by field, because on a small core the standard library's `memcpy`
    /// alone would be a tenth of the code of a monitor.
    pub(crate) const fn copied(&self) -> Self {
        Self {
            interval_min_us: self.interval_min_us,
            interval_max_us: self.interval_max_us,
            bound_us: self.bound_us,
            timeout_first_us: self.timeout_first_us,
            timeout_min_us: self.timeout_min_us,
            timeout_max_us: self.timeout_max_us,
            jitter_percent: self.jitter_percent,
            retries: self.retries,
            refusals: self.refusals,
            // This expression prevents the optimiser from emitting a `memcpy` after all.
            rise: if self.rise > 0 { self.rise } else { 1 },
        }
    }

    /// Returns the default request timeout: the shortest interval, or the longest timeout if that
    /// is shorter.
    pub(crate) const fn request_us(&self) -> u32 {
        let shortest = saturate(self.interval_min_us);
        if shortest < self.timeout_max_us {
            shortest
        } else {
            self.timeout_max_us
        }
    }

    /// Shortens all timeouts to at most `most_us`.
    pub(crate) const fn cap_timeouts(&mut self, most_us: u32) {
        if self.timeout_max_us > most_us {
            self.timeout_max_us = most_us;
        }
        if self.timeout_first_us > most_us {
            self.timeout_first_us = most_us;
        }
        if self.timeout_min_us > most_us {
            self.timeout_min_us = most_us;
        }
    }

    /// Sets `plan` to the plan nearest to `wish` that these limits allow, with its bound. It writes
    /// in place, which saves a copy for every sample.
    ///
    /// Pushback from the server takes precedence over the bound, and the bound over the policy. To
    /// keep the bound, retries are removed first, then the interval is shortened. If the plan still
    /// does not fit, its bound is restated. No pushback lengthens an interval beyond `ceiling_us`.
    #[inline]
    pub(crate) fn fit(&self, wish: Plan, pushbacks: u8, ceiling_us: u64, plan: &mut Plan) {
        plan.dead = wish.dead;
        plan.margin_percent = wish.margin_percent;
        plan.retries = wish.retries;
        plan.interval_us = within(wish.interval_us, self.interval_min_us, self.interval_max_us);
        let free = self.bound_us | u64::from(pushbacks) == 0 && plan.retries.is_plain();
        if !(NATIVE_64 && free && self.fit_freely(plan, wish.timeout_us)) {
            plan.timeout_us = wish.timeout_us;
            self.fit_closely(plan, pushbacks, ceiling_us);
        }
    }

    /// Fits a plan by a shorter computation, for the usual case of a timeout within the interval.
    /// Returns whether the result is valid. Small cores leave this function out to save flash.
    #[inline]
    fn fit_freely(&self, plan: &mut Plan, timeout_us: u32) -> bool {
        let floored = timeout_us.max(self.timeout_min_us);
        plan.timeout_us = floored.min(self.timeout_max_us);
        let tail = u64::from(plan.timeout_us) * u64::from(plan.retries.plain_weight());
        plan.bound_us = plan.interval_us + tail;
        !plan.overlaps()
    }

    /// Fits any plan.
    #[inline(never)]
    fn fit_closely(&self, plan: &mut Plan, pushbacks: u8, ceiling_us: u64) {
        plan.timeout_us = self.fit_timeout_us(plan.timeout_us);
        plan.retries = plan.retries.at_most(Retries::MAX);
        if pushbacks > 0 {
            self.push_back(plan, pushbacks, ceiling_us);
        } else if self.bound_us > 0 {
            self.fit_bound(plan);
        } else {
            plan.retries = plan.retries.without_bound();
        }
        let mut needed = plan.interval_us + plan.tail_us();
        if needed > self.bound_us && pushbacks > 0 {
            // This leaves time for another probe: one lost reply must not lead to `Dead`.
            needed += plan.interval_us;
        }
        plan.bound_us = needed;
        plan.loosen(self.bound_us);
        if plan.overlaps() {
            plan.retries = Retries::NONE;
        }
        debug_assert!(plan.bound_us >= plan.interval_us + u64::from(plan.timeout_us));
    }

    /// Returns the timeout nearest to `wish_us` within the limits.
    pub(crate) fn fit_timeout_us(&self, wish_us: u32) -> u32 {
        wish_us.min(self.timeout_ceiling()).max(self.timeout_min_us)
    }

    /// Returns the interval after jitter. Jitter shortens it, uniformly, by up to the configured
    /// share, but not below the shortest interval; `draw_q16` selects by how much.
    #[inline]
    pub(crate) fn jittered(&self, interval_us: u64, draw_q16: u32) -> u64 {
        // Intervals are at most 2^40, so neither product overflows.
        let jitter_q16 = u32::from(self.jitter_percent) * u32::from(HUNDREDTH_Q16);
        let spread = (interval_us * u64::from(jitter_q16)) >> 16;
        let room = saturating::min(spread, interval_us - self.interval_min_us);
        interval_us - ((room * u64::from(draw_q16)) >> 16)
    }

    /// Doubles the interval for every pushback, up to the ceiling, and removes the retries.
    #[cold]
    fn push_back(&self, plan: &mut Plan, pushbacks: u8, ceiling_us: u64) {
        let longest = saturating::min(self.interval_max_us, ceiling_us);
        let longest = saturating::max(longest, plan.interval_us);
        for _ in 0..pushbacks {
            plan.interval_us = saturating::min(plan.interval_us << 1, longest);
        }
        // A server that requests fewer steady probes must not receive retries either.
        plan.retries = Retries::NONE;
    }

    /// Returns the longest timeout. With a stated bound it leaves room for the shortest interval.
    fn timeout_ceiling(&self) -> u32 {
        if self.bound_us == 0 {
            return self.timeout_max_us;
        }
        // `Config` ensures that the bound exceeds the shortest interval.
        debug_assert!(self.bound_us > self.interval_min_us);
        let room = self.bound_us - self.interval_min_us;
        saturate(room).min(self.timeout_max_us)
    }

    /// Removes retries and then shortens the interval until the plan fits the stated bound. Retries
    /// are at most [`Retries::MAX`] here, so nothing overflows 64 bits.
    #[allow(clippy::missing_const_for_fn)] // a `const fn` would be inlined: 168 bytes of a monitor
    fn fit_bound(&self, plan: &mut Plan) {
        let floor = self.interval_min_us;
        let mut tail = plan.tail_us();
        while plan.retries.count() > 0 && floor + tail > self.bound_us {
            plan.retries = plan.retries.less_one();
            tail = plan.tail_us();
        }
        let room = saturating::minus(self.bound_us, tail);
        plan.interval_us = saturating::max(saturating::min(plan.interval_us, room), floor);
    }

    /// Returns the shortest bound that leaves room for an interval, a timeout and the retries.
    pub(crate) const fn least_bound_us(&self) -> u64 {
        self.interval_min_us.saturating_add(self.tail_min_us())
    }

    /// Returns the time that the steady probe and its retries take at the shortest timeout.
    const fn tail_min_us(&self) -> u64 {
        self.timeout_min_us as u64 * self.retries.total_weight() as u64
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Limits {
    fn format(&self, to: defmt::Formatter<'_>) {
        let Self {
            interval_min_us,
            interval_max_us,
            bound_us,
            timeout_first_us,
            timeout_min_us,
            timeout_max_us,
            retries,
            jitter_percent,
            rise,
            refusals,
        } = *self;
        defmt::write!(
            to,
            "Limits {{ interval_us: {}..={}, bound_us: {}, timeout_us: {} {}..={}, retries: {}, jitter_percent: {}, rise: {}, refusals: {} }}",
            interval_min_us,
            interval_max_us,
            bound_us,
            timeout_first_us,
            timeout_min_us,
            timeout_max_us,
            retries,
            jitter_percent,
            rise,
            refusals
        );
    }
}

#[cfg(test)]
mod tests;
