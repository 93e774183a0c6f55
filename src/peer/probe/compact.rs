//! The probes that a peer at rest keeps.

use super::{CAPACITY, Fate, Outstanding, Probe};
use crate::time::Instant;

/// How many: a steady probe and the two retries of the default. Answers to older ones are known by their ids.
const KEPT: usize = 3;

/// The latest at the end, field by field: as probes, they would take six bytes more.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(2))]
pub(crate) struct CompactProbes {
    sent: [Instant; KEPT],
    timeouts_us: [u32; KEPT],
    lateness: [u16; KEPT],
    counts: [u8; KEPT],
    fates: [Fate; KEPT],
}

impl CompactProbes {
    fn of(probes: &[Probe; KEPT]) -> Self {
        Self {
            sent: probes.map(|probe| probe.sent),
            timeouts_us: probes.map(|probe| probe.timeout_us),
            lateness: probes.map(|probe| probe.lateness),
            counts: probes.map(|probe| probe.count),
            fates: probes.map(|probe| probe.fate),
        }
    }

    fn probes(self) -> [Probe; KEPT] {
        let Self {
            sent,
            timeouts_us,
            lateness,
            counts,
            fates,
        } = self;
        let mut probes = [Probe::NONE; KEPT];
        let spans = sent.into_iter().zip(timeouts_us).zip(lateness);
        let rest = counts.into_iter().zip(fates);
        let fields = spans.zip(rest);
        for (probe, (((sent, timeout_us), lateness), (count, fate))) in
            probes.iter_mut().zip(fields)
        {
            *probe = Probe {
                sent,
                timeout_us,
                lateness,
                count,
                fate,
            };
        }
        probes
    }
}

/// Holds a place where all places of kept probes are in use, so that what is not found among them counts as forgotten.
const PLACEHOLDER: Probe = Probe {
    sent: Instant::MAX,
    timeout_us: 1,
    lateness: 0,
    count: 0,
    fate: Fate::Settled,
};

const fn is_used(probe: &Probe) -> bool {
    probe.timeout_us > 0 && probe.sent.as_micros() < Instant::MAX.as_micros()
}

impl Outstanding {
    pub(crate) fn of(kept: &CompactProbes) -> Self {
        let kept = kept.probes();
        let [oldest, ..] = kept;
        let rest = if is_used(&oldest) {
            PLACEHOLDER
        } else {
            Probe::NONE
        };
        let mut probes = [rest; CAPACITY];
        for (slot, probe) in probes.iter_mut().rev().zip(kept.iter().rev()) {
            *slot = *probe;
        }
        Self(probes)
    }

    /// Forgets a probe while there are more than can be kept: an answered one where there is one, else the oldest that is not waited for, else
    /// one of those that are, as they are thinned out where all are remembered. The last one stays. Returns it until no more have to go.
    pub(crate) fn shed(&mut self) -> Option<Probe> {
        if self.0.iter().filter(|probe| is_used(probe)).count() <= KEPT {
            return None;
        }
        let thinned = self.thinned();
        let [rest @ .., _] = &mut self.0;
        let used = rest.iter_mut().filter(|probe| is_used(probe));
        let slot = used.min_by_key(|slot| match slot.fate {
            Fate::Settled | Fate::Unsent => 0,
            Fate::Waiting if slot.count == thinned => 2,
            Fate::Waiting => 3,
            _ => 1,
        })?; // the first of several
        Some(core::mem::replace(slot, PLACEHOLDER))
    }

    /// The count of the last probe but one where it was sent less than a half of a timeout after the one before it, else of the last.
    fn thinned(&self) -> u8 {
        let mut used = self.0.iter().rev().filter(|probe| is_used(probe));
        let latest = [(); KEPT].map(|()| used.next().copied().unwrap_or(PLACEHOLDER));
        let [last, second, third] = latest;
        let apart_us = u64::from(last.timeout_us >> 1) + 1; // two gaps are a timeout: then the oldest is overdue
        let close = second.sent.since(third.sent) < apart_us;
        if close { second.count } else { last.count }
    }

    /// What is left once no more have to go.
    pub(crate) fn kept(&self) -> CompactProbes {
        let mut kept = [Probe::NONE; KEPT];
        let used = self.0.iter().rev().filter(|probe| is_used(probe));
        for (place, probe) in kept.iter_mut().rev().zip(used) {
            *place = *probe;
        }
        CompactProbes::of(&kept)
    }
}

#[cfg(test)]
mod tests;
