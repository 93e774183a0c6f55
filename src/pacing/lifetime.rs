//! The lifetime policy. It keeps intervals short enough for whatever they have to refresh, such as
//! a NAT binding, or an idle timeout of a server or load balancer.

use core::time::Duration;

use crate::pacing::Pacing;
use crate::time::{duration, micros};

mod pacing;
mod range;
mod record;
mod search;
mod state;

pub use range::LifetimeRange;
pub use record::LifetimeRecord;
pub use search::LifetimeSearch;
pub use state::LifetimeState;

/// Limits the steady interval of another policy to a ceiling. Beyond it, the flow that the probes
/// refresh would lapse. The ceiling is [stated](Self::at_most) or [searched for](Self::search). A
/// deadline that a server enforces is a [lease](crate::lease), not a lifetime: there the holder
/// must know when it has ended.
///
/// ```
/// use core::time::Duration;
/// use systole::pacing::{Lifetime, Pacing};
/// use systole::{Config, Heartbeat};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// // The NAT drops the flow after 10 s, whatever the fluctuation rule plans.
/// let rule = Config::every(Duration::from_secs(8)).build()?;
/// let policy = Lifetime::at_most(*rule.policy(), Duration::from_secs(10));
/// let config = Config::with_policy(policy, Duration::from_secs(1), Duration::from_secs(60))
///     .jitter_percent(0)
///     .build()?;
/// let mut heart = Heartbeat::<8, _>::with_window(config);
/// heart.next_interval(Duration::from_millis(1));
/// assert_eq!(heart.next_interval(Duration::from_millis(900)), Duration::from_secs(10));
/// # Ok(()) }
/// ```
///
/// # Searching for the lifetime
///
/// NATs, load balancers and servers drop a flow that was idle for too long. Their idle timeouts
/// range from half a minute to hours and are never announced. Every probe refreshes the flow. On a
/// battery every probe wakes the radio, so the best interval is the longest that the flow survives.
/// [`Config::lifetime`](crate::Config::lifetime) searches for it within a [`LifetimeRange`],
/// between probes of the flow in use.
///
/// The *idle time* of a flow is the time from the last packet that refreshed it to the next. A flow
/// *survives* an idle time or is *lost* after it:
///
/// | | with a second flow | without |
/// |---|---|---|
/// | how longer idle times are tried | on the second flow, twice as long each time, then halfway between the survived and the lost idle time | on the flow in use, longer by 1/16 each time |
/// | the search ends | within 1/32 of the lifetime | at the first loss |
/// | connections lost to learn a constant lifetime | none | one |
/// | interval after the search | 7/8 of the survived idle time, rising to 63/64 as the second flow confirms it (after 1, 4, 16 … intervals); a timeout is subtracted, so that a lost probe can be retried | 63/64 of the survived idle time, less a timeout |
/// | when longer idle times are tried again | after 128, 256, 512 … intervals, at least 31 h, on the second flow | after 30, 60, 120 … days, which costs a connection if the lifetime has not changed |
/// | connections lost when the lifetime shrinks | one for each factor of 4 or part of it | three, and one for each further factor of 4 |
///
/// When a flow is lost after an idle time that was survived before, the lifetime has shrunk or
/// varies, or the flow was lost for another reason, such as a server restart. One loss proves
/// little if the idle time was survived many times before:
///
/// * A loss after at most half of the longest survived idle time is ignored, unless it is the
///   second in a row.
/// * Without a second flow, the interval becomes 7/8 of the lost idle time. The policy tries the
///   earlier idle time again after 30 days, or after one day if at least 64 idle times in a row
///   were survived before the loss. If the flow survives this trial, the policy cancels the loss
///   and returns to the earlier interval. After later losses, it waits 30, 60, 120 … days.
///   * A loss at the shorter interval, after at least 16 survived idle times (then 32, 64, 128),
///     has another cause than idling. The policy ignores it and tries the earlier idle time again
///     after one day.
///   * A second loss after fewer than 4 survived idle times shows a much shorter lifetime. The
///     policy reduces the interval to a quarter.
/// * With a second flow, the interval of the flow in use is reduced to a quarter at once. If at
///   least 64 idle times in a row were survived before the loss, the second flow tries the earlier
///   idle time again as soon as it has searched the range below. Six survived trials cancel the
///   loss.
///
/// Each such loss doubles the margin, at most three times, until the loss is cancelled. In all
/// other cases, the interval rises above a lost idle time only after the second flow has survived
/// 18 trials there: three on each of six occasions, spread over more than a week. So a lifetime
/// that depends on the time of day or of the week costs no more flows than without a second flow.
///
/// A [pushback](crate::Monitor::handle_pushback) from the server lengthens the interval up to the
/// ceiling but not beyond it, and ends when the flow is lost.
///
/// These rules assume that few packets are lost. An interval leaves room for one retry. If the
/// lifetime is no longer than a few retries, two packet losses in a row may therefore lose the
/// flow.
///
/// ```
/// use core::time::Duration;
/// use systole::pacing::LifetimeRange;
/// use systole::{Config, Instant, Monitor, Output};
///
/// const MINUTE: Duration = Duration::from_secs(60);
/// # fn main() -> Result<(), systole::ConfigError> {
/// let reach = LifetimeRange::between(MINUTE / 2, 60 * MINUTE)?;
/// let config = Config::lifetime(reach).seed(0xd1ce).without_initial_delay().build()?;
/// let mut monitor = Monitor::<8, _>::with_window(config, Instant::ZERO)?;
///
/// // A NAT forgets an idle flow after 5 minutes. The round trip to the peer takes 40 ms, and its
/// // replies name the address that the probe came from.
/// let (mut now, mut refreshed, mut given_up) = (Instant::ZERO, Instant::ZERO, 0);
/// while now < Instant::from_secs(86_400) {
///     now = match monitor.poll(now) {
///         Output::Send(id) => {
///             let at = now.saturating_add(Duration::from_millis(40));
///             if now.saturating_duration_since(refreshed) > 5 * MINUTE {
///                 given_up += 1;
///                 monitor.handle_flow_lost(at); // the address has changed
///             }
///             monitor.handle_reply(id, at);
///             refreshed = now;
///             at
///         }
///         Output::Wait(until) => until,
///         _ => now,
///     };
/// }
/// assert_eq!(given_up, 1);
/// let interval = monitor.snapshot(now).path.plan.interval();
/// assert!(interval > MINUTE * 9 / 2 && interval < 5 * MINUTE);
/// # Ok(()) }
/// ```
///
/// # Detecting a lost flow
///
/// To the monitor, a lost flow looks like a dead peer: the probe after a long idle time gets no
/// reply, and neither do its retries. Only the caller can open another flow and find that the peer
/// replies there:
///
/// 1. While the peer is `Suspect`, send the third retry and those after it over a new flow *as
///    well* (connect again, bind another socket). Keep using the old flow too, since the probe may
///    just have been lost.
/// 2. If replies come over the new flow alone, call
///    [`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost). The monitor then draws no
///    conclusion from outstanding probes, and the verdict is about the peer alone.
/// 3. If a flow is closed while it is idle (by a reset or an end of stream), it is lost at that
///    moment. Make the same call: the search then learns the lifetime to the second.
///
/// For TCP and other connections that is all. A datagram is different: if the binding was dropped,
/// the datagram *creates a new binding* and gets a reply as if nothing had happened, while packets
/// that the peer sends unasked are lost. So let the reply state the address that the probe came
/// from, as STUN does ([RFC5389, 15.2]). When the address differs from the previous one, the flow
/// was lost before the probe was sent. A second flow has to be used like the first before it idles:
/// NATs keep a flow for longer once it carried more than one reply.
///
/// If the caller never reports a lost flow, the policy infers losses from verdicts. A peer that was
/// called dead after an untried idle time and came back counts as a lost flow. So does one that was
/// called dead twice in a row after idle times that had been survived. A short burst of loss does
/// not count: a retry gets a reply, and the idle time is not evaluated. This inference is slower,
/// causes false verdicts, and mistakes outages of the peer for a short lifetime. It only prevents
/// the interval from growing for ever.
///
/// Some NATs are refreshed only by packets that arrive, or only by packets that are sent. For a
/// probe with a reply this makes no difference. For other traffic it does: see
/// [`LifetimeRange::refreshed_by_traffic`].
///
/// # Probing while the radio is awake
///
/// The interval is a ceiling, so a probe may be sent earlier. If the radio is awake for another
/// reason, and its next wake comes after the next probe is due, send that probe now: see
/// [`Monitor::next_probe_earliest`](crate::Monitor::next_probe_earliest).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Lifetime<P> {
    inner: P,
    reach: LifetimeRange,
}

