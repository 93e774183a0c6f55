//! Replicas: one active endpoint, the others at hand.

use heapless::Vec;

use crate::config::Config;
use crate::config::RetryBudget;
use crate::config::error::{ConfigError, Setting, check};
use crate::pacing::{Fixed, Pacing};
use crate::path::window::DEFAULT_WINDOW;
use crate::peer::probe::ProbeId;
use crate::time::Instant;

mod config;
mod decide;
mod endpoint;
mod endpoint_state;
mod event;
mod input;
mod status;

pub use config::{Builder, Failback, FailoverConfig, Preference, SwitchOn};
pub use endpoint::{Endpoint, EndpointMode};
pub use event::{FailoverEvent, Outage, SwitchReason};
pub use status::{Condition, EndpointStatus, GroupState};

use config::Rules;
use endpoint_state::EndpointState;
use event::Pending;

/// What [`Failover::poll`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum FailoverOutput {
    /// Send a probe that carries this id to this endpoint, now; then poll again.
    Probe {
        /// To which endpoint: its place in the list that the group was made from.
        endpoint: usize,
        /// What the probe carries.
        id: ProbeId,
    },
    /// Something happened; then poll again.
    Event(FailoverEvent),
    /// Nothing to do before this moment, unless something arrives. It lies in the future.
    Wait(Instant),
    /// Nothing to do any more: the end of time.
    Idle,
}

/// Keeps one of up to `M` endpoints active, and switches to another when it fails.
///
/// Every endpoint has a [`Monitor`](crate::Monitor) of its own that remembers `N` round-trip times: the active one is probed quickly, the others slowly, so that it is known which is
/// the best. Drive it like one: hand in what arrived, then [`poll`](Self::poll) until it answers [`FailoverOutput::Wait`].
///
/// ```
/// use core::time::Duration;
/// use systole::{Endpoint, Failover, FailoverConfig, FailoverEvent, FailoverOutput, Instant};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = FailoverConfig::builder().seed(0xd1ce).build()?;
/// let mut now = Instant::ZERO;
/// let mut group = Failover::<3, 16>::with_window(config, &[Endpoint::new(); 3], now)?;
/// let mut network = Vec::new(); // answers after 20 ms; endpoint 0 dies after a minute
///
/// while now < Instant::from_secs(80) {
///     network.retain(|&(endpoint, id, at)| at > now || {
///         group.handle_reply(endpoint, id, at);
///         false
///     });
///     now = loop {
///         match group.poll(now) {
///             FailoverOutput::Probe { endpoint, id } => {
///                 if endpoint != 0 || now < Instant::from_secs(60) {
///                     network.push((endpoint, id, now.saturating_add(Duration::from_millis(20))));
///                 }
///             }
///             FailoverOutput::Event(FailoverEvent::Switched { at, from, to, .. }) => {
///                 assert_eq!((from, to), (0, 1)); // update what routes requests
///                 assert!(at < Instant::from_secs(60).saturating_add(config.bound()));
///             }
///             FailoverOutput::Event(event) => println!("{event}"),
///             FailoverOutput::Wait(until) => break network.iter().map(|&(.., at)| at).fold(until, Instant::min),
///             FailoverOutput::Idle => return Ok(()),
///         }
///     };
/// }
/// assert_eq!((group.active(), group.switches(), group.quarantines()), (1, 1, 1));
/// # Ok(()) }
/// ```
///
/// # States of the group
///
/// | state | enters when | what the group does | event |
/// |---|---|---|---|
/// | [`Serving`](GroupState::Serving) | the active endpoint answers in time | probes it quickly, the others slowly; returns to a better one as [`Failback`] says | [`Restored`](FailoverEvent::Restored) after an outage |
/// | [`Suspecting`](GroupState::Suspecting) | a probe of the active one is overdue, or its answers come too late | probes all others at once; switches when it has failed, or as [`SwitchOn`] says, to the best that has answered a probe sent since | [`Switched`](FailoverEvent::Switched), [`Quarantined`](FailoverEvent::Quarantined) |
/// | [`Isolated`](GroupState::Isolated) | half of the endpoints in service, two at least, are suspected at once | takes the fault for ours: quarantines nobody and switches once at most in a hold-down, to one that has been back for two request timeouts | [`Down`](FailoverEvent::Down), once an outage |
/// | [`AllDead`](GroupState::AllDead) | all endpoints in service are dead | ends all quarantines, keeps probing as configured, and takes the first that is back as while isolated | [`Down`](FailoverEvent::Down), unless it was isolated before |
///
/// An outage is over when the active endpoint is healthy; one taken for ours, when in addition fewer than half are suspected, or the
/// active one has been healthy for the hold-down, which shows that the fault was theirs.
///
/// # Conditions of an endpoint
///
/// | condition | probed | may become active |
/// |---|---|---|
/// | [`Unknown`](Condition::Unknown) | yes | no |
/// | [`Healthy`](Condition::Healthy) | yes | yes |
/// | [`Suspected`](Condition::Suspected) | yes, with retries | no |
/// | [`Dead`](Condition::Dead): pinned, in an outage, or not yet known not to be our fault | yes | no |
/// | [`Quarantined`](Condition::Quarantined) | no; then it starts over as unknown | no |
/// | [`Disabled`](Condition::Disabled) | no | no |
///
/// # Bounds
///
/// A crash of the active endpoint is called within [`FailoverConfig::bound`], polled on time, and so are answers that have become slower than the
/// request timeout; our own lateness is credited as by a monitor. A warning causes one switch in a hold-down at most. An endpoint that goes up and down, all others being healthy, causes one
/// switch with [`Failback::Stay`]; with [`Failback::Prefer`] none back to it before it has been healthy for the hold-down without a break: at most
/// 1 + 2t / (first quarantine + hold-down) switches in a time t.
///
/// A poll costs at most two rounds over the monitors for each decision that falls due, mostly one; no allocation, no panic.
#[derive(Clone, Debug, PartialEq)]
pub struct Failover<const M: usize, const N: usize = DEFAULT_WINDOW, P: Pacing = Fixed> {
    rules: Rules,
    /// How endpoints are probed: of as many configurations as there are, one or, while the group is vacant, none.
    probing: Vec<Probing<P>, 1>,
    members: Vec<EndpointState<N, P>, M>,
    pending: Pending<M>,
    now: Instant,
    active: usize,
    /// When the active endpoint last changed.
    switched: Option<Instant>,
    /// The outage under way. A vector, as the `None` of an `Option` is not all zeros.
    outage_state: Vec<OutageState, 1>,
    switches: u32,
    quarantines: u32,
}

