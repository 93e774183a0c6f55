//! Which situations occurred.

use std::collections::BTreeMap;

/// Counts situations by name, so that a run that never met one is noticed.
#[derive(Clone, Debug, Default)]
pub struct Coverage(BTreeMap<&'static str, u64>);

impl Coverage {
    /// Counts one occurrence of `situation`.
    pub fn saw(&mut self, situation: &'static str) {
        *self.0.entry(situation).or_default() += 1;
    }

    /// Counts one occurrence where `condition` holds.
    pub fn saw_if(&mut self, condition: bool, situation: &'static str) {
        if condition {
            self.saw(situation);
        }
    }

    /// How often `situation` occurred.
    #[must_use]
    pub fn count(&self, situation: &str) -> u64 {
        self.0.get(situation).copied().unwrap_or(0)
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Self) {
        for (situation, count) in &other.0 {
            *self.0.entry(situation).or_default() += count;
        }
    }

    /// All situations with their counts, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().map(|(situation, count)| (*situation, *count))
    }
}
