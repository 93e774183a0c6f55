//! The labels of a target, which say what it is: its rack, its team, its environment.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::report::plain_text;

/// The most labels of a target, and the longest name and value, in bytes: each becomes a part of
/// every line of JSON and of a series.
const LABELS_MAX: usize = 16;
const NAME_MAX: usize = 32;
const VALUE_MAX: usize = 100;

/// The labels by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Labels(BTreeMap<String, String>);

impl Labels {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns names and values, in the order of the names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let labels = BTreeMap::<String, String>::deserialize(deserializer)?;
        check(&labels).map_err(de::Error::custom)?;
        Ok(Self(labels))
    }
}

fn check(labels: &BTreeMap<String, String>) -> Result<(), String> {
    if labels.len() > LABELS_MAX {
        return Err(format!("more than {LABELS_MAX} labels"));
    }
    for (name, value) in labels {
        if !is_name(name) {
            return Err(format!(
                "'{}' is no name of a label: a small letter, then up to {} small letters, digits and _, \
                 and not peer",
                plain_text(name),
                NAME_MAX - 1
            ));
        }
        if value.trim().is_empty() || value.len() > VALUE_MAX || plain_text(value) != *value {
            return Err(format!(
                "the label {name} has 1 to {VALUE_MAX} bytes that can be printed"
            ));
        }
    }
    Ok(())
}

/// Returns whether `name` can be a label of Prometheus and a part of a variable, and is not taken.
fn is_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= NAME_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(is_part)
        && name != "peer"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Labels, String> {
        let whole: Result<BTreeMap<String, Labels>, _> = toml::from_str(text);
        let whole = whole.map_err(|error| error.message().to_owned())?;
        Ok(whole["labels"].clone())
    }

    #[test]
    fn names_and_values_have_bounds() {
        let labels = read("labels = { rack = \"a\", team_2 = \"b c\" }").unwrap();
        assert_eq!(
            labels.iter().collect::<Vec<_>>(),
            [("rack", "a"), ("team_2", "b c")]
        );
        let long = format!("labels = {{ a = \"{}\" }}", "x".repeat(101));
        let many: Vec<_> = (0..17).map(|n| format!("a{n} = \"x\"")).collect();
        for (text, words) in [
            ("labels = { Rack = \"a\" }", "'Rack' is no name of a label"),
            ("labels = { \"a-b\" = \"a\" }", "is no name of a label"),
            ("labels = { peer = \"a\" }", "and not peer"),
            ("labels = { a = \"\" }", "1 to 100 bytes"),
            ("labels = { a = \"\\u001b\" }", "1 to 100 bytes"),
            (&long, "1 to 100 bytes"),
            (
                &format!("labels = {{ {} }}", many.join(", ")),
                "more than 16 labels",
            ),
            ("labels = { a = 1 }", "invalid type"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
