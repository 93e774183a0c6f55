//! The machine that fails over between replicas: one endpoint is active, the others stand by.

use heapless::Vec;

use crate::config::error::{ConfigError, Setting, check};
use crate::pacing::{Fixed, Pacing};
use crate::path::window::DEFAULT_WINDOW;
use crate::peer::probe::ProbeId;
use crate::time::Instant;

use super::config::{Config, Rules};
use super::endpoint::{self, Endpoint};
use super::endpoint_state::EndpointState;
use super::outage_state::OutageState;
use super::pending::Pending;
use super::probing::{Probing, seed_of};

/// A probe that a group returns to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Probe {
    /// The endpoint's index in the list that the group was created from.
    pub endpoint: usize,
    /// The id that the probe carries.
    pub id: ProbeId,
}

/// Keeps one of up to `M` endpoints active, and switches to another when it fails.
///
/// Every endpoint has a [`Monitor`](crate::Monitor) of its own, which remembers `N` RTT samples.
/// The active endpoint is probed often, the others less often, so that the group knows which of
/// them is the best. Drive a group like a monitor: pass what arrived to the `handle_*` methods,
/// then call [`poll`](Self::poll) until it returns [`Output::Wait`](crate::Output::Wait).
///
/// ```
/// use core::time::Duration;
/// use systole::failover::{self, Endpoint, EventKind};
/// use systole::{Failover, Instant, Output};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = failover::Config::builder().seed(0xd1ce).build()?;
/// let mut now = Instant::ZERO;
/// let mut group = Failover::<3, 16>::with_window(config, &[Endpoint::new(); 3], now)?;
/// let mut network = Vec::new(); // replies after 20 ms; endpoint 0 crashes after a minute
///
/// while now < Instant::from_secs(80) {
///     network.retain(|&(endpoint, id, at)| at > now || {
///         group.handle_reply(endpoint, id, at);
///         false
///     });
///     now = loop {
///         match group.poll(now) {
///             Output::Send(failover::Probe { endpoint, id }) => {
///                 if endpoint != 0 || now < Instant::from_secs(60) {
///                     network.push((endpoint, id, now.saturating_add(Duration::from_millis(20))));
///                 }
///             }
///             Output::Event(event) => {
///                 println!("{event}");
///                 if let EventKind::Switched { from, to, .. } = event.kind {
///                     assert_eq!((from, to), (0, 1)); // update what routes requests
///                     assert!(event.at < Instant::from_secs(60).saturating_add(config.bound()));
///                 }
///             }
///             Output::Wait(until) => {
///                 break network.iter().map(|&(.., at)| at).fold(until, Instant::min);
///             }
///             Output::Idle => return Ok(()),
///         }
///     };
/// }
/// assert_eq!((group.active(), group.switches(), group.quarantines()), (1, 1, 1));
/// # Ok(()) }
/// ```
///
/// # States of the group
///
/// | state | entered when | what the group does | event |
/// |---|---|---|---|
/// | [`Serving`](crate::failover::GroupState::Serving) | the active endpoint replies in time | probes it quickly and the others slowly; returns to a better one as [`Failback`](crate::failover::Failback) says | [`Restored`](crate::failover::EventKind::Restored) after an outage |
/// | [`Suspecting`](crate::failover::GroupState::Suspecting) | a probe of the active endpoint is overdue, or its replies come too late | probes all others at once; switches when the active one has failed, or as [`SwitchOn`](crate::failover::SwitchOn) says, to the best that has replied to a probe sent since | [`Switched`](crate::failover::EventKind::Switched), [`Quarantined`](crate::failover::EventKind::Quarantined) |
/// | [`Isolated`](crate::failover::GroupState::Isolated) | half of the endpoints in service, and at least two, are suspected at once | assumes a local fault: quarantines no endpoint, and switches at most once per hold-down, to an endpoint that has been healthy again for two request timeouts | [`Down`](crate::failover::EventKind::Down), once per outage |
/// | [`AllDead`](crate::failover::GroupState::AllDead) | all endpoints in service are dead | ends all quarantines, keeps probing as configured, and switches as while isolated to the first endpoint that is back | [`Down`](crate::failover::EventKind::Down), unless the group was isolated before |
///
/// An outage ends when the active endpoint is healthy. An outage that was taken for a local fault
/// lasts until, in addition, fewer than half of the endpoints are suspected, or the active endpoint
/// has been healthy for the hold-down and for two request timeouts, which shows that the other
/// endpoints were at fault.
///
/// # Conditions of an endpoint
///
/// | condition | probed | may become active |
/// |---|---|---|
/// | [`Unknown`](crate::failover::Condition::Unknown) | yes | no |
/// | [`Healthy`](crate::failover::Condition::Healthy) | yes | yes |
/// | [`Suspected`](crate::failover::Condition::Suspected) | yes, with retries | no |
/// | [`Dead`](crate::failover::Condition::Dead), but not quarantined: pinned, in an outage, or while a local fault is still possible | yes | no |
/// | [`Quarantined`](crate::failover::Condition::Quarantined) | no; afterwards it starts over as unknown | no |
/// | [`Disabled`](crate::failover::Condition::Disabled) | no | no |
///
/// # Bounds
///
/// A group that is polled on time detects within
/// [`failover::Config::bound`](crate::failover::Config::bound) that the active endpoint has
/// crashed, or that its replies have become slower than the request timeout. Local lateness is
/// credited as it is by a monitor.
///
/// An early warning causes at most one switch per hold-down. An endpoint that flaps while all
/// others are healthy causes one switch with [`Failback::Stay`](crate::failover::Failback::Stay).
/// With [`Failback::Prefer`](crate::failover::Failback::Prefer) the group returns to it only after
/// it has been healthy without a break for the hold-down, which allows at most 1 + 2t / (first
/// quarantine + hold-down) switches in a time t.
///
/// A poll takes at most two passes over the monitors, and usually one, for each decision that is
/// due. It neither allocates nor panics.
#[derive(Clone, Debug, PartialEq)]
pub struct Failover<const M: usize, const N: usize = DEFAULT_WINDOW, P: Pacing = Fixed> {
    pub(super) rules: Rules,
    /// The configurations with which endpoints are probed. It is a vector of at most one, because
    /// the group is all zeros while it is [vacant](Self::vacant), and then has no configuration.
    pub(super) probing: Vec<Probing<P>, 1>,
    pub(super) members: Vec<EndpointState<N, P>, M>,
    pub(super) pending: Pending<M>,
    pub(super) now: Instant,
    pub(super) active: usize,
    /// When the active endpoint last changed.
    pub(super) switched: Option<Instant>,
    /// The current outage. It is a vector of at most one, because the `None` of an `Option` is not
    /// all zeros.
    pub(super) outage_state: Vec<OutageState, 1>,
    pub(super) switches: u32,
    pub(super) quarantines: u32,
}

