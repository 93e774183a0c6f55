//! What a policy decides: when to probe, how long to wait, how to ask again.

use core::fmt;
use core::time::Duration;

use crate::fixed::{WIDE, scaled_q16};
use crate::time::{duration, micros, rtt_micros, saturate};

#[cfg(feature = "serde")]
mod form;

/// How a probe that is overdue is asked again, before the peer is called dead.
///
/// The first retry goes out when a steady probe is overdue. What is listed here is the wait after each.
///
/// | | waits after the steady probe and its retries, in timeouts |
/// |---|---|
/// | [`Retries::NONE`] | 1 |
/// | [`Retries::fixed(2)`](Self::fixed) | 1, 1, 1 |
/// | [`Retries::exponential(2)`](Self::exponential) | 1, 2, 4 |
/// | [`Retries::closing(n)`](Self::closing) | 1, 1, 1.5, 2.25 …, but never over 2/5 of what is left until the bound |
///
/// Where the retries are out before a stated bound is reached, more follow at the last or a doubled wait until it is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "form::Retries", into = "form::Retries")
)]
pub struct Retries(u8); // the count in the low six bits, the spacing in the high two: a plan is one of many

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Spacing {
    Fixed,
    Exponential,
    Closing,
}

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
    /// The most retries a plan may have.
    pub const MAX: u8 = 16;

    /// The steady probe alone decides.
    pub const NONE: Self = Self::fixed(0);

    /// `count` retries, each one timeout after the last. Counts above [`Retries::MAX`] are refused by `Config`.
    #[must_use]
    pub const fn fixed(count: u8) -> Self {
        Self::new(count, Spacing::Fixed)
    }

    /// `count` retries at doubling waits, so that they outlast a short burst of loss.
    #[must_use]
    pub const fn exponential(count: u8) -> Self {
        Self::new(count, Spacing::Exponential)
    }

    /// `count` retries that close in on the bound: waits grow by half, but are never over 2/5 of what is left, so that
    /// the last ones fall just before it, where they still can refute a death. How close they come is the plan's
    /// [margin](Plan::with_margin_percent); no two are closer than a timeout. For plans with a stated bound;
    /// without one the same as [`Retries::exponential`].
    #[must_use]
    pub const fn closing(count: u8) -> Self {
        Self::new(count, Spacing::Closing)
    }

    const fn new(count: u8, spacing: Spacing) -> Self {
        let held = if count < COUNT_MASK {
            count
        } else {
            COUNT_MASK
        };
        Self(held | (spacing as u8) << 6)
    }

    const fn spacing(self) -> Spacing {
        match self.0 >> 6 {
            0 => Spacing::Fixed,
            1 => Spacing::Exponential,
            _ => Spacing::Closing,
        }
    }

    /// How many there are; 63 stands for more.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.0 & COUNT_MASK
    }

    const fn at_most(self, count: u8) -> Self {
        if self.count() <= count {
            return self;
        }
        Self::new(count, self.spacing())
    }

    pub(crate) const fn less_one(self) -> Self {
        self.at_most(self.count().saturating_sub(1))
    }

    /// Whether they can be had as they are, without a stated bound: at most the most, and fixed or exponential.
    const fn is_plain(self) -> bool {
        self.0 & !EXPONENTIAL <= Self::MAX
    }

    /// The same as [`total_weight`](Self::total_weight), of plain ones.
    const fn plain_weight(self) -> u32 {
        let count = self.count() as u32;
        if self.0 & EXPONENTIAL == 0 {
            count + 1
        } else {
            2_u32.wrapping_shl(count) - 1
        }
    }

    /// There is nothing to close in on.
    const fn without_bound(self) -> Self {
        match self.spacing() {
            Spacing::Closing => Self::exponential(self.count()),
            _ => self,
        }
    }

    /// The wait after the `sent`-th retry (0: the steady probe), in units of the timeout. Saturates.
    const fn weight(self, sent: u8) -> u32 {
        match self.spacing() {
            Spacing::Fixed => 1,
            _ if sent < 31 => 1 << sent,
            _ => 1 << 31,
        }
    }

    /// The wait after the `sent`-th closing retry: `timeout` again after the first, then half as much more each time.
    const fn grown_us(timeout: u64, sent: u8) -> u64 {
        let mut wait = timeout;
        let mut left = sent;
        while left > 1 {
            wait += wait / 2; // at most 15 times, and of 32 bits at first
            left -= 1;
        }
        wait
    }

    /// Timeouts from the send of a steady probe to the end of the last wait; closing retries fill what there is. Of at most
    /// [`MAX`](Self::MAX).
    pub(crate) const fn total_weight(self) -> u32 {
        match self.spacing() {
            Spacing::Fixed => self.count() as u32 + 1,
            Spacing::Exponential => 2_u32.wrapping_shl(self.count() as u32).wrapping_sub(1),
            Spacing::Closing => 1,
        }
    }
}

