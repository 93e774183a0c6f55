//! The file of `--config`: TOML, in which every unknown key is an error.

use std::fmt::Display;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use systole::{ConfigError, config::Setting};
use toml::Spanned;

use crate::hooks::Program;
use crate::target::Target;
use crate::trouble::Trouble;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    #[serde(default, rename = "targets")]
    written: Vec<Spanned<String>>,
    #[serde(skip)]
    pub(crate) targets: Vec<Target>,
    /// The base interval.
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
    pub(crate) retry_attempts: Option<u8>,
    pub(crate) failover_enabled: Option<bool>,
    /// The length of the first quarantine of a target.
    #[serde(default, deserialize_with = "span")]
    pub(crate) quarantine: Option<Duration>,
    pub(crate) ca: Option<PathBuf>,
    /// The program that runs when a verdict or an active target changes, with its arguments.
    #[serde(default, rename = "on_change")]
    program: Option<Spanned<Vec<String>>>,
    #[serde(skip)]
    pub(crate) on_change: Option<Program>,
    /// The keys of the file, each with its line number.
    #[serde(skip)]
    keys: Vec<(String, usize)>,
}

impl ConfigFile {
    pub(crate) fn read(path: &Path) -> Result<Self, Trouble> {
        let text = read_text(path).map_err(|error| Trouble::Read(path.into(), error))?;
        parse(&text).map_err(|(line, what)| Trouble::Line(path.into(), line, what))
    }

    /// Returns the line of the setting that `error` refuses, or `None` if the file does not set it.
    pub(crate) fn line_of(&self, error: &ConfigError) -> Option<usize> {
        let keys: &[&str] = match error.setting() {
            Setting::Interval => &["every"],
            Setting::IntervalMin => &["min", "every"],
            Setting::IntervalMax => &["max", "min"], // too short for the shortest interval that was set
            Setting::TimeoutFirst
            | Setting::TimeoutMin
            | Setting::TimeoutMax
            | Setting::RequestTimeout => &["timeout_ms"],
            Setting::DetectWithin => &["detect_within"],
            Setting::Retries => &["retry_attempts"],
            Setting::Quarantine | Setting::QuarantineMax => &["quarantine"],
            _ => &[],
        };
        let place = |key: &&str| self.keys.iter().find(|(name, _)| name == key);
        keys.iter().find_map(place).map(|&(_, line)| line)
    }
}

/// The longest file that is read, in bytes.
const FILE_MAX: u64 = 16 << 20;

/// Returns the text of a regular file that is not too long, so that reading it never blocks.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    let about = std::fs::metadata(path)?;
    let refuse = |why| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    if !about.is_file() {
        return refuse("not a regular file");
    }
    if about.len() > FILE_MAX {
        return refuse("longer than 16 MiB");
    }
    std::fs::read_to_string(path)
}

/// Parses the file. An error has the number of the line and a description.
fn parse(text: &str) -> Result<ConfigFile, (usize, String)> {
    let mut file: ConfigFile = toml::from_str(text).map_err(|error| {
        let what = error.message().lines().collect::<Vec<_>>().join(", ");
        (line(text, error.span()), what)
    })?;
    for written in &file.written {
        let target = written.get_ref().parse();
        let wrong = |trouble: Trouble| (line(text, Some(written.span())), trouble.to_string());
        file.targets.push(target.map_err(wrong)?);
    }
    if let Some(written) = file.program.take() {
        let place = line(text, Some(written.span()));
        let read = program(written.into_inner()).map_err(|why| (place, why))?;
        file.on_change = Some(read);
    }
    file.keys = keys(text);
    Ok(file)
}

/// Returns the program of `on_change`, which is started without a shell.
fn program(words: Vec<String>) -> Result<Program, String> {
    let mut words = words.into_iter();
    let path = PathBuf::from(words.next().unwrap_or_default());
    if !path.is_absolute() || !path.is_file() {
        let what = "is no program: on_change = [\"/path/of/program\", \"argument\"]";
        return Err(format!("'{}' {what}", path.display()));
    }
    Ok(Program {
        path,
        arguments: words.collect(),
    })
}

/// Returns the text before the first `=` of each line, with the line number.
fn keys(text: &str) -> Vec<(String, usize)> {
    let key = |line: &str| Some(line.split_once('=')?.0.trim().to_owned());
    let lines = text.lines().zip(1..);
    lines
        .filter_map(|(line, number)| Some((key(line)?, number)))
        .collect()
}

/// Returns the number of the line in which `place` begins.
fn line(text: &str, place: Option<Range<usize>>) -> usize {
    let before = text.bytes().take(place.map_or(0, |place| place.start));
    1 + before.filter(|&byte| byte == b'\n').count()
}

/// A value that is parsed from a string.
struct Written<T>(T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let Written(span) = Written::<humantime::Duration>::deserialize(deserializer)?;
    Ok(Some(span.into()))
}

fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    u64::deserialize(deserializer).map(|ms| Some(Duration::from_millis(ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_is_read() {
        let file = parse(
            r#"
            targets = ["redis://a", "https://b/health"]
            every = "1s"
            min = "500ms"
            max = "5s"
            detect_within = "10s"
            timeout_ms = 800
            retry_attempts = 2
            failover_enabled = true
            quarantine = "30s"
            ca = "ca.pem"
            "#,
        )
        .unwrap();
        assert_eq!(file.targets.len(), 2);
        assert_eq!(file.timeout, Some(Duration::from_millis(800)));
        assert_eq!(file.quarantine, Some(Duration::from_secs(30)));
        assert_eq!(
            (file.retry_attempts, file.failover_enabled),
            (Some(2), Some(true))
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, line, words) in [
            (
                "every = \"1s\"\ntiemout_ms = 800\n",
                2,
                "unknown field `tiemout_ms`",
            ),
            ("\n\ntimeout_ms = \"800\"", 3, "invalid type"),
            (
                "targets = [\n  \"tcp://h:1\",\n  \"gopher://h\",\n]",
                3,
                "unknown scheme 'gopher'",
            ),
            ("every = \"1s\"\nquarantine = \"soon\"", 2, "number"),
            ("retry_attempts = -1", 1, "invalid value"),
            (
                "every = \"1s\"\non_change = [\"notify\"]",
                2,
                "is no program",
            ),
            ("every = ", 1, ""),
            ("every = \"1s\"\nevery = \"2s\"", 2, "duplicate"),
        ] {
            let (found, what) = parse(text).unwrap_err();
            assert_eq!(found, line, "{text}: {what}");
            assert!(
                what.contains(words) && what.lines().count() == 1,
                "{text}: {what}"
            );
        }
    }
}
