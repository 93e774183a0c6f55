//! Common mode: which peers fall silent together.

use alloc::vec::Vec;

use super::silence::{Silence, Window, parts_since};
use super::{Cause, Labels};
use crate::config::error::{ConfigError, Setting, check};
use crate::peer::verdict::Verdict;
use crate::time::Instant;

/// The most sets of labels that differ.
const SETS: usize = 256;
/// How many peers have to be silent before a fleet without references is isolated.
const SILENT_MIN: u32 = 3;
/// For how many parts of a window lateness matters: failures that happened meanwhile are seen
/// together, and are silent for two windows.
const LATE_PARTS: usize = 8;

/// Counts the silent peers of a fleet, and of each label.
///
/// A change of a verdict takes O(1) time, plus O(l) every quarter of a window where l labels are in
/// use. Memory is bounded by 64 labels and 256 sets of them.
#[derive(Debug)]
pub(in crate::fleet) struct CommonMode {
    /// The window: the bound of the peers.
    window_us: u64,
    /// When the present part of the window began.
    turned: Instant,
    /// How late the calls were in each part of two windows, newest first.
    late_us: [u64; LATE_PARTS],
    all: Silence,
    references: Silence,
    labels: Vec<Silence>,
    /// The sets of labels in use. The first is that without any.
    sets: Vec<Labels>,
    isolated: Option<Isolated>,
}

/// Why the fleet is isolated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Isolated {
    /// No reference is heard.
    FromReferences,
    /// Nothing is heard.
    FromAll,
}

impl CommonMode {
    pub(in crate::fleet) fn new(window_us: u64, now: Instant) -> Self {
        Self {
            window_us,
            turned: now,
            late_us: [0; LATE_PARTS],
            all: Silence::default(),
            references: Silence::default(),
            labels: Vec::new(),
            sets: alloc::vec![Labels::NONE],
            isolated: None,
        }
    }

    // ---- membership ----

    /// Returns the number of a set of labels.
    pub(in crate::fleet) fn number(&mut self, labels: Labels) -> Result<u8, ConfigError> {
        let known = self.sets.iter().position(|&set| set == labels);
        let number = known.unwrap_or(self.sets.len());
        check(Setting::LabelSets, number as u64 + 1, 1, SETS as u64)?;
        if known.is_none() {
            let count = labels
                .iter()
                .max()
                .map_or(0, |greatest| usize::from(greatest) + 1);
            self.labels
                .resize_with(count.max(self.labels.len()), Silence::default);
            self.sets.push(labels);
        }
        Ok(u8::try_from(number).unwrap_or(0)) // below SETS
    }

    pub(in crate::fleet) fn labels(&self, number: u8) -> Labels {
        self.sets
            .get(usize::from(number))
            .copied()
            .unwrap_or(Labels::NONE)
    }

    /// Counts a peer with the set `number` of labels.
    pub(in crate::fleet) fn add(&mut self, number: u8, verdict: Verdict, now: Instant) {
        self.turn(now);
        self.each(number, |group| group.enter(verdict));
    }

    pub(in crate::fleet) fn remove(&mut self, number: u8, verdict: Verdict, now: Instant) {
        self.turn(now);
        self.each(number, |group| group.leave(verdict));
    }

    // ---- verdicts ----

    pub(in crate::fleet) fn change(
        &mut self,
        number: u8,
        from: Verdict,
        to: Verdict,
        now: Instant,
    ) {
        self.turn(now);
        self.each(number, |group| group.change(from, to));
    }

    /// Makes the verdict on every peer `Unknown`.
    pub(in crate::fleet) fn forget(&mut self, now: Instant) {
        self.turn(now);
        let labels = self.labels.iter_mut();
        labels
            .chain([&mut self.all, &mut self.references])
            .for_each(Silence::forget);
    }

    /// Sets the window to the bound of a peer that is called dead now, by and by where bounds
    /// differ.
    pub(in crate::fleet) const fn see_bound(&mut self, bound_us: u64) {
        let window_us = self.window_us;
        let longer_us = bound_us.saturating_sub(window_us).div_ceil(8);
        let shorter_us = window_us.saturating_sub(bound_us).div_ceil(8);
        self.window_us = window_us.saturating_add(longer_us) - shorter_us;
    }

