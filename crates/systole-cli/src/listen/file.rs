//! The file of `--config`: TOML, in which every unknown key is an error.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::config_file::{line, program, read_text, span};
use crate::hooks::Program;
use crate::push::Name;
use crate::report::plain_text;
use crate::trouble::Trouble;

/// A sender that is known in advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) name: Name,
    /// The interval at which it is expected; `None` where it need not come.
    pub(super) every: Option<Duration>,
    pub(super) label: Option<String>,
    /// Of a job: after which silence it is overdue.
    pub(super) overdue: Option<Duration>,
}

#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    pub(super) detect_within: Option<Duration>,
    pub(super) losses: Option<u8>,
    pub(super) admit: Option<usize>,
    pub(super) rate_limit: Option<u32>,
    pub(super) key_file: Option<PathBuf>,
    pub(super) on_change: Option<Program>,
    pub(super) senders: Vec<Expected>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, deserialize_with = "span")]
    detect_within: Option<Duration>,
    losses: Option<u8>,
    admit: Option<usize>,
    rate_limit: Option<u32>,
    key_file: Option<PathBuf>,
    on_change: Option<Spanned<Vec<String>>>,
    #[serde(default, rename = "sender")]
    senders: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    #[serde(default, deserialize_with = "span")]
    every: Option<Duration>,
    label: Option<String>,
    #[serde(default, deserialize_with = "span")]
    overdue: Option<Duration>,
}

impl ConfigFile {
    pub(super) fn read(path: &Path) -> Result<Self, Trouble> {
        let text = read_text(path).map_err(|error| Trouble::Read(path.into(), error))?;
        parse(&text).map_err(|(line, what)| Trouble::Line(path.into(), line, what))
    }
}

/// Parses the file. An error has the number of the line and a description.
fn parse(text: &str) -> Result<ConfigFile, (usize, String)> {
    let written: Written = toml::from_str(text).map_err(|error| {
        let what = error.message().lines().collect::<Vec<_>>().join(", ");
        (line(text, error.span()), what)
    })?;
    let on_change = written.on_change.map(|words| {
        let place = line(text, Some(words.span()));
        program(words.into_inner()).map_err(|why| (place, why))
    });
    Ok(ConfigFile {
        detect_within: written.detect_within,
        losses: written.losses,
        admit: written.admit,
        rate_limit: written.rate_limit,
        key_file: written.key_file,
        on_change: on_change.transpose()?,
        senders: senders(written.senders, text)?,
    })
}

fn senders(entries: Vec<Entry>, text: &str) -> Result<Vec<Expected>, (usize, String)> {
    let mut seen = HashSet::new();
    let mut senders = Vec::new();
    for entry in entries {
        let place = line(text, Some(entry.id.span()));
        let sender = sender(entry).map_err(|why| (place, why))?;
        if !seen.insert(sender.name.id()) {
            return Err((place, format!("{} is given twice", sender.name)));
        }
        senders.push(sender);
    }
    Ok(senders)
}

fn sender(entry: Entry) -> Result<Expected, String> {
    let name = entry.id.into_inner().parse()?;
    let label = entry.label.filter(|label| !label.is_empty());
    if label
        .as_ref()
        .is_some_and(|label| *label != plain_text(label))
    {
        return Err("a label has to be short and printable".into());
    }
    if entry.every.is_some() && entry.overdue.is_some() {
        return Err("every is for senders that always run, overdue for jobs: give one".into());
    }
    Ok(Expected {
        name,
        every: entry.every,
        label,
        overdue: entry.overdue,
    })
}

#[cfg(test)]
mod tests;
