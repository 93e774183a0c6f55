//! What is known, and how improbable the silence is.

use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::probe::Probe;
use crate::snapshot::{MonitorSnapshot, Snapshot};
use crate::suspicion::{Model, SuspicionLevel};
use crate::time::Instant;
use crate::verdict::Verdict;
#[cfg(feature = "metrics")]
use crate::window::RttWindow;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// Whether the peer is alive, as of the last call.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.pulse.verdict()
    }

    /// How improbable the silence is at `now`.
    #[must_use]
    pub fn level(&self, now: Instant) -> SuspicionLevel {
        let (_, seen, _) = self.watch.peek(now, self.deadline());
        self.level_at(seen)
    }

    pub(super) fn level_now(&self) -> SuspicionLevel {
        self.level_at(self.watch.seen())
    }

    pub(super) fn level_at(&self, seen: Instant) -> SuspicionLevel {
        let probes = self
            .outstanding
            .iter()
            .filter(|probe| self.is_evidence(probe));
        probes.fold(self.forgotten, |level, probe| {
            level.plus(self.evidence(probe, seen))
        })
    }

    #[cfg(feature = "metrics")]
    pub(crate) const fn window(&self) -> &RttWindow<N> {
        self.pulse.window()
    }

    pub(super) fn is_evidence(&self, probe: &Probe) -> bool {
        probe.is_unanswered() && probe.sent >= self.proof
    }

    pub(super) fn evidence(&self, probe: &Probe, seen: Instant) -> SuspicionLevel {
        self.model_now().evidence(probe.silent_us(seen))
    }

    /// The path as it is held to: before the episode under way, if one is.
    const fn model_now(&self) -> Model {
        if self.pulse.in_episode() {
            self.model
        } else {
            self.pulse.model()
        }
    }

    /// All that is known at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> MonitorSnapshot {
        MonitorSnapshot {
            heart: Snapshot::of(&self.pulse, self.level(now)),
            counters: self.counters,
            dead_at: self.pulse.dead_at().map(|at| self.watch.at(at)),
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
        self.pulse.is_valid()
    }
}
