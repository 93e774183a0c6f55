//! The probes that a peer at rest keeps.

use super::{CAPACITY, Fate, Outstanding, Probe};
use crate::time::Instant;

/// How many: a steady probe and the two retries of the default. Answers to older ones are known by their ids.
const KEPT: usize = 3;

#[derive(Clone, Debug)]
pub(crate) struct Kept([Probe; KEPT]);

/// Holds a place behind kept probes that are in use, so that what is not found among them counts as forgotten.
const PLACEHOLDER: Probe = Probe {
    sent: Instant::MAX,
    timeout_us: 1,
    count: 0,
    fate: Fate::Settled,
};

impl Outstanding {
    pub(crate) fn of(kept: &Kept) -> Self {
        let [.., last] = kept.0;
        let rest = if last.timeout_us > 0 {
            PLACEHOLDER
        } else {
            Probe::NONE
        };
        let mut probes = [rest; CAPACITY];
        for (slot, probe) in probes.iter_mut().zip(kept.0) {
            *slot = probe;
        }
        Self(probes)
    }

    /// Forgets a probe while there are more than can be kept: one nothing is expected of where there is one, else the oldest. Returns it
    /// until no more have to go.
    pub(crate) fn shed(&mut self) -> Option<Probe> {
        let used = |probe: &Probe| probe.timeout_us > 0 && probe.sent < Instant::MAX;
        if self.0.iter().filter(|probe| used(probe)).count() <= KEPT {
            return None;
        }
        let slots = self.0.iter_mut().filter(|probe| used(probe));
        let slot = slots.min_by_key(|slot| (slot.fate != Fate::Settled, slot.sent))?;
        Some(core::mem::replace(slot, PLACEHOLDER))
    }

    /// What is left once no more have to go.
    pub(crate) fn kept(&self) -> Kept {
        let mut kept = [Probe::NONE; KEPT];
        let used = self
            .0
            .iter()
            .filter(|probe| probe.timeout_us > 0 && probe.sent < Instant::MAX);
        for (place, probe) in kept.iter_mut().zip(used) {
            *place = *probe;
        }
        Kept(kept)
    }
}
