//! The longest interval that something on the way survives: a NAT binding, an idle-connection reaper, a server's limit, a lease.

use core::time::Duration;

use crate::pacing::Statistics;
use crate::pacing::{Answer, EpisodeEnd, Pacing};
use crate::plan::Plan;
use crate::plan::Promise;
use crate::time::{Instant, duration, micros};

mod range;
mod record;
mod search;
mod state;

pub use range::LifetimeRange;
pub use record::LifetimeRecord;
pub use search::LifetimeSearch;
pub use state::LifetimeState;

/// Another policy, with a ceiling on its steady interval: what has to be refreshed lapses otherwise. The ceiling is
/// [stated](Self::at_most), follows from a [lease](Self::lease), or is [found](Self::search).
///
/// ```
/// use core::time::Duration;
/// use systole::pacing::{Lifetime, Pacing};
/// use systole::{Config, Heartbeat};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// // A lease of 30 s is renewed every 10 s at the latest, whatever the fluctuation rule wishes.
/// let polite = Config::every(Duration::from_secs(8)).build()?;
/// let policy = Lifetime::lease(*polite.policy(), Duration::from_secs(30));
/// let config = Config::with_policy(policy, Duration::from_secs(1), Duration::from_secs(60))
///     .jitter_percent(0)
///     .build()?;
/// let mut heart = Heartbeat::<8, _>::with_window(config);
/// heart.next_interval(Duration::from_millis(1));
/// assert_eq!(heart.next_interval(Duration::from_millis(900)), Duration::from_secs(10));
/// # Ok(()) }
/// ```
///
/// # Finding it
///
/// NATs forget an idle flow after anything from half a minute to hours, and say nothing; load balancers and servers close it. Every probe
/// refreshes it, and on a battery every probe is a wake of the radio, so that the longest interval that survives is the best one.
/// [`Config::lifetime`](crate::Config::lifetime) looks for it within a [`LifetimeRange`], between probes of the flow in use:
///
/// | | with a second flow | without |
/// |---|---|---|
/// | longer idles are tried | on the second flow, twice as long each time, then between what was survived and what was lost | on the flow in use, longer by 1/16 each time |
/// | the search ends | within 1/32 of the lifetime | at the first loss |
/// | connections given up to learn a lifetime that stays | none | one |
/// | interval kept | what was survived less 1/8; less 1/64 once the second flow has confirmed it, after 1, 4, 16 … intervals; and less a timeout, so that a lost probe may be asked again | less 1/64 and a timeout |
/// | more is tried | after 128, 256, 512 … intervals, 31 h at least, on the second flow | after 30, 60, 120 … days, at the price of a connection where nothing has changed |
/// | a lifetime that shrinks to less costs | one connection for each factor of 4 or part of it | three, and one for each further factor of 4 |
///
/// What was survived and is lost later is a lifetime that wanders or has shrunk, or a flow that was lost for another reason, such as a server
/// that restarts. One loss says little where the idle was survived many times before:
///
/// * A loss within half of what has been survived is ignored, but not two in a row.
/// * Without a second flow, the interval becomes 1/8 shorter than the idle that was lost. What was survived before is tried again after 30 days, or after
///   one day where at least 64 idles were survived in a row before the loss. When it is survived, the loss is undone; after the next loss it is tried
///   again after 30, 60, 120 … days. A loss at the shorter interval, after at least 16 idles there (then 32, 64, 128), shows that idles are not the cause:
///   it is ignored, and what was survived is tried again after a day. What is lost again after fewer than 4 idles has become much shorter, and the
///   interval goes back to a quarter.
/// * With a second flow, the flow in use goes back to a quarter at once. When at least 64 idles were survived in a row before the loss, the second flow tries
///   what was survived again as soon as it has found what is below it; six trials survived undo the loss.
///
/// While a loss is not undone the margin is doubled, up to three times. Before a second flow raises the interval above an idle that was lost otherwise, it survives
/// three trials on each of six occasions that are spread over more than a week. So a lifetime that depends on the time of day or of the week costs no more flows
/// than without a second flow.
///
/// The ceiling comes after what the server asks for: a [pushback](crate::Monitor::handle_pushback) lengthens the interval up to the ceiling and no further, and
/// ends when the flow is lost.
///
/// All of this is about the lifetime. Where packets are lost too, two in a row may take a flow with them whose lifetime is no longer than a few retries, and an interval
/// kept leaves room for one.
///
/// ```
/// use core::time::Duration;
/// use systole::pacing::LifetimeRange;
/// use systole::{Config, Instant, Monitor, Output};
///
/// const MINUTE: Duration = Duration::from_secs(60);
/// # fn main() -> Result<(), systole::ConfigError> {
/// let reach = LifetimeRange::between(MINUTE / 2, 60 * MINUTE)?;
/// let mut monitor = Monitor::<8, _>::with_window(Config::lifetime(reach).seed(0xd1ce).without_initial_delay().build()?, Instant::ZERO)?;
///
/// // A NAT that forgets after 5 minutes, 40 ms from a peer that names the address it sees us at.
/// let (mut now, mut refreshed, mut given_up) = (Instant::ZERO, Instant::ZERO, 0);
/// while now < Instant::from_secs(86_400) {
///     now = match monitor.poll(now) {
///         Output::Probe(id) => {
///             let at = now.saturating_add(Duration::from_millis(40));
///             if now.saturating_duration_since(refreshed) > 5 * MINUTE {
///                 given_up += 1;
///                 monitor.handle_flow_lost(at); // the address is another one
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
/// # How a lost flow looks
///
/// To the monitor, like a dead peer: the probe after a long idle goes unanswered, and so do its retries. Only the caller can open another flow and
/// see that the peer answers there. So:
///
/// 1. While the peer is `Suspect`, send the third retry and those after it over a new flow *as well* (connect again, bind another socket). Over the old one too: it may
///    have been a loss.
/// 2. If the new one alone answers, [`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost). What is under way is void, and the verdict is the peer's alone.
/// 3. A flow that is closed while it idles (a reset, an end of stream) is lost at that moment: the same call, and the search
///    knows the lifetime to the second.
///
/// Over TCP and whatever else sits on a connection this is all. A datagram that goes out *makes a new binding* where the old one was forgotten, and is
/// answered as if nothing had happened, while what the peer sends unasked is lost. So let the answer say where the probe came from, as
/// STUN does ([RFC5389, 15.2]); when the address is another one than before, the flow was lost before the probe was sent. To idle, a second flow has
/// to be like the first: NATs keep a flow that was answered more than once for longer.
///
/// Where nobody says that a flow was lost, it is concluded from verdicts: a peer that was called dead after an untried idle and came back
/// counts as a lost flow, and one that was called dead twice in a row after idles that had been survived. A short burst of loss is neither: a retry is answered,
/// and the idle counts for nothing. That is slower, costs verdicts, and takes outages of the peer for a lifetime; it is there so that nothing climbs for ever.
///
/// NATs that are refreshed by what arrives alone, or by what is sent alone, are the same to a probe that is answered. To other traffic they are
/// not: see [`LifetimeRange::refreshed_by_traffic`].
///
/// # Waking together
///
/// Intervals are a ceiling, and an earlier probe does no harm. Where the radio is awake anyway, and its next wake comes after the next probe is due, send
/// that probe now: see [`Monitor::next_probe_earliest`](crate::Monitor::next_probe_earliest).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Lifetime<P> {
    inner: P,
    reach: LifetimeRange,
}

