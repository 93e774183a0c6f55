//! The file of `--config`: TOML, in which every unknown key is an error.

mod entry;

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use systole::{ConfigError, Retries, config::Setting};
use toml::Spanned;

pub(crate) use self::entry::Entry;
use crate::hooks::Program;
use crate::report::plain_text;
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
    #[serde(default, deserialize_with = "retries")]
    pub(crate) retry_attempts: Option<u8>,
    pub(crate) failover_enabled: Option<bool>,
    /// The length of the first quarantine of a target.
    #[serde(default, deserialize_with = "span")]
    pub(crate) quarantine: Option<Duration>,
    pub(crate) ca: Option<PathBuf>,
    /// Targets with settings of their own.
    #[serde(default, rename = "target")]
    pub(crate) singles: Vec<Entry>,
    /// Groups of replicas.
    #[serde(default, rename = "group")]
    pub(crate) groups: Vec<Entry>,
    /// The program that runs when a verdict or an active target changes, with its arguments.
    #[serde(default, rename = "on_change")]
    program: Option<Spanned<Vec<String>>>,
    #[serde(skip)]
    pub(crate) on_change: Option<Program>,
    /// The keys of the file, each with its line number.
    #[serde(skip)]
    keys: Vec<(String, usize)>,
    /// The line of the first target or group with settings of its own.
    #[serde(skip)]
    head_end: usize,
}

impl ConfigFile {
    pub(crate) fn read(path: &Path) -> Result<Self, Trouble> {
        let text = read_text(path).map_err(|error| Trouble::Read(path.into(), error))?;
        parse(&text).map_err(|(line, what)| Trouble::Line(path.into(), line, what))
    }

    /// Returns the line of the setting that `error` refuses, or `None` if the file does not set it.
    /// Settings of `entry` come before those for all targets.
    pub(crate) fn line_of(&self, error: &ConfigError, entry: Option<&Entry>) -> Option<usize> {
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
        let own = entry.and_then(|entry| self.find(keys, &entry.lines));
        own.or_else(|| self.find(keys, &(0..self.head_end)))
    }

    /// Returns the line of the first of `keys` that is in `lines`.
    fn find(&self, keys: &[&str], lines: &Range<usize>) -> Option<usize> {
        let place = |key: &&str| {
            let is_it = |(name, line): &&(String, usize)| name == key && lines.contains(line);
            self.keys.iter().find(is_it)
        };
        keys.iter().find_map(place).map(|&(_, line)| line)
    }
}

/// The longest file that is read, in bytes.
const FILE_MAX: u64 = 16 << 20;

/// Returns the text of a regular file that is not too long, so that reading it never blocks.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    let text = String::from_utf8(read_bytes(path, FILE_MAX)?);
    text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8"))
}

/// Returns the bytes of a regular file of at most `most`.
pub(crate) fn read_bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let about = std::fs::metadata(path)?;
    let refuse = |why: String| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    if !about.is_file() {
        return refuse("not a regular file".into());
    }
    if about.len() > most {
        return refuse(format!("longer than {} MiB", most >> 20));
    }
    std::fs::read(path)
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
    file.head_end = entry::head_end(text);
    entry::place(&mut file.singles, "[[target]]", text);
    entry::place(&mut file.groups, "[[group]]", text);
    for single in &mut file.singles {
        single.read_as_target(text)?;
    }
    for group in &mut file.groups {
        group.read_as_group(text)?;
    }
    Ok(file)
}

/// Returns the program of `on_change`, which is started without a shell.
pub(crate) fn program(words: Vec<String>) -> Result<Program, String> {
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
pub(crate) fn line(text: &str, place: Option<Range<usize>>) -> usize {
    let before = text.bytes().take(place.map_or(0, |place| place.start));
    1 + before.filter(|&byte| byte == b'\n').count()
}

pub(crate) fn span<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    deserializer.deserialize_any(SpanReader).map(Some)
}

/// Reads `"1s"`, and says what is missing where it is a number.
struct SpanReader;

impl de::Visitor<'_> for SpanReader {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a span with its unit, like \"1s\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        let spans = "a span is written \"250ms\", \"5s\" or \"1m30s\"";
        let read = humantime::parse_duration(text);
        read.map_err(|why| E::custom(format!("'{}': {spans}: {why}", plain_text(text))))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Duration, E> {
        Err(E::custom(format!(
            "{number} has no unit: write \"{number}s\" or \"{number}ms\""
        )))
    }
}

fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    u64::deserialize(deserializer).map(|ms| Some(Duration::from_millis(ms)))
}

fn retries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let count = i64::deserialize(deserializer)?;
    let fits = u8::try_from(count)
        .ok()
        .filter(|&count| count <= Retries::MAX);
    let most = Retries::MAX;
    let wrong = || de::Error::custom(format!("{count} retries are out of range: 0 to {most}"));
    fits.map(Some).ok_or_else(wrong)
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
    fn a_target_and_a_group_have_settings_of_their_own() {
        let text = "every = \"1s\"\n\n[[target]]\nurl = \"tcp://a:1\"\nalias = \"gate\"\n\
            every = \"5s\"\n\n[[group]]\nname = \"db\"\ntargets = [\"tcp://b:1\", \"tcp://c:1\"]\n\
            [[target]]\nurl = \"tcp://d:1\"\ntimeout_ms = 10\n";
        let file = parse(text).unwrap();
        let names: Vec<_> = file.singles.iter().map(|one| one.name.clone()).collect();
        assert_eq!(names, [Some("gate".into()), None]);
        assert_eq!(file.singles[0].every, Some(Duration::from_secs(5)));
        assert_eq!(file.singles[0].lines, 3..8);
        assert_eq!(file.singles[1].lines, 11..usize::MAX);
        assert_eq!(file.groups[0].targets.len(), 2);
        assert_eq!(file.groups[0].lines, 8..11);
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
            (
                "retry_attempts = -1",
                1,
                "-1 retries are out of range: 0 to 16",
            ),
            ("retry_attempts = 99999", 1, "0 to 16"),
            ("every = 1", 1, "1 has no unit: write \"1s\" or \"1ms\""),
            ("[[target]]\nurl = \"tcp://h:99999\"", 2, "port 99999"),
            (
                "[[target]]\nurl = \"tcp://h:1\"\nquarantine = \"1s\"",
                1,
                "no quarantine",
            ),
            (
                "every = \"1s\"\non_change = [\"notify\"]",
                2,
                "is no program",
            ),
            ("[[target]]\nalias = \"x\"", 1, "url = "),
            ("[[target]]\nurl = \"gopher://h\"", 2, "unknown scheme"),
            (
                "[[target]]\nurl = \"tcp://h:1\"\nalias = \"\"",
                1,
                "can be printed",
            ),
            (
                "[[group]]\nname = \"a\\u001b[31m\\nb\"\ntargets = [\"tcp://h:1\"]",
                1,
                "can be printed",
            ),
            (
                "[[target]]\nurl = \"tcp://h:1\"\ntargets = [\"tcp://h:2\"]",
                1,
                "one url",
            ),
            ("[[group]]\ntargets = [\"tcp://h:1\"]", 1, "name = "),
            (
                "[[group]]\nname = \"x\"\nurl = \"tcp://h:1\"",
                1,
                "targets = ",
            ),
            (
                "[[target]]\nurl = \"tcp://h:1\"\nevrey = \"1s\"",
                3,
                "unknown field",
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
