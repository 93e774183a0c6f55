//! A monitor at rest, as a fleet keeps very many of them: what is the same for all is kept once, by the fleet.

use super::Monitor;
use super::claim::Claim;
use super::looser::Looser;
use super::wakes::Wakes;
use crate::config::Config;
use crate::math::random::{Secret, mix};
use crate::pacing::Pacing;
use crate::path::suspicion::{Model, SuspicionLevel};
use crate::path::window::CompactSamples;
use crate::peer::counters::Counters;
use crate::peer::observed_clock::CompactClock;
use crate::peer::pending::Pending;
use crate::peer::probe::{CompactProbes, Fate, Outstanding};
use crate::peer::send_failures::{CompactFailures, SendFailures};
use crate::peer::state::CompactPeerState;
use crate::peer::verdict::Verdict;
use crate::time::Instant;

/// What is a [`Monitor`]'s own, without its settings, its events and what it counted. The fields are those of the monitor.
#[derive(Clone, Debug)]
pub(crate) struct CompactMonitor<const N: usize, P: Pacing> {
    peer: CompactPeerState<P>,
    /// Those of the peer, here for want of padding there.
    samples: CompactSamples<N>,
    clock: CompactClock,
    probes: CompactProbes,
    proof: Instant,
    sent: Instant,
    next: Instant,
    model: Model,
    forgotten: SuspicionLevel,
    behind_us: u32,
    count: u8,
    thinned: u8,
    thinned_from: u8,
    excused: bool,
    claim: Claim,
    failures: CompactFailures,
}

impl<const N: usize, P: Pacing> CompactMonitor<N, P> {
    /// The monitor again, under the settings of `config` and a seed of its own. It counts from zero on, and numbers its events from one on.
    #[inline]
    pub(crate) fn wake(&self, config: &Config<P>, seed: u64) -> Monitor<N, P> {
        Monitor {
            peer: self.peer.wake(config.settings, &self.samples),
            clock: self.clock.wake(),
            outstanding: Outstanding::of(&self.probes),
            counters: Counters::default(),
            pending: Pending::NONE,
            looser: Looser::default(), // a fleet is not reconfigured
            key: Secret(mix(seed)),
            proof: self.proof,
            wakes: Wakes::NONE, // a fleet is not told of suspends
            sent: self.sent,
            next: self.next,
            model: self.model,
            forgotten: self.forgotten,
            pause_us: u32::MAX, // none is reported: pauses are the fleet's
            behind_us: self.behind_us,
            failures: self.failures.wake(self.peer.mark()),
            failed_at: self.sent,
            late_us: 0, // what it took to detect is told for monitors only
            count: self.count,
            thinned: self.thinned,
            thinned_from: self.thinned_from,
            incarnation: 0, // a new one is another peer
            last_failure: None,
            claim: self.claim,
            excused: self.excused,
        }
    }

    /// When the last probe was sent, or tried, on the caller's clock.
    pub(crate) const fn sent(&self) -> Instant {
        self.sent
    }

    /// Since the last sign of life, or the verdict.
    pub(crate) const fn silent_us(&self, now: Instant) -> u64 {
        let since = match self.verdict() {
            Verdict::Alive | Verdict::Suspect => self.proof, // an excuse moves what the verdict counts from
            Verdict::Unknown | Verdict::Dead | Verdict::Left => self.peer.mark(),
        };
        self.clock.seen_at(now).since(since)
    }

    pub(crate) const fn verdict(&self) -> Verdict {
        self.peer.verdict()
    }
}

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// What has to be kept of it until somebody looks again.
    #[inline]
    pub(crate) fn rest(&mut self) -> CompactMonitor<N, P> {
        while let Some(probe) = self.outstanding.shed() {
            self.forget(&probe);
        }
        self.end_failures_before_mark();
        CompactMonitor {
            probes: self.outstanding.kept(),
            samples: self.peer.samples(),
            peer: CompactPeerState::of(&self.peer),
            clock: CompactClock::of(&self.clock, self.deadline()),
            proof: self.proof,
            sent: self.sent,
            next: self.next,
            model: self.model,
            forgotten: self.forgotten,
            behind_us: self.behind_us,
            count: self.count,
            thinned: self.thinned,
            thinned_from: self.thinned_from,
            excused: self.excused,
            claim: self.claim,
            failures: self.failures.rest(self.peer.mark()),
        }
    }

    /// Ends a run of failed sends that began before the last sign of life and that a sent probe has
    /// followed: in compact form the run could not tell any longer that the probe is part of it.
    fn end_failures_before_mark(&mut self) {
        let since = self.failures.since();
        if since < self.peer.mark() && self.outstanding.is_sent_within(since, Instant::MAX) {
            self.failures = SendFailures::NONE;
        }
    }

    /// When it wants to be polled.
    pub(crate) fn due(&self) -> Instant {
        self.deadline()
    }

    /// Whether the last probe is known to have been sent: it was answered, or failed, or nobody denied it in all the time that it was waited for.
    pub(crate) fn is_sent(&self) -> bool {
        let last = self.outstanding.iter().last();
        last.is_some_and(|last| match last.fate {
            Fate::Settled => last.timeout_us > 0,
            fate => fate.is_lost(),
        })
    }

    /// When the last probe was sent, or tried, on the caller's clock.
    pub(crate) const fn sent(&self) -> Instant {
        self.sent
    }

    /// How many events it counted since it was woken.
    pub(crate) const fn number(&self) -> u32 {
        self.pending.number()
    }

    /// The bound in force.
    pub(crate) const fn bound_us(&self) -> u64 {
        self.peer.plan().bound_us()
    }

    /// The bound for which no probe could be sent, where that was found out since it was woken.
    pub(crate) const fn blind_bound_us(&self) -> Option<u64> {
        if self.counters.blind > 0 {
            Some(self.peer.plan().bound_us())
        } else {
            None
        }
    }

    /// Nothing is known of the peer, which is told of all at once.
    #[cold]
    pub(crate) fn go_blind_untold(&mut self) {
        self.peer.begin(); // it may not have been looked at yet
        self.go_blind(Instant::MAX);
        (self.pending, self.counters.blind) = (Pending::NONE, 0);
    }
}
