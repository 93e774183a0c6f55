//! The trait of policies, and the events from which they learn.

use core::fmt::Debug;
use core::time::Duration;

use crate::pacing::Statistics;
use crate::plan::Plan;
use crate::plan::Promise;
use crate::time::Instant;

/// A policy, which plans the probes of a path. The type itself holds the settings,
/// [`State`](Self::State) holds the measurements of the path, and the hooks update the state.
///
/// Instants are on the machine's observed time, which excludes the time by which the machine was
/// polled late. Only [`plan`](Self::plan) has to be implemented; the other hooks do nothing by
/// default. They run for every sample, so keep them O(1), and free of floating point on targets
/// without a floating-point unit.
pub trait Pacing: Copy + Debug + PartialEq {
    /// What the policy stores about a path.
    type State: Clone + Debug + PartialEq;

    /// The state on a path of which nothing is known.
    const INITIAL: Self::State;

    /// Records that a probe was sent at `now`. `retry` states whether it repeats an overdue one.
    fn on_probe(&self, state: &mut Self::State, now: Instant, retry: bool) {
        let _ = (state, now, retry);
    }

    /// Records a reply to a probe.
    fn on_answer(&self, state: &mut Self::State, answer: &Answer) {
        let _ = (state, answer);
    }

    /// Records that the probe sent at `sent` became overdue at `now`.
    fn on_miss(&self, state: &mut Self::State, sent: Instant, now: Instant) {
        let _ = (state, sent, now);
    }

    /// Records that the peer replies again after probes had become overdue.
    fn on_episode_end(&self, state: &mut Self::State, end: &EpisodeEnd) {
        let _ = (state, end);
    }

    /// Records that the machine was polled `span_us` microseconds late. Measurements of that time
    /// do not describe the path.
    fn on_lapse(&self, state: &mut Self::State, span_us: u64) {
        let _ = (state, span_us);
    }

    /// Records that something other than a reply arrived from the peer.
    fn on_traffic(&self, state: &mut Self::State, now: Instant) {
        let _ = (state, now);
    }

    /// Records that the flow which carries the probes was lost while the peer was alive; see
    /// [`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost).
    fn on_flow_lost(&self, state: &mut Self::State, now: Instant) {
        let _ = (state, now);
    }

    /// Discards the measurements in progress, because the peer is a new one, or because this
    /// process was suspended and the clock did not advance.
    fn on_void(&self, state: &mut Self::State) {
        let _ = state;
    }

    /// Returns whether traffic from the peer postpones the next steady probe.
    fn yields_to_traffic(&self) -> bool {
        true
    }

    /// Returns whether one late reply does not suffice to make a dead peer alive. Another reply must
    /// then follow if the probe was sent more than a quarter of the bound ago. It costs dead time
    /// and avoids mistakes on paths whose outages come in clusters: a reply that left a queue in
    /// the middle of an outage would make the peer alive, only to be called dead again.
    fn confirms_late_replies(&self) -> bool {
        false
    }

    /// Returns the longest interval that keeps a flow alive, such as a flow through a NAT; `None`
    /// if the probes keep no flow alive. No [pushback](crate::Monitor::handle_pushback) makes an
    /// interval longer than this.
    fn ceiling(&self, state: &Self::State) -> Option<Duration> {
        let _ = state;
        None
    }

    /// Returns the plan to follow from now on.
    fn plan(&self, state: &Self::State, path: &Statistics<'_>) -> Plan;

    /// Returns what the policy promises on this path, if anything.
    fn promise(&self, state: &Self::State) -> Option<Promise> {
        let _ = state;
        None
    }

    /// Returns whether the last episode that ended broke the promise.
    fn is_broken(&self, state: &Self::State) -> bool {
        let _ = state;
        false
    }
}

/// A reply, as a policy receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Answer {
    /// When the probe was sent.
    pub sent: Instant,
    /// When the reply arrived.
    pub now: Instant,
    /// The round-trip time in microseconds, or `None` if it is uncertain and therefore no sample.
    pub rtt_us: Option<u32>,
    /// The time for which the peer reports that it held the probe, in microseconds. It is not part
    /// of the round-trip time.
    pub held_us: u32,
}

/// The end of an episode of overdue probes, as a policy receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EpisodeEnd {
    /// When the peer replied again.
    pub now: Instant,
    /// What the episode proved to be.
    pub outcome: Outcome,
}

/// What an episode of overdue probes proved to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Outcome {
    /// The peer was alive and was not called dead.
    Survived,
    /// The peer was called dead by mistake.
    Refuted,
    /// The peer was called dead, and nothing shows that it was not.
    Recovered,
}
