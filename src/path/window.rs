//! The last N round-trip times and their exact moments.

use core::time::Duration;

use crate::math::cpu::NATIVE_64;
use crate::math::fixed_point::{divided, fraction};
use crate::math::root::{root, root_ratio};
use crate::time::{duration, rtt_micros};

#[cfg(feature = "alloc")]
mod compact;

#[cfg(feature = "alloc")]
pub(crate) use compact::CompactSamples;

/// The default number of round-trip times in the window of a machine: 32. A shorter window follows
/// a change sooner; a longer window measures fluctuation more precisely.
pub const DEFAULT_WINDOW: usize = 32;

/// A ring of the last `N` round-trip times. It returns their mean and standard deviation in
/// constant time.
///
/// Samples are whole microseconds up to 71 minutes; longer ones count as 71 minutes. The sums are
/// integers and therefore exact after any number of samples: they do not drift, are never
/// recomputed and cannot become negative. `N` is 1 to 65,535, checked at compile time. A window
/// takes `4 * N + 32` bytes.
///
/// ```
/// use core::time::Duration;
/// use systole::path::RttWindow;
///
/// let mut window = RttWindow::<4>::new();
/// for ms in [900, 2, 4, 4, 6] {
///     window.push(Duration::from_millis(ms)); // the fifth pushes the first out
/// }
/// assert_eq!(window.moments().mean(), Duration::from_millis(4));
/// assert_eq!(window.moments().standard_deviation(), Duration::from_micros(1_414));
/// assert!((window.moments().fluctuation() - 0.3535).abs() < 1e-4);
/// ```
///
/// An empty ring does not compile:
///
/// ```compile_fail,E0080
/// let window = systole::path::RttWindow::<0>::new();
/// ```
#[derive(Clone, Debug, PartialEq)]
// The fields that every access needs come first, within the offsets that the short instructions of
// small cores can address.
#[repr(C)]
pub struct RttWindow<const N: usize> {
    /// The index of the next sample, always below `N`. It also wraps around while the window still
    /// fills.
    next: u32,
    moments: Moments,
    /// Filled from index 0; the rest is 0.
    samples: [u32; N],
}

impl<const N: usize> RttWindow<N> {
    /// Creates an empty window.
    #[must_use]
    pub const fn new() -> Self {
        const {
            assert!(
                N > 0 && N <= u16::MAX as usize,
                "a window holds 1 to 65,535 samples"
            );
        };
        Self {
            samples: [0; N],
            next: 0,
            moments: Moments::new(),
        }
    }

    /// Records a round-trip time. If the window is full, it replaces the oldest. O(1).
    pub fn push(&mut self, rtt: Duration) {
        self.push_us(rtt_micros(rtt));
    }

    #[inline]
    /// Does the same as [`push`](Self::push) in microseconds.
    pub(crate) fn push_us(&mut self, rtt_us: u32) {
        let next = self.next as usize; // below N
        self.next = if next + 1 < N { self.next + 1 } else { 0 };
        if let Some(slot) = self.samples.get_mut(next) {
            // Removing the 0 of an unused slot changes nothing.
            self.moments.remove(core::mem::replace(slot, rtt_us));
            self.moments.count += u16::from(usize::from(self.moments.count) < N);
            self.moments.add(rtt_us);
        }
        debug_assert!((self.next as usize) < N && usize::from(self.moments.count) <= N);
    }

    /// Returns the moments of the samples in the window.
    #[must_use]
    pub const fn moments(&self) -> &Moments {
        &self.moments
    }

    /// Returns the samples, in no particular order. Queries over them, such as their minimum, are
    /// O(N).
    pub fn iter(&self) -> impl Iterator<Item = Duration> + '_ {
        self.held().map(|&rtt_us| duration(u64::from(rtt_us)))
    }

    fn held(&self) -> impl Iterator<Item = &u32> {
        self.samples.iter().take(usize::from(self.moments.count))
    }

    /// Returns how many samples were recorded, modulo `N`.
    #[cfg(any(test, feature = "metrics"))]
    pub(crate) const fn turn(&self) -> usize {
        self.next as usize
    }

    /// Returns the samples recorded since [`turn`](Self::turn) returned `turn`, in no particular
    /// order. After exactly `N` samples it returns none.
    #[cfg(any(test, feature = "metrics"))]
    pub(crate) fn since(&self, turn: usize) -> impl Iterator<Item = Duration> + '_ {
        let news = (self.turn() + N - turn % N) % N;
        (0..news).filter_map(move |step| {
            let rtt_us = self.samples.get((turn + step) % N)?;
            Some(duration(u64::from(*rtt_us)))
        })
    }

    /// Returns whether the sums match the samples. Tests check this after every step. O(N).
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let mut moments = Moments::new();
        for &rtt_us in self.held() {
            moments.count += 1;
            moments.add(rtt_us);
        }
        moments == self.moments && (self.next as usize) < N
    }
}