impl<P: Pacing> Lifetime<P> {
    /// `inner`, with intervals of at most `ceiling`. The limits of the configuration come before it.
    #[must_use]
    pub const fn at_most(inner: P, ceiling: Duration) -> Self {
        Self::search(inner, LifetimeRange::only(micros(ceiling)))
    }

    /// `inner`, with intervals of at most a third of `ttl`, so that a renewal may be missed and asked again twice
    /// before the lease lapses.
    #[must_use]
    pub const fn lease(inner: P, ttl: Duration) -> Self {
        Self::search(inner, LifetimeRange::only(micros(ttl) / 3))
    }

    /// `inner`, with intervals of at most what is found within `reach`. The limits of the configuration come before it.
    #[must_use]
    pub const fn search(inner: P, reach: LifetimeRange) -> Self {
        Self { inner, reach }
    }

    /// The policy under the ceiling.
    #[must_use]
    pub const fn inner(&self) -> &P {
        &self.inner
    }

    /// The longest interval, found or not.
    #[must_use]
    pub const fn ceiling(&self) -> Duration {
        self.reach.most()
    }

    /// Where a lifetime is looked for.
    #[must_use]
    pub const fn range(&self) -> &LifetimeRange {
        &self.reach
    }

    // ---- what the caller of a machine says ----