/// What a policy decides: the steady interval, the probe timeout, the retries, hence the bound on detection time.
///
/// A policy may answer anything; the machine fits every plan to the configured limits before it acts on it, so the laws hold
/// for any policy.
///
/// ```
/// use core::time::Duration;
/// use systole::{Plan, Retries};
///
/// let plan = Plan::new(Duration::from_secs(5), Duration::from_secs(1)).with_retries(Retries::exponential(2));
/// assert_eq!(plan.bound(), Duration::from_secs(5 + 1 + 2 + 4));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "form::Plan", into = "form::Plan")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Plan {
    interval_us: u64,
    /// 0 until the plan is fitted to its limits: then the stated bound, or what the rest adds up to.
    bound_us: u64,
    timeout_us: u32,
    /// The interval while the peer is dead: 11 bits, shifted left by the low 5; 0: the steady one.
    dead: u16,
    /// How long before the bound closing retries end, in per cent of it.
    margin_percent: u8,
    retries: Retries,
}

/// 1/100 and 2/5, rounded down.
pub(crate) const HUNDREDTH_Q16: u16 = 655;
const TWO_FIFTHS_Q16: u32 = 26_214;

impl Plan {
    /// Not yet drawn up: told apart by its interval of zero, which no fitted plan has.
    pub(crate) const NONE: Self = Self::from_micros(0, 0);

    /// A plan without retries.
    #[must_use]
    pub const fn new(interval: Duration, timeout: Duration) -> Self {
        Self::from_micros(micros(interval), rtt_micros(timeout))
    }

    /// The same in microseconds, which spares a policy two divisions a sample.
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

    /// The same plan with `retries`.
    #[must_use]
    pub const fn with_retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// The same plan that asks a dead peer every `interval`, to 0.1 % and held to the same limits as the steady one.
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

    /// The same plan whose [closing](Retries::closing) retries end this share of the bound before it: what comes later could not be
    /// answered in time.
    #[must_use]
    pub const fn with_margin_percent(mut self, percent: u8) -> Self {
        self.margin_percent = percent;
        self
    }

    pub(crate) fn with_interval_at_most(mut self, ceiling_us: u64) -> Self {
        self.interval_us = self.interval_us.min(ceiling_us);
        self
    }