impl<const M: usize, P: Pacing> Failover<M, DEFAULT_WINDOW, P> {
    /// Creates a group of `endpoints`, which are identified by their index in the list. The best
    /// one by order or weight is active. Its first probe is due at once, and those of the others
    /// are spread over one interval.
    ///
    /// # Errors
    /// Returns an error where there are no endpoints, all are disabled, no weight is above zero,
    /// two have the same name, or the seed is missing.
    pub fn new(
        config: Config<P>,
        endpoints: [Endpoint; M],
        now: Instant,
    ) -> Result<Self, ConfigError> {
        Self::with_window(config, &endpoints, now)
    }
}

impl<const M: usize, const N: usize, P: Pacing> Failover<M, N, P> {
    /// The largest number of polls before [`Output::Wait`](crate::Output::Wait) or
    /// [`Output::Idle`](crate::Output::Idle), all at one moment: for each endpoint a probe, its
    /// quarantine, its release and a switch; the beginning and the end of an outage; and the
    /// deadline.
    pub const MAX_DRAIN: usize = 4 * M + 3;

    /// Creates a group without endpoints, for a `static`.
    ///
    /// The group is all zeros, so that it takes no flash and is never built on the stack. It sends
    /// no probe before it is [started](Self::start).
    ///
    /// ```
    /// use systole::{Failover, Instant, failover::{self, Endpoint}};
    ///
    /// # fn main() -> Result<(), systole::ConfigError> {
    /// // In firmware: a `static` in a `ConstStaticCell`.
    /// let mut group = const { Failover::<8, 16>::vacant() };
    /// let config = failover::Config::builder().seed(0xd1ce).build()?;
    /// group.start(config, &[Endpoint::new(); 3], Instant::ZERO)?;
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

    /// Creates a group with room for `M` endpoints and windows of `N` round-trip times; see
    /// [`new`](Failover::new).
    ///
    /// # Errors
    /// Returns the errors of [`new`](Failover::new), and an error for more than `M` endpoints.
    pub fn with_window(
        config: Config<P>,
        endpoints: &[Endpoint],
        now: Instant,
    ) -> Result<Self, ConfigError> {
        let mut group = Self::vacant();
        group.start(config, endpoints, now)?;
        Ok(group)
    }

    /// Makes this a group of `endpoints` as [`new`](Failover::new) does, in place, so that the
    /// stack holds only one endpoint at a time. All earlier state is discarded.
    ///
    /// # Errors
    /// Returns the errors of [`with_window`](Self::with_window). The group then stays as it was.
    pub fn start(
        &mut self,
        config: Config<P>,
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

    /// Resets the group to one without endpoints.
    fn clear(&mut self, config: &Config<P>, now: Instant) {
        self.rules = config.rules;
        self.members.clear();
        self.pending = Pending::new();
        self.now = now;
        self.switched = None;
        self.outage_state.clear();
        (self.switches, self.quarantines) = (0, 0);
        self.probing.clear();
        // The vector has room for one.
        let _ = self.probing.push(Probing {
            active: config.active,
            standby: config.standby,
        });
    }

    /// Adds an endpoint.
    // Not inlined, so that its stack is released before the next endpoint is added.
    #[inline(never)]
    fn join(&mut self, config: &Config<P>, endpoint: Endpoint) {
        let seed = seed_of(config.active.seed.0, self.members.len());
        let member = EndpointState::new(&config.standby, &config.rules, seed, endpoint, self.now);
        // There is room for `M`, as `check_all` has checked.
        let _ = self.members.push(member);
    }

    pub(super) fn active_member(&self) -> Option<&EndpointState<N, P>> {
        self.members.get(self.active)
    }

    /// Returns the best endpoint in service, whether or not it has ever replied.
    pub(super) fn first_in_service(&self) -> Option<usize> {
        let members = self.members.iter().enumerate();
        let in_service = members.filter(|(_, member)| member.in_service());
        let best = in_service.min_by_key(|(_, member)| self.rank(member));
        best.map(|(index, _)| index)
    }

    pub(super) fn settle(&self) {
        debug_assert!(self.is_valid());
    }
}

#[cfg(test)]
mod tests;
