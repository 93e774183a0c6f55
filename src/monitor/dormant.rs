//! A monitor at rest, as a fleet keeps very many of them: what is the same for all is kept once, by the fleet.

use super::Monitor;
use super::change::Looser;
use super::wakes::Wakes;
use crate::config::Config;
use crate::event::Pending;
use crate::pacing::Pacing;
use crate::probe::{Kept, Outstanding};
use crate::pulse::DormantPulse;
use crate::random::{Secret, mix};
use crate::send_failures::CompactFailures;
use crate::snapshot::Counters;
use crate::suspicion::{Model, SuspicionLevel};
use crate::time::{Instant, saturate};
use crate::verdict::Verdict;
use crate::watch::DormantWatch;
use crate::window::Samples;

/// What is a [`Monitor`]'s own, without its settings, its events and what it counted. The fields are those of the monitor.
#[derive(Clone, Debug)]
pub(crate) struct Dormant<const N: usize, P: Pacing> {
    pulse: DormantPulse<P>,
    /// Those of the pulse, here for want of padding there.
    samples: Samples<N>,
    watch: DormantWatch,
    probes: Kept,
    proof: Instant,
    /// From the last proof of life on; `u32::MAX`: none.
    hidden_us: u32,
    sent: Instant,
    next: Instant,
    model: Model,
    forgotten: SuspicionLevel,
    behind_us: u32,
    spacing_us: u32,
    count: u8,
    failures: CompactFailures,
}

impl<const N: usize, P: Pacing> Dormant<N, P> {
    /// The monitor again, under the settings of `config` and a seed of its own. It counts from one on, and its events from `number` on.
    #[inline]
    pub(crate) fn wake(&self, config: &Config<P>, seed: u64, number: u32) -> Monitor<N, P> {
        Monitor {
            pulse: self.pulse.wake(config.settings, &self.samples),
            watch: self.watch.wake(),
            outstanding: Outstanding::of(&self.probes),
            counters: Counters::ONE,
            pending: Pending::after(number),
            looser: Looser::default(), // a fleet is not reconfigured
            key: Secret(mix(seed)),
            proof: self.proof,
            hidden: match self.hidden_us {
                u32::MAX => Instant::MAX,
                after_us => self.proof.plus(after_us.into()),
            },
            wakes: Wakes::NONE, // a fleet is not told of suspends
            sent: self.sent,
            next: self.next,
            model: self.model,
            forgotten: self.forgotten,
            pause_us: u32::MAX, // pauses are the fleet's
            behind_us: self.behind_us,
            spacing_us: self.spacing_us,
            failures: self.failures.wake(self.pulse.mark()),
            failed_at: self.sent,
            late_us: 0, // what it took to detect is told for monitors only
            count: self.count,
            incarnation: 0, // a new one is another peer
            last_failure: None,
            called_for: false, // nobody calls for a probe of one peer
        }
    }

    pub(crate) const fn is_troubled(&self) -> bool {
        matches!(self.verdict(), Verdict::Suspect | Verdict::Dead)
    }

    /// Since the last sign of life, or the verdict.
    pub(crate) const fn silent_us(&self, now: Instant) -> u64 {
        self.watch.seen_at(now).since(self.pulse.mark())
    }

    pub(crate) const fn verdict(&self) -> Verdict {
        self.pulse.verdict()
    }
}

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// What has to be kept of it until somebody looks again.
    #[inline]
    pub(crate) fn rest(&mut self) -> Dormant<N, P> {
        while let Some(probe) = self.outstanding.shed() {
            self.forget(&probe);
        }
        Dormant {
            probes: self.outstanding.kept(),
            samples: self.pulse.samples(),
            pulse: DormantPulse::of(&self.pulse),
            watch: DormantWatch::of(&self.watch),
            proof: self.proof,
            hidden_us: saturate(self.hidden.since(self.proof)),
            sent: self.sent,
            next: self.next,
            model: self.model,
            forgotten: self.forgotten,
            behind_us: self.behind_us,
            spacing_us: self.spacing_us,
            count: self.count,
            failures: self.failures.rest(self.pulse.mark()),
        }
    }

    /// When it wants to be polled.
    pub(crate) fn due(&self) -> Instant {
        self.deadline()
    }

    pub(crate) const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The number of its last event.
    pub(crate) const fn number(&self) -> u32 {
        self.pending.number()
    }

    /// Answers were lost on our side up to `until`. If one of them may have been this peer's, what is under way is void; the peer is
    /// asked again at once and has time to answer.
    pub(crate) fn excuse(&mut self, until: Instant, now: Instant) {
        self.look(now);
        let deaf = self.watch.seen_at(until);
        let owed = |probe: &crate::probe::Probe| self.is_evidence(probe) && probe.sent <= deaf;
        if self.outstanding.iter().any(owed) {
            self.void(|_| true);
            self.pulse.allow_one_probe(self.watch.seen());
            self.next = self.next.min(self.watch.now());
        }
    }
}
