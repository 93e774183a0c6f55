//! What became of what the caller handed in about a probe.

use core::time::Duration;

use crate::time::duration;

/// What became of a reply. The `handle_reply` functions of [`Monitor`](crate::Monitor),
/// [`Failover`](crate::Failover) and `Fleet` return it.
///
/// `rtt` is the round-trip time that the machine learns from: without the time by which the caller
/// polled late, and without the delay that the peer reports. It is `None` where the reply does not
/// tell it: where it may answer one of several probes, or one that was voided or forgotten, or took
/// more than 4,294.967294 s.
///
/// ```
/// use core::time::Duration;
/// use systole::peer::ReplyOutcome;
/// use systole::{Config, Instant, Monitor, Output};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = Config::every(Duration::from_secs(1)).seed(7).without_initial_delay().build()?;
/// let mut monitor = Monitor::new(config, Instant::ZERO)?;
/// let Output::Send(id) = monitor.poll(Instant::ZERO) else { return Ok(()) };
///
/// let rtt = Duration::from_millis(20);
/// let arrived_at = Instant::ZERO.saturating_add(rtt);
/// let outcome = monitor.handle_reply(id, arrived_at);
/// assert_eq!(outcome, ReplyOutcome::Fresh { rtt: Some(rtt) });
/// assert_eq!(monitor.handle_reply(id, arrived_at), ReplyOutcome::Ignored); // a duplicate
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ReplyOutcome {
    /// It answers a probe in time and proves life.
    Fresh {
        /// The round-trip time.
        rtt: Option<Duration>,
    },
    /// It answers a probe that had been counted as lost or failed, and proves life.
    Late {
        /// The round-trip time.
        rtt: Option<Duration>,
    },
    /// It answers a probe that is older than the bound, and proves no life: it may have waited in a
    /// queue. Its round-trip time is learnt.
    Stale {
        /// The round-trip time.
        rtt: Option<Duration>,
    },
    /// It answers no probe that is waited for: a duplicate, an unknown id, an old incarnation, or no
    /// such peer. Nothing changes but a counter.
    Ignored,
}

impl ReplyOutcome {
    /// Returns the round-trip time, if the reply tells it.
    #[must_use]
    pub const fn rtt(self) -> Option<Duration> {
        match self {
            Self::Fresh { rtt } | Self::Late { rtt } | Self::Stale { rtt } => rtt,
            Self::Ignored => None,
        }
    }

    /// Returns whether the reply proves life: whether it is `Fresh` or `Late`.
    #[must_use]
    pub const fn proves_life(self) -> bool {
        matches!(self, Self::Fresh { .. } | Self::Late { .. })
    }
}

/// What became of a report that a probe failed, could not be sent or was not sent. The functions
/// `handle_failure`, `handle_unsent` and `handle_skipped` of [`Monitor`](crate::Monitor),
/// [`Failover`](crate::Failover) and `Fleet` return it.
///
/// The first three say as what the probe is counted in [`Counters`](crate::peer::Counters).
///
/// ```
/// use core::time::Duration;
/// use systole::peer::ProbeOutcome;
/// use systole::{Config, Failure, Instant, Monitor, Output};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = Config::every(Duration::from_secs(1)).seed(7).without_initial_delay().build()?;
/// let now = Instant::ZERO;
/// let mut monitor = Monitor::new(config, now)?;
/// let Output::Send(id) = monitor.poll(now) else { return Ok(()) };
///
/// assert_eq!(monitor.handle_failure(id, Failure::Refused, now), ProbeOutcome::Failed);
/// assert_eq!(monitor.handle_failure(id, Failure::Refused, now), ProbeOutcome::Ignored);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ProbeOutcome {
    /// The probe counts as failed, which is evidence against the peer.
    Failed,
    /// The probe counts as unsent, which is a local fault and no evidence.
    Unsent,
    /// The probe counts as abandoned, which is no evidence.
    Abandoned,
    /// The probe could not be sent, but it had been counted as lost and stays so. Its silence is no
    /// evidence any more.
    AlreadyLost,
    /// No such probe is waited for: it was answered, reported or forgotten before, or was never
    /// sent, or there is no such peer. Nothing changes but a counter.
    Ignored,
}

/// What became of a reply, in the two words in which it is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) kind: ReceiptKind,
    /// In microseconds; [`NO_RTT`] where it is not known.
    rtt_us: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiptKind {
    Fresh,
    Late,
    Stale,
    Ignored,
}

/// A time that is saturated is not known either.
const NO_RTT: u32 = u32::MAX;

impl Receipt {
    pub(crate) const IGNORED: Self = Self::new(ReceiptKind::Ignored, None);

    pub(crate) const fn new(kind: ReceiptKind, rtt_us: Option<u32>) -> Self {
        let rtt_us = match rtt_us {
            Some(rtt_us) => rtt_us,
            None => NO_RTT,
        };
        Self { kind, rtt_us }
    }

    /// Whether the reply proves life.
    pub(crate) const fn proves_life(self) -> bool {
        matches!(self.kind, ReceiptKind::Fresh | ReceiptKind::Late)
    }

    /// Whether the reply answers a probe.
    pub(crate) const fn is_answer(self) -> bool {
        !matches!(self.kind, ReceiptKind::Ignored)
    }
}

impl From<Receipt> for ReplyOutcome {
    fn from(receipt: Receipt) -> Self {
        let known = receipt.rtt_us != NO_RTT;
        let rtt = known.then(|| duration(receipt.rtt_us.into()));
        match receipt.kind {
            ReceiptKind::Fresh => Self::Fresh { rtt },
            ReceiptKind::Late => Self::Late { rtt },
            ReceiptKind::Stale => Self::Stale { rtt },
            ReceiptKind::Ignored => Self::Ignored,
        }
    }
}
