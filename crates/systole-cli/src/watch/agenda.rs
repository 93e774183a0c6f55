//! The deadlines of all units. Finding what is due costs a look at the earliest one.

use std::collections::{BTreeSet, HashMap};

use systole::Instant;

#[derive(Debug, Default)]
pub(super) struct Agenda {
    deadlines: BTreeSet<(Instant, usize)>,
    of_unit: HashMap<usize, Instant>,
}

impl Agenda {
    /// Sets when `unit` is due, in place of an earlier deadline.
    pub(super) fn set(&mut self, unit: usize, at: Instant) {
        if let Some(before) = self.of_unit.insert(unit, at) {
            self.deadlines.remove(&(before, unit));
        }
        self.deadlines.insert((at, unit));
    }

    pub(super) fn remove(&mut self, unit: usize) {
        if let Some(at) = self.of_unit.remove(&unit) {
            self.deadlines.remove(&(at, unit));
        }
    }

    /// Returns the earliest deadline.
    pub(super) fn next(&self) -> Instant {
        self.deadlines.first().map_or(Instant::MAX, |&(at, _)| at)
    }

    /// Returns the units that are due at `now`, the earliest first. Their deadlines stay.
    pub(super) fn due(&self, now: Instant) -> Vec<usize> {
        let due = self.deadlines.range(..=(now, usize::MAX));
        due.map(|&(_, unit)| unit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_due_in_the_order_of_their_deadlines() {
        let mut agenda = Agenda::default();
        assert_eq!(agenda.next(), Instant::MAX);
        for (unit, second) in [(0, 9), (1, 2), (2, 5), (0, 1)] {
            agenda.set(unit, Instant::from_secs(second));
        }
        agenda.remove(1);
        assert_eq!(agenda.next(), Instant::from_secs(1));
        assert_eq!(agenda.due(Instant::from_secs(4)), [0]);
        assert_eq!(agenda.due(Instant::from_secs(5)), [0, 2]);
    }
}
