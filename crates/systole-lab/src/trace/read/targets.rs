//! The target whose probes are read, if a file has those of several.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::error::TraceError;

/// The number of names that are kept for a message, and of pairs of name and address.
const NAMES: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Targets {
    wanted: Option<String>,
    /// Without a wish, the first target that occurs.
    first: Option<String>,
    others: Vec<String>,
    /// Names and the addresses that they stand for.
    aliases: Vec<(String, String)>,
}

impl Targets {
    pub(super) fn new(wanted: Option<String>) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// Records that `name` stands for `address`.
    pub(super) fn alias(&mut self, name: &str, address: &str) {
        let pair = (name.to_string(), address.to_string());
        if self.aliases.len() < NAMES && !self.aliases.contains(&pair) {
            self.aliases.push(pair);
        }
    }

    /// Returns whether the probes to this target are read.
    pub(super) fn takes(&mut self, target: &str) -> bool {
        let taken = self.would_take(target);
        if taken {
            self.first.get_or_insert_with(|| target.to_string());
        } else if self.others.len() < NAMES && !self.others.iter().any(|other| other == target) {
            self.others.push(target.to_string());
        }
        taken
    }

    /// Returns what [`takes`](Self::takes) would, for a target that may turn out to have no probes.
    pub(super) fn would_take(&self, target: &str) -> bool {
        match (&self.wanted, &self.first) {
            (Some(wanted), _) => self.is(wanted, target),
            (None, Some(first)) => first == target,
            (None, None) => true,
        }
    }

    fn is(&self, wanted: &str, target: &str) -> bool {
        let named = |(name, address): &(String, String)| {
            name.eq_ignore_ascii_case(wanted) && address == target
        };
        target.eq_ignore_ascii_case(wanted) || self.aliases.iter().any(named)
    }

    /// Returns an error if a choice is missing, or names no target of the file.
    pub(super) fn check(&self) -> Result<(), TraceError> {
        match (&self.wanted, &self.first) {
            (Some(wanted), None) => Err(TraceError::NoSuchTarget {
                chosen: wanted.clone(),
                targets: self.others.iter().map(|other| self.shown(other)).collect(),
            }),
            (None, Some(first)) if !self.others.is_empty() => {
                let all = core::iter::once(first).chain(&self.others);
                Err(TraceError::SeveralTargets(
                    all.map(|target| self.shown(target)).collect(),
                ))
            }
            _ => Ok(()),
        }
    }

    fn shown(&self, target: &str) -> String {
        let name = self.aliases.iter().find(|(_, address)| address == target);
        match name {
            Some((name, _)) if name != target => format!("{name} ({target})"),
            _ => target.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_targets_are_named_and_one_is_chosen_by_name_or_address() {
        let ask = |wanted: Option<&str>| {
            let mut targets = Targets::new(wanted.map(String::from));
            targets.alias("one.example", "192.0.2.1");
            let taken = ["192.0.2.1", "192.0.2.2"].map(|target| targets.takes(target));
            (taken, targets.check().map_err(|error| error.to_string()))
        };
        let both = "probes to several targets: one.example (192.0.2.1), 192.0.2.2; choose one with --target";
        assert_eq!(ask(None), ([true, false], Err(both.into())));
        assert_eq!(ask(Some("one.example")), ([true, false], Ok(())));
        assert_eq!(ask(Some("192.0.2.2")), ([false, true], Ok(())));
        let (taken, error) = ask(Some("elsewhere"));
        assert_eq!(taken, [false, false]);
        assert!(
            error
                .unwrap_err()
                .starts_with("no probe to elsewhere, but to one.example")
        );
    }
}
