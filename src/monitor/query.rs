//! What is known, and how improbable the silence is.

use crate::monitor::Monitor;
use crate::monitor::Snapshot;
use crate::pacing::Pacing;
use crate::path::suspicion::{Model, SuspicionLevel};
#[cfg(feature = "metrics")]
use crate::path::window::RttWindow;
use crate::peer::counters::Counters;
use crate::peer::probe::Probe;
use crate::peer::snapshot::Snapshot as PathSnapshot;
use crate::peer::verdict::Verdict;
#[cfg(any(feature = "std", feature = "embassy"))]
use crate::plan::Plan;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// Whether the peer is alive, as of the last call.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.peer.verdict()
    }

    /// The first moment at which the next steady probe may as well be sent, by [`probe_now`](Self::probe_now): where the last one is as old as the shortest interval.
    /// Nothing while a probe is under way or overdue, and while the peer is not alive: those are not to be waited for.
    ///
    /// From this moment to [`Output::Wait`](crate::Output::Wait)'s, the slack, a probe may share a wake of the radio, or of the
    /// device, that happens for another reason. It pays where the next such wake comes too late for it:
    ///
    /// ```
    /// use core::time::Duration;
    /// use systole::pacing::LifetimeRange;
    /// use systole::{Config, Instant, Monitor, Output};
    ///
    /// const MINUTE: Duration = Duration::from_secs(60);
    ///
    /// /// The radio is on at `now`, for a report, and will be again a report later.
    /// fn share<const N: usize, P: systole::pacing::Pacing>(monitor: &mut Monitor<N, P>, now: Instant, until: Instant) {
    ///     let next_report = now.saturating_add(5 * MINUTE);
    ///     if until < next_report && monitor.next_probe_earliest().is_some_and(|earliest| earliest <= now) {
    ///         monitor.probe_now(now); // and then poll
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), systole::ConfigError> {
    /// let config = Config::lifetime(LifetimeRange::between(MINUTE, 9 * MINUTE)?)
    ///     .jitter_percent(0)
    ///     .seed(0xd1ce)
    ///     .without_initial_delay()
    ///     .build()?;
    /// let mut monitor = Monitor::<8, _>::with_window(config, Instant::ZERO)?;
    /// let Output::Send(id) = monitor.poll(Instant::ZERO) else { panic!("due at once") };
    /// assert_eq!(monitor.next_probe_earliest(), None); // it is under way
    /// monitor.handle_reply(id, Instant::from_millis(40));
    ///
    /// while matches!(monitor.poll(Instant::from_secs(1)), Output::Event(_)) {}
    /// let Output::Wait(until) = monitor.poll(Instant::from_secs(1)) else { panic!("nothing to do") };
    /// assert!(until > Instant::from_secs(60));
    /// assert_eq!(monitor.next_probe_earliest(), Some(Instant::from_secs(60)));
    /// share(&mut monitor, Instant::from_secs(62), until);
    /// assert!(matches!(monitor.poll(Instant::from_secs(62)), Output::Send(_)));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn next_probe_earliest(&self) -> Option<Instant> {
        let idle = self.verdict() == Verdict::Alive && !self.is_under_way();
        let least_us = self.peer.settings().limits.interval_min_us;
        idle.then(|| self.sent.plus(least_us).min(self.next))
    }

    /// How improbable the silence is at `now`.
    #[must_use]
    pub fn level(&self, now: Instant) -> SuspicionLevel {
        let (_, seen, _) = self.clock.peek(now, self.deadline());
        self.level_at(seen)
    }

    pub(super) fn level_now(&self) -> SuspicionLevel {
        self.level_at(self.clock.seen())
    }

    pub(super) fn level_at(&self, seen: Instant) -> SuspicionLevel {
        let mut level = self.forgotten;
        for probe in self.outstanding.iter() {
            if self.is_evidence(probe) {
                level = level.plus(self.evidence(probe, seen));
            }
        }
        level
    }

    #[cfg(feature = "metrics")]
    pub(crate) const fn window(&self) -> &RttWindow<N> {
        self.peer.window()
    }

    pub(super) fn is_evidence(&self, probe: &Probe) -> bool {
        probe.is_unanswered() && probe.sent >= self.proof
    }

    pub(super) fn evidence(&self, probe: &Probe, seen: Instant) -> SuspicionLevel {
        self.model_now().evidence(probe.silent_us(seen))
    }

    /// The path as it is held to: before the episode under way, if one is.
    pub(super) const fn model_now(&self) -> Model {
        if self.peer.in_episode() {
            self.model
        } else {
            self.peer.model()
        }
    }

    /// Returns the counters as of the last call, without the cost of a snapshot.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The plan in force.
    #[cfg(any(feature = "std", feature = "embassy"))]
    pub(crate) fn plan(&self) -> Plan {
        self.peer.plan_or_first()
    }

    /// All that is known at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> Snapshot {
        Snapshot {
            path: PathSnapshot::of(&self.peer, self.level(now)),
            counters: self.counters,
            dead_at: self.falls_at().map(|at| self.clock.at(at)),
            next_probe_at: self.next,
            unanswered: self
                .outstanding
                .iter()
                .fold(0, |n, probe| n + u8::from(self.is_evidence(probe))),
            last_failure: self.last_failure,
            events: self.pending.number(),
        }
    }

    /// Whether the laws that can be seen in one state hold; what tests, fuzzing and debug assertions check after every step.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.is_sound() && self.is_in_order()
    }

    /// The same of a monitor that has not looked at its clock since it was woken.
    pub(crate) fn is_sound(&self) -> bool {
        self.peer.is_valid() && self.is_balanced()
    }

    /// Whether everything that is said to have happened lies in the past, in order.
    fn is_in_order(&self) -> bool {
        let (now, seen) = (self.clock.now(), self.clock.seen());
        let on_the_clock = self.sent <= now && self.failed_at <= now;
        let observed = self.proof <= seen && self.peer.mark() <= seen && self.looser.since <= seen;
        let suspected = self.verdict() != Verdict::Dead || self.forgotten > SuspicionLevel::ZERO;
        on_the_clock && observed && suspected && self.outstanding.is_in_order(seen)
    }

    /// Whether every probe is counted once. What a peer of a fleet counted before it came to rest, the fleet knows.
    fn is_balanced(&self) -> bool {
        let counted = self.pause_us < u32::MAX && self.counters.probes < u32::MAX;
        !counted || self.counters.outstanding() == self.under_way()
    }

    /// Probes that have not ended yet.
    pub(crate) fn under_way(&self) -> u32 {
        u32::from(self.outstanding.count()) + u32::from(self.thinned)
    }
}

#[cfg(test)]
mod tests;
