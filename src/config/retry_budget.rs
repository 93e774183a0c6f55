//! A limit on the retries that many machines send together.

use core::fmt;

/// A limit on retries that several machines share, to avoid retry storms. Pass it to
/// [`poll_with_budget`](crate::Monitor::poll_with_budget).
///
/// When a server or a path fails, every peer behind it becomes suspect at the same moment, and
/// retries multiply the load on a server or path that is just recovering. In any period, a budget
/// limits retries to a share of the other probes plus the reserve. A reserve of less than one retry
/// counts as one retry.
///
/// If a retry is not granted, the machine requests it again after one timeout. Each further wait is
/// longer. The requests end when the next steady probe is due. Verdicts come at the same time as
/// without a budget, but fewer probes are sent that could prevent a mistake.
///
/// The budget is lock-free if the target has atomic instructions. On other targets (Cortex-M0) only
/// one thread can use it, and it is not `Sync`.
///
/// ```
/// use core::time::Duration;
/// use systole::{Config, Instant, Monitor, Output, RetryBudget};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let budget = RetryBudget::new(10, 100); // one retry in ten other probes, a hundred at once
/// let config = Config::every(Duration::from_secs(5)).seed(0xd1ce).build()?;
/// let other = config.into_builder().seed(2).build()?;
/// let mut monitors = [
///     Monitor::new(config, Instant::ZERO)?,
///     Monitor::new(other, Instant::ZERO)?,
/// ];
/// for monitor in &mut monitors {
///     while let Output::Send(id) = monitor.poll_with_budget(Instant::from_secs(5), &budget) {
///         println!("send {id}");
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct RetryBudget {
    tokens: Tokens,
    /// How many tokens a probe that is not a retry adds. A retry costs [`RETRY`] tokens.
    income: u32,
    /// The largest number of tokens that can be saved up.
    most: u32,
}

/// The price of a retry in tokens.
const RETRY: u32 = 100;

impl RetryBudget {
    /// Creates a budget of `percent` retries per 100 other probes in the long run, and up to
    /// `reserve` retries at once.
    ///
    /// The reserve is available from the start. Without a reserve, a retry is granted once other
    /// probes have earned it. With a `percent` of 0 and no reserve, none is ever granted.
    #[must_use]
    pub const fn new(percent: u8, reserve: u16) -> Self {
        let held = reserve as u32 * RETRY;
        // Only whole retries are granted. A probe may earn `percent` tokens when `RETRY - 1` are
        // held, so the limit is the sum of both: no token is lost before one retry can be granted.
        let earned = match percent {
            0 => 0,
            1..=100 => RETRY - 1 + percent as u32,
            _ => RETRY,
        };
        Self {
            tokens: Tokens::new(held),
            income: percent as u32,
            most: if held > earned { held } else { earned },
        }
    }

    /// Returns how many retries would be granted now.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.tokens.get() / RETRY
    }

    /// Records that a probe that is not a retry is sent.
    pub(crate) fn earn(&self) {
        self.tokens
            .update(|held| Some((held + self.income).min(self.most))); // at most 2^23
    }

    /// Spends the price of a retry and returns whether the budget had enough tokens.
    pub(crate) fn spend(&self) -> bool {
        self.tokens.update(|held| held.checked_sub(RETRY))
    }
}

#[cfg(target_has_atomic = "32")]
type Tokens = Atomic;
/// The store of tokens. Targets without compare-and-swap have one core only.
#[cfg(not(target_has_atomic = "32"))]
type Tokens = Alone;

#[cfg(target_has_atomic = "32")]
struct Atomic(core::sync::atomic::AtomicU32);

#[cfg(target_has_atomic = "32")]
impl Atomic {
    const fn new(held: u32) -> Self {
        Self(core::sync::atomic::AtomicU32::new(held))
    }

    fn get(&self) -> u32 {
        self.0.load(core::sync::atomic::Ordering::Relaxed)
    }

    /// Applies `change` and returns whether it made one.
    fn update(&self, change: impl Fn(u32) -> Option<u32>) -> bool {
        // Relaxed ordering suffices, since the count guards no other data.
        use core::sync::atomic::Ordering::Relaxed;
        self.0.fetch_update(Relaxed, Relaxed, change).is_ok()
    }
}

#[cfg(any(test, not(target_has_atomic = "32")))]
struct Alone(core::cell::Cell<u32>);

#[cfg(any(test, not(target_has_atomic = "32")))]
impl Alone {
    const fn new(held: u32) -> Self {
        Self(core::cell::Cell::new(held))
    }

    const fn get(&self) -> u32 {
        self.0.get()
    }

    fn update(&self, change: impl Fn(u32) -> Option<u32>) -> bool {
        change(self.get()).map(|held| self.0.set(held)).is_some()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests;