    /// Returns why a peer with the set `number` of labels is dead, whose change has been counted.
    pub(in crate::fleet) fn cause(&self, number: u8) -> Cause {
        let is_unusual = self.all.is_unusual(self.window());
        let explains = |group: &Silence| {
            group.is_unusual(self.window())
                && !(is_unusual && self.all.is_unusual_without(group, self.window()))
        };
        let set = self.labels(number);
        let groups = set
            .iter()
            .filter_map(|label| Some((label, self.labels.get(usize::from(label))?)));
        let worst = groups
            .filter(|(_, group)| explains(group))
            .reduce(|one, other| {
                if other.1.is_worse_than(one.1) {
                    other
                } else {
                    one
                }
            });
        match worst {
            Some((label, group)) => common(group, Some(label)),
            None if is_unusual || self.isolated.is_some() => common(&self.all, None),
            None => Cause::Independent,
        }
    }

    /// Records that nobody looked for `late_us` until now, or that so much silence is excused. What
    /// is below an eighth of the window changes nothing.
    pub(in crate::fleet) fn see_lateness(&mut self, late_us: u64, now: Instant) {
        if late_us >= self.window_us / 8 {
            self.turn(now);
            let [newest, ..] = &mut self.late_us;
            *newest = newest.saturating_add(late_us);
        }
    }

    /// Records that the silence of all peers is excused, which is up to a bound.
    pub(in crate::fleet) fn see_excuse(&mut self, now: Instant) {
        self.see_lateness(self.window_us, now);
    }

    fn window(&self) -> Window {
        Window {
            us: self.window_us,
            late_us: self.late_us.iter().copied().fold(0, u64::saturating_add),
        }
    }

    // ---- isolation ----

    /// Returns whether the fleet has become isolated by the death that was counted last.
    pub(in crate::fleet) fn becomes_isolated(&mut self) -> bool {
        if self.isolated.is_some() {
            return false;
        }
        let is_of = |group: &Silence, least| group.alive() == 0 && group.silent() >= least;
        if is_of(&self.references, 1) && self.all.is_unusual(self.window()) {
            self.isolated = Some(Isolated::FromReferences);
        } else if is_of(&self.all, SILENT_MIN) {
            self.isolated = Some(Isolated::FromAll);
        }
        self.isolated.is_some()
    }

    /// Returns whether the fleet is isolated no more, by the change that was counted last.
    pub(in crate::fleet) const fn rejoins(&mut self) -> bool {
        let heard = match self.isolated {
            Some(Isolated::FromReferences) => self.references.alive(),
            Some(Isolated::FromAll) => self.all.alive(),
            None => 0,
        };
        if heard > 0 {
            self.isolated = None;
        }
        heard > 0
    }

    pub(in crate::fleet) const fn is_isolated(&self) -> bool {
        self.isolated.is_some()
    }

    /// Returns how many peers are alive, and suspected.
    pub(in crate::fleet) const fn counts(&self) -> (u32, u32) {
        (self.all.alive(), self.all.suspect())
    }

    /// Ends the parts of the window that have passed by `now`.
    fn turn(&mut self, now: Instant) {
        let (parts, turned) = parts_since(self.turned, now, self.window_us);
        if parts > 0 {
            self.turned = turned;
            self.forget_lateness(parts);
            let labels = self.labels.iter_mut();
            let groups = labels.chain([&mut self.all, &mut self.references]);
            groups.for_each(|group| group.turn(parts));
        }
    }

    fn forget_lateness(&mut self, parts: u64) {
        for _ in 0..parts.min(LATE_PARTS as u64) {
            self.late_us.rotate_right(1);
            let [newest, ..] = &mut self.late_us;
            *newest = 0;
        }
    }

    /// Calls `change` for each group of a peer with the set `number` of labels.
    fn each(&mut self, number: u8, change: impl Fn(&mut Silence)) {
        let set = self.labels(number);
        change(&mut self.all);
        if set.is_reference() {
            change(&mut self.references);
        }
        for label in set.iter() {
            if let Some(group) = self.labels.get_mut(usize::from(label)) {
                change(group);
            }
        }
    }
}

fn common(group: &Silence, label: Option<u8>) -> Cause {
    let (silent, of) = (group.silent(), group.of());
    Cause::Common { silent, of, label }
}