    pub(crate) fn trial(&self, state: &LifetimeState<P::State>) -> Option<Duration> {
        state.found.trial_us(&self.reach).map(duration)
    }

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

    pub(crate) const fn lifetime_record(state: &LifetimeState<P::State>) -> LifetimeRecord {
        state.found.lifetime_record()
    }

    pub(crate) const fn on_recall(
        state: &mut LifetimeState<P::State>,
        memory: LifetimeRecord,
        age: Duration,
    ) {
        state.recall(memory, micros(age));
    }
}

impl<P: Pacing> Pacing for Lifetime<P> {
    type State = LifetimeState<P::State>;
    const INITIAL: Self::State = LifetimeState::new(P::INITIAL);

    fn on_probe(&self, state: &mut Self::State, now: Instant, retry: bool) {
        self.inner.on_probe(&mut state.inner, now, retry);
        if !retry {
            state.ask(now);
        }
    }

    fn on_answer(&self, state: &mut Self::State, answer: &Answer) {
        self.inner.on_answer(&mut state.inner, answer);
        state.answer(&self.reach, answer);
    }

    fn on_miss(&self, state: &mut Self::State, sent: Instant, now: Instant) {
        self.inner.on_miss(&mut state.inner, sent, now);
    }

    fn on_episode_end(&self, state: &mut Self::State, end: &EpisodeEnd) {
        self.inner.on_episode_end(&mut state.inner, end);
        state.end_episode(&self.reach, end.outcome);
    }

    fn on_lapse(&self, state: &mut Self::State, span_us: u64) {
        self.inner.on_lapse(&mut state.inner, span_us);
        state.lapse(span_us);
    }

    fn on_traffic(&self, state: &mut Self::State, now: Instant) {
        self.inner.on_traffic(&mut state.inner, now);
        state.traffic(&self.reach, now);
    }

    fn on_flow_lost(&self, state: &mut Self::State, now: Instant) {
        self.inner.on_flow_lost(&mut state.inner, now);
        state.lose_flow(&self.reach, now);
    }

    fn on_void(&self, state: &mut Self::State) {
        self.inner.on_void(&mut state.inner);
        state.forget_flow();
    }

    fn yields_to_traffic(&self) -> bool {
        self.reach.is_refreshed_by_traffic() && self.inner.yields_to_traffic()
    }

    fn ceiling(&self, state: &Self::State) -> Option<Duration> {
        let found = duration(state.found.interval_us(&self.reach));
        let inner = self.inner.ceiling(&state.inner);
        Some(inner.map_or(found, |inner| inner.min(found)))
    }

    fn plan(&self, state: &Self::State, path: &Statistics<'_>) -> Plan {
        let plan = self.inner.plan(&state.inner, path);
        let prudent_us = state.found.prudent_us(&self.reach, plan.timeout_us());
        plan.with_interval_at_most(prudent_us)
            .with_dead_interval_at_most(micros(self.reach.least()))
    }

    fn promise(&self, state: &Self::State) -> Option<Promise> {
        self.inner.promise(&state.inner)
    }

    fn is_broken(&self, state: &Self::State) -> bool {
        self.inner.is_broken(&state.inner)
    }
}
