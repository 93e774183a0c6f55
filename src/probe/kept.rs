//! The probes that a peer at rest keeps.

use super::{CAPACITY, Fate, Outstanding, Probe};
use crate::time::Instant;

/// How many: a steady probe and the two retries of the default. Answers to older ones are known by their ids.
const KEPT: usize = 3;

/// The latest at the end.
#[derive(Clone, Debug)]
pub(crate) struct Kept([Probe; KEPT]);

/// Holds a place where all places of kept probes are in use, so that what is not found among them counts as forgotten.
const PLACEHOLDER: Probe = Probe {
    sent: Instant::MAX,
    timeout_us: 1,
    count: 0,
    fate: Fate::Settled,
};

const fn is_used(probe: &Probe) -> bool {
    probe.timeout_us > 0 && probe.sent.as_micros() < Instant::MAX.as_micros()
}

impl Outstanding {
    pub(crate) fn of(kept: &Kept) -> Self {
        let [oldest, ..] = kept.0;
        let rest = if is_used(&oldest) {
            PLACEHOLDER
        } else {
            Probe::NONE
        };
        let mut probes = [rest; CAPACITY];
        for (slot, probe) in probes.iter_mut().rev().zip(kept.0.iter().rev()) {
            *slot = *probe;
        }
        Self(probes)
    }

    /// Forgets a probe while there are more than can be kept: an answered one where there is one, else the oldest. Returns it until no
    /// more have to go.
    pub(crate) fn shed(&mut self) -> Option<Probe> {
        if self.0.iter().filter(|probe| is_used(probe)).count() <= KEPT {
            return None;
        }
        let used = self.0.iter_mut().filter(|probe| is_used(probe));
        let slot = used.min_by_key(|slot| slot.fate != Fate::Settled)?; // the first of several
        Some(core::mem::replace(slot, PLACEHOLDER))
    }

    /// What is left once no more have to go.
    pub(crate) fn kept(&self) -> Kept {
        let mut kept = [Probe::NONE; KEPT];
        let used = self.0.iter().rev().filter(|probe| is_used(probe));
        for (place, probe) in kept.iter_mut().rev().zip(used) {
            *place = *probe;
        }
        Kept(kept)
    }
}
