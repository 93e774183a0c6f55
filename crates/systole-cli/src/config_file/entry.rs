//! A target, or a group of replicas, with settings of its own: `[[target]]` and `[[group]]`.

use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{line, millis, retries, span};
use crate::labels::Labels;
use crate::report::plain_text;
use crate::target::Target;
use crate::trouble::Trouble;

const TARGET: &str =
    "a [[target]] has one url = \"scheme://host\", and an alias if it is to have one";
const GROUP: &str = "a [[group]] has a name = \"name\" and targets = [\"scheme://host\"]";
const QUARANTINE: &str =
    "a [[target]] has no quarantine: only a target of a [[group]] can be left for another";
const NAME: &str =
    "a name or an alias has 1 to 200 bytes that can be printed, like alias = \"db-1\"";

/// What is not set here is as for all targets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    url: Option<Spanned<String>>,
    #[serde(default, rename = "targets")]
    urls: Vec<Spanned<String>>,
    #[serde(skip)]
    pub(crate) targets: Vec<Target>,
    /// What a target, or a group, is called in all output.
    #[serde(alias = "alias")]
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "span")]
    pub(crate) every: Option<Duration>,
    #[serde(default, deserialize_with = "span")]
    pub(crate) min: Option<Duration>,
    #[serde(default, deserialize_with = "span")]
    pub(crate) max: Option<Duration>,
    #[serde(default, deserialize_with = "span")]
    pub(crate) detect_within: Option<Duration>,
    #[serde(default, rename = "timeout_ms", deserialize_with = "millis")]
    pub(crate) timeout: Option<Duration>,
    #[serde(default, deserialize_with = "retries")]
    pub(crate) retry_attempts: Option<u8>,
    #[serde(default, deserialize_with = "span")]
    pub(crate) quarantine: Option<Duration>,
    /// What it is, for those who read the output.
    #[serde(default)]
    pub(crate) labels: Labels,
    /// The lines of the file that it takes.
    #[serde(skip)]
    pub(crate) lines: Range<usize>,
}

impl Entry {
    pub(super) fn read_as_target(&mut self, text: &str) -> Result<(), (usize, String)> {
        if self.quarantine.is_some() {
            return Err((self.lines.start, QUARANTINE.into()));
        }
        match self.url.take() {
            Some(url) if self.urls.is_empty() => self.read(&[url], text),
            _ => Err((self.lines.start, TARGET.into())),
        }
    }

    pub(super) fn read_as_group(&mut self, text: &str) -> Result<(), (usize, String)> {
        let urls = std::mem::take(&mut self.urls);
        if self.url.is_some() || self.name.is_none() || urls.is_empty() {
            return Err((self.lines.start, GROUP.into()));
        }
        self.read(&urls, text)
    }

    fn read(&mut self, urls: &[Spanned<String>], text: &str) -> Result<(), (usize, String)> {
        if self.name.as_deref().is_some_and(|name| !is_printable(name)) {
            return Err((self.lines.start, NAME.into()));
        }
        for url in urls {
            let wrong = |trouble: Trouble| (line(text, Some(url.span())), trouble.to_string());
            let target: Target = url.get_ref().parse().map_err(wrong)?;
            if self.targets.contains(&target) {
                return Err(wrong(Trouble::Twice(target.to_string())));
            }
            self.targets.push(target);
        }
        Ok(())
    }
}

/// Returns whether `name` stands in one line of output, and is seen there.
fn is_printable(name: &str) -> bool {
    !name.trim().is_empty() && plain_text(name) == name
}

/// Tells the entries, of which each begins with `header`, which lines they take.
pub(super) fn place(entries: &mut [Entry], header: &str, text: &str) {
    let mut ends = tables(text).skip(1).map(|(line, _)| line);
    let places = tables(text).map(|(line, name)| (line..ends.next().unwrap_or(usize::MAX), name));
    let places = places.filter(|(_, name)| *name == header);
    for (entry, (lines, _)) in entries.iter_mut().zip(places) {
        entry.lines = lines;
    }
}

/// Returns the number of the first line of an entry.
pub(super) fn head_end(text: &str) -> usize {
    tables(text).next().map_or(usize::MAX, |(line, _)| line)
}

/// Returns the lines that begin a table, with their numbers.
fn tables(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(
        text.lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim()),
    );
    lines.filter(|(_, line)| line.starts_with("[["))
}