impl<P: Pacing> Lifetime<P> {
    /// Limits the intervals of `inner` to `ceiling`. The limits of the configuration take
    /// precedence.
    #[must_use]
    pub const fn at_most(inner: P, ceiling: Duration) -> Self {
        Self::search(inner, LifetimeRange::only(micros(ceiling)))
    }

    /// Limits the intervals of `inner` to the lifetime that is found within `reach`. The limits of
    /// the configuration take precedence.
    #[must_use]
    pub const fn search(inner: P, reach: LifetimeRange) -> Self {
        Self { inner, reach }
    }

    /// Returns the policy whose intervals are limited.
    #[must_use]
    pub const fn inner(&self) -> &P {
        &self.inner
    }

    /// Returns the longest interval that the range allows, whether or not a flow has survived it.
    #[must_use]
    pub const fn ceiling(&self) -> Duration {
        self.reach.most()
    }

    /// Returns the range in which the lifetime is searched for.
    #[must_use]
    pub const fn range(&self) -> &LifetimeRange {
        &self.reach
    }

    // ---- calls of the machine's user ----

    /// Returns how long the second flow should idle next, if a trial is due.
    pub(crate) fn trial(&self, state: &LifetimeState<P::State>) -> Option<Duration> {
        state.found.trial_us(&self.reach).map(duration)
    }

    /// Records whether the second flow survived `idle`.
    pub(crate) fn on_trial(
        &self,
        state: &mut LifetimeState<P::State>,
        idle: Duration,
        survived: bool,
    ) {
        if survived {
            state.found.trial_survived(&self.reach, micros(idle));
        } else {
            state.found.trial_lost(&self.reach, micros(idle));
        }
    }

    /// Returns what to store for this network.
    pub(crate) const fn lifetime_record(state: &LifetimeState<P::State>) -> LifetimeRecord {
        state.found.lifetime_record()
    }

    /// Restarts the search from a record that is `age` old.
    pub(crate) const fn on_recall(
        state: &mut LifetimeState<P::State>,
        memory: LifetimeRecord,
        age: Duration,
    ) {
        state.recall(memory, micros(age));
    }
}