/// How the active endpoint is probed, and how all others are.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Probing<P> {
    active: Config<P>,
    standby: Config<P>,
}

/// An outage under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OutageState {
    outage: Outage,
    since: Instant,
    /// When it was last switched in it.
    switched: Option<Instant>,
    /// Whether the active endpoint was probed because another one is back.
    asked: bool,
}

impl OutageState {
    const fn new(outage: Outage, since: Instant) -> Self {
        Self {
            outage,
            since,
            switched: None,
            asked: false,
        }
    }
}

/// How many rounds of decisions a poll takes at most: what is left over is decided by the next one.
const ROUNDS: usize = 8;

impl<const M: usize, P: Pacing> Failover<M, DEFAULT_WINDOW, P> {
    /// Returns a group of `endpoints`, which are known by their places in the list. The best one by
    /// order or weight is active. Its first probe is due at once, those of the others are spread
    /// over an interval.
    ///
    /// # Errors
    /// Where there are no endpoints, all are disabled, no weight is above zero, two have one name, or
    /// the seed is missing.
    pub fn new(
        config: FailoverConfig<P>,
        endpoints: [Endpoint; M],
        now: Instant,
    ) -> Result<Self, ConfigError> {
        Self::with_window(config, &endpoints, now)
    }
}

impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// The most polls a drain takes: of each endpoint a probe, its quarantine, its release and a switch; the
    /// beginning and the end of an outage; and the deadline.
    pub const MAX_DRAIN: usize = 4 * M + 3;

    /// A group without endpoints, for a `static`: all zeros, so that it takes no flash and is never built on the stack. It asks for
    /// nothing before it is [started](Self::start).
    ///
    /// ```
    /// use systole::{Endpoint, Failover, FailoverConfig, Instant};
    ///
    /// # fn main() -> Result<(), systole::ConfigError> {
    /// let mut group = const { Failover::<8, 16>::vacant() }; // in firmware, a `static` in a `ConstStaticCell`
    /// group.start(FailoverConfig::builder().seed(0xd1ce).build()?, &[Endpoint::new(); 3], Instant::ZERO)?;
    /// assert_eq!(group.endpoints(), 3);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub const fn vacant() -> Self {
        Self {
            rules: Rules::NONE,
            probing: Vec::new(),
            members: Vec::new(),
            pending: Pending::new(),
            now: Instant::ZERO,
            active: 0,
            switched: None,
            outage_state: Vec::new(),
            switches: 0,
            quarantines: 0,
        }
    }

    /// Returns a group with room for `M` endpoints and windows of `N` round-trip times; see
    /// [`new`](Failover::new).
    ///
    /// # Errors
    /// Those of [`new`](Failover::new), and more than `M` endpoints.
    pub fn with_window(
        config: FailoverConfig<P>,
        endpoints: &[Endpoint],
        now: Instant,
    ) -> Result<Self, ConfigError> {
        let mut group = Self::vacant();
        group.start(config, endpoints, now)?;
        Ok(group)
    }

    /// Makes this a group of `endpoints` as [`new`](Failover::new) does, in place: the stack holds one endpoint at a time. What it was before is forgotten.
    ///
    /// # Errors
    /// Those of [`with_window`](Self::with_window); the group stays as it was.
    pub fn start(
        &mut self,
        config: FailoverConfig<P>,
        endpoints: &[Endpoint],
        now: Instant,
    ) -> Result<(), ConfigError> {
        endpoint::check_all(endpoints, M)?;
        check(Setting::Seed, config.active.seed.0, 1, u64::MAX)?;
        self.clear(&config, now);
        for &endpoint in endpoints {
            self.join(&config, endpoint);
        }
        self.active = self.first_in_service().unwrap_or(0);
        self.at(self.active, |active| {
            active.monitor.reconfigure(&config.active, now);
        });
        Ok(())
    }

    fn clear(&mut self, config: &FailoverConfig<P>, now: Instant) {
        self.rules = config.rules;
        self.members.clear();
        self.pending = Pending::new();
        self.now = now;
        self.switched = None;
        self.outage_state.clear();
        (self.switches, self.quarantines) = (0, 0);
        self.probing.clear();
        let _ = self.probing.push(Probing {
            active: config.active,
            standby: config.standby,
        }); // there is room for one
    }

    #[inline(never)] // its stack is given back before the next one joins
    fn join(&mut self, config: &FailoverConfig<P>, endpoint: Endpoint) {
        let seed = decide::seed_of(config.active.seed.0, self.members.len());
        let member = EndpointState::new(&config.standby, &config.rules, seed, endpoint, self.now);
        let _ = self.members.push(member); // there is room for `M`, as was checked
    }

    /// What to do at `now`. Call it until it answers [`FailoverOutput::Wait`] or [`FailoverOutput::Idle`]; and again at that moment, or after any `handle_*`.
    ///
    /// Early calls are harmless and answer the same deadline. Late calls cost detection time, as much as they are late.
    pub fn poll(&mut self, now: Instant) -> FailoverOutput {
        self.poll_with(now, None)
    }

    /// The same, with the retries of all endpoints held to `budget`, which any number of groups and monitors may share.
    pub fn poll_with_budget(&mut self, now: Instant, budget: &RetryBudget) -> FailoverOutput {
        self.poll_with(now, Some(budget))
    }

    pub(crate) fn poll_with(
        &mut self,
        now: Instant,
        budget: Option<&RetryBudget>,
    ) -> FailoverOutput {
        self.now = self.now.max(now);
        if self.members.is_empty() {
            return FailoverOutput::Idle;
        }
        let mut left_over = true;
        for _ in 0..ROUNDS {
            if !self.pending.is_empty() {
                break; // nothing is decided before what was is told
            }
            if let Some((endpoint, id)) = self.next_probe(budget) {
                return FailoverOutput::Probe { endpoint, id };
            }
            left_over = self.decide();
            if !left_over {
                break;
            }
        }
        self.settle();
        match self.pending.take() {
            Some(event) => FailoverOutput::Event(event),
            None if self.now == Instant::MAX => FailoverOutput::Idle,
            None if left_over => FailoverOutput::Wait(self.now.plus(1)),
            None => FailoverOutput::Wait(self.deadline()),
        }
    }

    fn next_probe(&mut self, budget: Option<&RetryBudget>) -> Option<(usize, ProbeId)> {
        let now = self.now;
        let in_service = |member: &&mut EndpointState<N, P>| member.in_service();
        let mut members = self.members.iter_mut().enumerate();
        members.find_map(|(index, member)| {
            let member = Some(member).filter(in_service)?;
            member.poll(now, budget).map(|id| (index, id))
        })
    }

    fn deadline(&self) -> Instant {
        let in_service = self.members.iter().filter(|member| member.in_service());
        let due = in_service.map(|member| member.due);
        let due = due.fold(self.timer(), Instant::min);
        due.max(self.now.plus(1))
    }

    fn active_member(&self) -> Option<&EndpointState<N, P>> {
        self.members.get(self.active)
    }

    /// The best endpoint in service, heard or not.
    fn first_in_service(&self) -> Option<usize> {
        let members = self.members.iter().enumerate();
        let in_service = members.filter(|(_, member)| member.in_service());
        let best = in_service.min_by_key(|(_, member)| self.rank(member));
        best.map(|(index, _)| index)
    }

    fn settle(&self) {
        debug_assert!(self.is_valid());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decided_while_an_event_waits_is_told_after_it() {
        let config = FailoverConfig::builder().seed(7).build().unwrap();
        let mut group =
            Failover::<4, 4>::with_window(config, &[Endpoint::new(); 4], Instant::ZERO).unwrap();
        let at = Instant::from_secs(5);
        for endpoint in 1..4 {
            group.at(endpoint, |member| member.quarantine = Some(at));
        }
        assert!(group.switch_to(0, at));
        group.activate(0, SwitchReason::Requested);
        let told = core::iter::from_fn(|| match group.poll(at) {
            FailoverOutput::Event(event) => Some(event.number()),
            FailoverOutput::Probe { .. } => Some(0),
            FailoverOutput::Wait(_) | FailoverOutput::Idle => None,
        });
        let (polls, told) = (
            Failover::<4, 4>::MAX_DRAIN,
            told.filter(|&number| number > 0),
        );
        assert!(told.take(polls).eq(1..=4));
    }
}
