//! How an overdue probe is asked again.

use core::fmt;

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
/// When they are used up before the bound is reached, steady probes go on until it is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(from = "super::serde::Retries", into = "super::serde::Retries")
)]
pub struct Retries(u8); // the count in the low six bits, the spacing in the high two: a plan is one of many

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) enum Spacing {
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
    /// [margin](crate::Plan::with_margin_percent); no two are closer than a timeout. For plans with a stated bound;
    /// without one the same as [`Retries::exponential`].
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

    /// How many there are; 63 stands for more.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.0 & COUNT_MASK
    }

    pub(super) const fn at_most(self, count: u8) -> Self {
        if self.count() <= count {
            return self;
        }
        Self::new(count, self.spacing())
    }

    pub(crate) const fn less_one(self) -> Self {
        self.at_most(self.count().saturating_sub(1))
    }

    /// Whether they can be had as they are, without a stated bound: at most the most, and fixed or exponential.
    pub(crate) const fn is_plain(self) -> bool {
        self.0 & !EXPONENTIAL <= Self::MAX
    }

    /// The same as [`total_weight`](Self::total_weight), of plain ones.
    pub(super) const fn plain_weight(self) -> u32 {
        let count = self.count() as u32;
        if self.0 & EXPONENTIAL == 0 {
            count + 1
        } else {
            2_u32.wrapping_shl(count).wrapping_sub(1)
        }
    }

    /// There is nothing to close in on.
    pub(super) const fn without_bound(self) -> Self {
        match self.spacing() {
            Spacing::Closing => Self::exponential(self.count()),
            _ => self,
        }
    }

    /// How often the timeout is doubled for the wait after the `sent`-th retry (0: the steady probe).
    pub(super) const fn doublings(self, sent: u8) -> u32 {
        match self.spacing() {
            Spacing::Fixed => 0,
            Spacing::Exponential | Spacing::Closing => sent as u32,
        }
    }

    /// The wait after the `sent`-th closing retry: `timeout` again after the first, then half as much more each time.
    pub(super) const fn grown_us(timeout: u64, sent: u8) -> u64 {
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
            Spacing::Closing => 1,
            Spacing::Fixed | Spacing::Exponential => self.plain_weight(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_table() {
        let doublings = |retries: Retries| [0, 1, 2, 16].map(|sent| retries.doublings(sent));
        assert_eq!(doublings(Retries::fixed(2)), [0; 4]);
        assert_eq!(doublings(Retries::exponential(2)), [0, 1, 2, 16]);
        assert_eq!(doublings(Retries::closing(2)), [0, 1, 2, 16]);
        let total = |retries: Retries| retries.total_weight();
        assert_eq!([0, 2, 16].map(|n| total(Retries::fixed(n))), [1, 3, 17]);
        assert_eq!(
            [0, 2, 16].map(|n| total(Retries::exponential(n))),
            [1, 7, 131_071]
        );
        assert_eq!([0, 2, 16].map(|n| total(Retries::closing(n))), [1; 3]);
    }

    #[test]
    fn closing_waits_grow_by_half_from_the_second_on() {
        let waits = [0, 1, 2, 3, 4].map(|sent| Retries::grown_us(80, sent));
        assert_eq!(waits, [80, 80, 120, 180, 270]);
    }

    #[test]
    fn only_a_few_fixed_or_doubling_ones_are_plain() {
        for count in [0, 1, Retries::MAX] {
            for retries in [Retries::fixed(count), Retries::exponential(count)] {
                assert!(retries.is_plain());
                assert_eq!(retries.plain_weight(), retries.total_weight());
            }
            assert!(!Retries::closing(count).is_plain());
        }
        let many = Retries::MAX + 1;
        assert!(!Retries::fixed(many).is_plain() && !Retries::exponential(many).is_plain());
    }

    #[test]
    fn what_has_nothing_to_close_in_on_doubles() {
        assert_eq!(Retries::closing(3).without_bound(), Retries::exponential(3));
        assert_eq!(Retries::fixed(3).without_bound(), Retries::fixed(3));
        assert_eq!(
            Retries::exponential(3).without_bound(),
            Retries::exponential(3)
        );
    }

    #[test]
    fn there_are_at_most_63_and_one_less_each_time() {
        for (make, spacing) in [
            (Retries::fixed as fn(u8) -> Retries, Spacing::Fixed),
            (Retries::exponential, Spacing::Exponential),
            (Retries::closing, Spacing::Closing),
        ] {
            let counts = [0, 62, 63, 64, 255].map(|count| make(count).count());
            assert_eq!(counts, [0, 62, 63, 63, 63]);
            assert_eq!(make(255).spacing(), spacing);
            assert_eq!(make(3).less_one(), make(2));
            assert_eq!(make(0).less_one(), make(0));
            assert_eq!((make(3).at_most(3), make(4).at_most(3)), (make(3), make(3)));
        }
    }
}
