//! What a policy is, and what it learns from.

use core::fmt::Debug;
use core::time::Duration;

use crate::pacing::Statistics;
use crate::plan::Plan;
use crate::plan::Promise;
use crate::time::Instant;

/// A policy: settings (the type itself), state, and what it learns from.
///
/// Moments are on the machine's observed time, which stands still while nobody looked. All hooks but [`plan`](Self::plan) may
/// be left out. They run on the per-sample path: keep them O(1) and free of floating point where there is no unit for it.
pub trait Pacing: Copy + Debug + PartialEq {
    /// What the policy remembers of a path.
    type State: Clone + Debug + PartialEq;

    /// The state on a path of which nothing is known.
    const INITIAL: Self::State;

    /// A probe was sent at `now`; `retry` tells whether it asks an overdue one again.
    fn on_probe(&self, state: &mut Self::State, now: Instant, retry: bool) {
        let _ = (state, now, retry);
    }

    /// A probe was answered.
    fn on_answer(&self, state: &mut Self::State, answer: &Answer) {
        let _ = (state, answer);
    }

    /// The probe sent at `sent` became overdue at `now`.
    fn on_miss(&self, state: &mut Self::State, sent: Instant, now: Instant) {
        let _ = (state, sent, now);
    }

    /// The peer answers again after probes had become overdue.
    fn on_episode_end(&self, state: &mut Self::State, end: &EpisodeEnd) {
        let _ = (state, end);
    }

    /// Nobody looked for `span_us` microseconds; what was under way is not what the path does.
    fn on_lapse(&self, state: &mut Self::State, span_us: u64) {
        let _ = (state, span_us);
    }

    /// Something else than an answer arrived from the peer.
    fn on_traffic(&self, state: &mut Self::State, now: Instant) {
        let _ = (state, now);
    }

    /// The flow that probes go over was lost while the peer was not; see [`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost).
    fn on_flow_lost(&self, state: &mut Self::State, now: Instant) {
        let _ = (state, now);
    }

    /// What was under way counts for nothing: the peer is a new one, or we were suspended and the clock did not see it.
    fn on_void(&self, state: &mut Self::State) {
        let _ = state;
    }

    /// Whether what arrives from the peer puts off the next steady probe.
    fn yields_to_traffic(&self) -> bool {
        true
    }

    /// Returns the longest interval after which what probes have to refresh has not lapsed yet, where there is such a thing. No
    /// [pushback](crate::Monitor::handle_pushback) makes an interval longer.
    fn ceiling(&self, state: &Self::State) -> Option<Duration> {
        let _ = state;
        None
    }

    /// What to do from here on.
    fn plan(&self, state: &Self::State, path: &Statistics<'_>) -> Plan;

    /// What is promised of the path, if anything.
    fn promise(&self, state: &Self::State) -> Option<Promise> {
        let _ = state;
        None
    }

    /// Whether the episode that ended last broke the promise.
    fn is_broken(&self, state: &Self::State) -> bool {
        let _ = state;
        false
    }
}

/// An answer, as a policy sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Answer {
    /// When the probe was sent.
    pub sent: Instant,
    /// When the answer arrived.
    pub now: Instant,
    /// The round-trip time in microseconds, where it is a sample: one measured without doubt.
    pub rtt_us: Option<u32>,
    /// How long the peer says that it held the probe, in microseconds: no part of the round-trip time.
    pub held_us: u32,
}

/// The end of an overdue episode, as a policy sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EpisodeEnd {
    /// When the peer answered again.
    pub now: Instant,
    /// What the episode turned out to have been.
    pub outcome: Outcome,
}

/// What an overdue episode turned out to have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Outcome {
    /// The peer was alive and was not called dead.
    Survived,
    /// The peer was called dead by mistake.
    Refuted,
    /// The peer was called dead, and nothing says that it was not.
    Recovered,
}