    /// From one steady probe to the next, before jitter.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        duration(self.interval_us)
    }

    /// How long a steady probe may go unanswered before it is overdue.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        duration(self.timeout_us as u64)
    }

    /// How an overdue probe is asked again.
    #[must_use]
    pub const fn retries(&self) -> Retries {
        self.retries
    }

    /// The longest time from a crash to the verdict `Dead`, if polled on time.
    #[must_use]
    pub const fn bound(&self) -> Duration {
        if self.bound_us > 0 {
            return duration(self.bound_us);
        }
        let fitting = self.with_retries(self.retries.at_most(Retries::MAX));
        duration(self.interval_us.saturating_add(fitting.tail_us()))
    }

    pub(crate) const fn interval_us(&self) -> u64 {
        self.interval_us
    }

    pub(crate) const fn timeout_us(&self) -> u32 {
        self.timeout_us
    }

    /// Of a fitted plan.
    pub(crate) const fn bound_us(&self) -> u64 {
        self.bound_us
    }

    pub(crate) fn loosen(&mut self, bound_us: u64) {
        self.bound_us = self.bound_us.max(bound_us);
    }

    pub(crate) const fn is_drawn(&self) -> bool {
        self.interval_us > 0
    }

    pub(crate) fn dead_interval_us(&self, limits: &Limits) -> u64 {
        let wanted = match self.dead {
            0 => self.interval_us,
            packed => unpacked(packed),
        };
        within(wanted, limits.interval_min_us, limits.interval_max_us)
    }

    /// Whether answers may take longer than the interval: then steady probes take the place of the retries.
    const fn overlaps(&self) -> bool {
        self.timeout_us as u64 > self.interval_us
    }

    /// From the send of a steady probe to the end of the last wait.
    const fn tail_us(&self) -> u64 {
        if self.overlaps() {
            let steady = self.interval_us.saturating_mul(self.retries.count() as u64);
            return steady.saturating_add(self.timeout_us as u64);
        }
        self.timeout_us as u64 * self.retries.total_weight() as u64 // of 32 bits each
    }

    /// The wait after the `sent`-th retry of an episode (0: the steady probe) where `left_us` remain until the bound.
    ///
    /// At least the timeout and at most the interval; without retries, the interval: steady probes go on. When the planned retries are
    /// out and what is left would not hold two more waits, all of it is waited.
    pub(crate) fn wait_us(&self, sent: u8, left_us: u64) -> u64 {
        let timeout = u64::from(self.timeout_us);
        let weighted = timeout * u64::from(self.retries.weight(sent)); // of 32 bits each
        let wanted = match self.retries.spacing() {
            _ if self.retries.count() == 0 => return self.interval_us,
            Spacing::Closing if sent > 0 => self.closing_us(sent, left_us),
            _ if sent >= self.retries.count() && left_us / 2 < weighted => left_us,
            _ => weighted,
        };
        wanted.min(self.interval_us).max(timeout)
    }

    fn closing_us(&self, sent: u8, left_us: u64) -> u64 {
        if sent >= self.retries.count() {
            return left_us;
        }
        let timeout = u64::from(self.timeout_us);
        let margin_q16 = u32::from(self.margin_percent) * u32::from(HUNDREDTH_Q16);
        let usable = left_us.saturating_sub(scaled_q16(self.bound_us, margin_q16));
        let wanted = Retries::grown_us(timeout, sent).min(scaled_q16(usable, TWO_FIFTHS_Q16));
        if wanted.max(timeout) > usable {
            left_us
        } else {
            wanted
        }
    }
}

/// A span of 11 bits, shifted left by the low 5.
fn unpacked(packed: u16) -> u64 {
    u64::from(packed >> 5) << (packed & 31)
}

/// `value` held to `min..=max`; unlike `Ord::clamp`, without a panic where the two are the wrong way round.
fn within(value: u64, min: u64, max: u64) -> u64 {
    value.min(max).max(min)
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
            jitter_q16: _,
            rise,
        } = *self;
        defmt::write!(
            to,
            "Limits {{ interval_us: {}..={}, bound_us: {}, timeout_us: {} {}..={}, retries: {}, jitter_percent: {}, rise: {} }}",
            interval_min_us,
            interval_max_us,
            bound_us,
            timeout_first_us,
            timeout_min_us,
            timeout_max_us,
            retries,
            self.jitter_percent(),
            rise
        );
    }
}

/// What every plan and verdict is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed(4))] // four bytes less in every machine
pub(crate) struct Limits {
    pub(crate) interval_min_us: u64,
    pub(crate) interval_max_us: u64,
    /// The stated bound on detection time; 0: none.
    pub(crate) bound_us: u64,
    pub(crate) timeout_first_us: u32,
    pub(crate) timeout_min_us: u32,
    pub(crate) timeout_max_us: u32,
    /// How far jitter may shorten an interval, in 2^16.
    pub(crate) jitter_q16: u16,
    pub(crate) retries: Retries,
    /// Answers that bring a dead peer back.
    pub(crate) rise: u8,
}