impl<const N: usize> Default for RttWindow<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// The exact moments of a window: count, mean, standard deviation and fluctuation.
///
/// The standard deviation is that of the population, sqrt(E(x^2) - E(x)^2). By the Cauchy-Schwarz
/// inequality the difference of the integer sums is never negative. All moments are zero if there
/// is no sample.
#[derive(Clone, Debug, PartialEq, Eq)]
// Packing saves four bytes in every machine. It costs nothing on small devices, because their words
// have 32 bits.
#[repr(C, packed(4))]
pub struct Moments {
    /// Below 2^48, since there are fewer than 2^16 samples below 2^32.
    sum: u64,
    /// The low 64 bits of the sum of squares, which is below 2^80. (A `u128` would cost 12 bytes of
    /// padding.)
    squares_low: u64,
    /// The rest of the sum of squares.
    squares_high: u16,
    count: u16,
}

impl Moments {
    pub(crate) const fn new() -> Self {
        Self {
            sum: 0,
            squares_low: 0,
            squares_high: 0,
            count: 0,
        }
    }

    fn add(&mut self, rtt_us: u32) {
        let (low, carry) = self.squares_low.overflowing_add(square(rtt_us));
        self.squares_low = low;
        self.squares_high = self.squares_high.wrapping_add(u16::from(carry));
        self.sum = self.sum.wrapping_add(u64::from(rtt_us));
    }

    fn remove(&mut self, rtt_us: u32) {
        debug_assert!(self.sum >= u64::from(rtt_us));
        let (low, borrow) = self.squares_low.overflowing_sub(square(rtt_us));
        self.squares_low = low;
        self.squares_high = self.squares_high.wrapping_sub(u16::from(borrow));
        self.sum = self.sum.wrapping_sub(u64::from(rtt_us));
    }

    /// Returns the number of samples.
    #[must_use]
    pub const fn count(&self) -> u16 {
        self.count
    }

    /// Returns the mean, rounded down to microseconds.
    #[must_use]
    pub const fn mean(&self) -> Duration {
        duration(self.mean_us() as u64)
    }

    /// Returns the population standard deviation, rounded down to microseconds, within one part in
    /// 2^31.
    #[must_use]
    pub const fn standard_deviation(&self) -> Duration {
        match root(self.spread()).checked_div(self.count as u64) {
            Some(deviation) => duration(deviation),
            None => Duration::ZERO,
        }
    }

    /// Returns the standard deviation divided by the mean, sigma/mu, or 0 if the mean is 0. At most
    /// sqrt(count - 1).
    #[must_use]
    pub const fn fluctuation(&self) -> f64 {
        fraction(self.fluctuation_q16(), 16)
    }

    #[allow(clippy::cast_possible_truncation)] // a mean of u32 samples
    pub(crate) const fn mean_us(&self) -> u32 {
        divided(self.sum, self.count as u64) as u32
    }

    /// Returns the standard deviation in microseconds, within 1.3e-5 of itself, without the 64-bit
    /// division that an exact one takes.
    pub(crate) const fn deviation_us(&self) -> u32 {
        self.root_of_spread_by(self.count as u64, 0)
    }

    /// Returns the [`fluctuation`](Self::fluctuation) in 65,536ths, within 1.3e-5 of itself plus
    /// half a unit, for devices without a floating-point unit.
    #[must_use]
    #[allow(clippy::inline_always)] // runs for every sample
    #[inline(always)]
    pub const fn fluctuation_q16(&self) -> u32 {
        self.root_of_spread_by(self.sum, 16)
    }

    /// Returns count * sigma / `divisor` in `fraction` fractional bits. On 32-bit cores it is not
    /// inlined, because each copy would take fifty bytes.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    #[allow(clippy::inline_always)] // runs for every sample
    const fn root_of_spread_by(&self, divisor: u64, fraction: u32) -> u32 {
        root_ratio(self.spread(), divisor, fraction)
    }

    /// Returns (count * sigma)^2 = count * sum of squares - sum^2, which is below 2^96 and never
    /// negative by the Cauchy-Schwarz inequality.
    const fn spread(&self) -> u128 {
        if NATIVE_64 {
            let squares = (self.squares_high as u128) << 64 | self.squares_low as u128;
            return self.count as u128 * squares - self.sum as u128 * self.sum as u128;
        }
        self.spread_in_halves()
    }

    /// Does the same in products of 32 by 32 bits: on a small core, a product of 64 by 64 bits
    /// costs as much as three of them.
    const fn spread_in_halves(&self) -> u128 {
        let count = self.count as u64;
        let (low, high) = halves(self.squares_low);
        let (sum_low, sum_high) = halves(self.sum);
        let (bottom, borrow) = (count * low).overflowing_sub(sum_low * sum_low);
        let top =
            (count * self.squares_high as u64).wrapping_sub(sum_high * sum_high + borrow as u64);
        // In units of 2^32. The sum wraps on the way and is right at the end, since the result fits
        // 64 bits.
        let upper = (bottom >> 32)
            .wrapping_add(top << 32)
            .wrapping_add(count * high)
            .wrapping_sub((sum_low * sum_high) << 1);
        (upper as u128) << 32 | halves(bottom).0 as u128
    }
}

/// Returns the low and the high 32 bits.
const fn halves(wide: u64) -> (u64, u64) {
    (wide & 0xffff_ffff, wide >> 32)
}

fn square(value: u32) -> u64 {
    u64::from(value) * u64::from(value)
}

#[cfg(test)]
mod tests;