impl Limits {
    /// How far jitter may shorten an interval, in per cent.
    #[cfg(any(feature = "serde", feature = "defmt"))]
    #[allow(clippy::cast_possible_truncation)] // at most 100
    pub(crate) const fn jitter_percent(&self) -> u8 {
        (self.jitter_q16 / HUNDREDTH_Q16) as u8
    }

    /// Makes `plan` the one nearest to `wish` that these limits allow, with its bound. In place, which spares the per-sample path a copy.
    ///
    /// What the server pushed back comes before the bound, and the bound before the policy: it sheds retries, then
    /// shortens the interval. What still does not fit restates the bound.
    #[inline]
    pub(crate) fn fit(&self, wish: Plan, pushbacks: u8, plan: &mut Plan) {
        plan.dead = wish.dead;
        plan.margin_percent = wish.margin_percent;
        plan.retries = wish.retries;
        plan.timeout_us = wish.timeout_us;
        plan.interval_us = within(wish.interval_us, self.interval_min_us, self.interval_max_us);
        let free = self.bound_us == 0 && pushbacks == 0 && plan.retries.is_plain();
        if !(WIDE && free && self.fit_freely(plan)) {
            self.fit_closely(plan, pushbacks);
        }
    }

    /// The short way, and the usual one, for plans that overlap nothing; small cores save its flash. Tells whether it led there.
    #[inline]
    fn fit_freely(&self, plan: &mut Plan) -> bool {
        let floored = plan.timeout_us.max(self.timeout_min_us);
        plan.timeout_us = floored.min(self.timeout_max_us);
        let tail = u64::from(plan.timeout_us) * u64::from(plan.retries.plain_weight());
        plan.bound_us = plan.interval_us + tail;
        !plan.overlaps()
    }

    /// The way for every plan.
    #[inline(never)]
    fn fit_closely(&self, plan: &mut Plan, pushbacks: u8) {
        plan.timeout_us = self.fit_timeout_us(plan.timeout_us);
        plan.retries = plan.retries.at_most(Retries::MAX);
        let floor = match pushbacks {
            0 => self.interval_min_us,
            _ => self.push_back(plan, pushbacks),
        };
        if self.bound_us > 0 {
            self.fit_bound(plan, floor);
        } else {
            plan.retries = plan.retries.without_bound();
            plan.bound_us = plan.interval_us + plan.tail_us();
        }
        if plan.overlaps() {
            plan.retries = Retries::NONE;
        }
    }

    pub(crate) fn fit_timeout_us(&self, wish_us: u32) -> u32 {
        wish_us.min(self.timeout_ceiling()).max(self.timeout_min_us)
    }

    /// Doubles the interval for every pushback; returns what no interval may be shorter than.
    #[cold]
    fn push_back(&self, plan: &mut Plan, pushbacks: u8) -> u64 {
        for _ in 0..pushbacks {
            plan.interval_us = (plan.interval_us << 1).min(self.interval_max_us);
        }
        plan.retries = Retries::NONE; // what is too often for steady probes is too often for retries
        plan.interval_us
    }

    /// With a stated bound, no timeout is longer than leaves room for the shortest interval.
    fn timeout_ceiling(&self) -> u32 {
        if self.bound_us == 0 {
            return self.timeout_max_us;
        }
        let room = self.bound_us - self.interval_min_us; // `Config` sees to it that there is some
        saturate(room)
            .min(self.timeout_max_us)
            .max(self.timeout_min_us)
    }

    /// Retries are at most [`Retries::MAX`] by now, and so nothing in here comes near 64 bits.
    fn fit_bound(&self, plan: &mut Plan, floor: u64) {
        let mut tail = plan.tail_us();
        while plan.retries.count() > 0 && floor + tail > self.bound_us {
            plan.retries = plan.retries.less_one();
            tail = plan.tail_us();
        }
        let room = self.bound_us.saturating_sub(tail);
        plan.interval_us = plan.interval_us.min(room).max(floor);
        let least = plan.interval_us + u64::from(plan.timeout_us);
        plan.bound_us = self.bound_us.max(least);
    }
}
