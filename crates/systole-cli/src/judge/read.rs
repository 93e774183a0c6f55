//! Reads the recordings that the arguments name, and says what was read.

use std::ffi::OsStr;
use std::fmt::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use systole_lab::trace::{Format, ReadOptions, Recording, Summary};
use systole_lab::{Trace, TraceError, brief};

use crate::args;
use crate::trouble::Trouble;

/// A recording, and what is known of it.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) trace: Trace,
    pub(super) about: About,
}

/// What a command says of a recording before it judges.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) name: String,
    pub(crate) format: Format,
    pub(crate) summary: Summary,
    /// What was assumed, left out, or looks wrong.
    pub(crate) notes: Vec<String>,
    /// The number of parts that are judged.
    pub(crate) parts: usize,
}

/// Reads all recordings, in the order of the arguments.
pub(super) fn read_all(options: &args::Judge) -> Result<Vec<Read>, Trouble> {
    let read_options = ReadOptions {
        interval: options.reading.every,
        time_column: options.reading.time_column.clone(),
        rtt_column: options.reading.rtt_column.clone(),
        unit: options.reading.unit,
        target: options.reading.target.clone(),
    };
    let mut all = Vec::new();
    for path in &options.traces {
        for file in files_of(path)? {
            all.push(read(&file, &read_options)?);
        }
    }
    Ok(all)
}

/// Returns the path itself, or the recordings in the folder.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, Trouble> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error| Trouble::Trace(path.to_owned(), TraceError::Io(error));
    let mut files = Vec::new();
    for entry in path.read_dir().map_err(unreadable)? {
        files.push(entry.map_err(unreadable)?.path());
    }
    files.retain(|file| file.extension() == Some(OsStr::new("csv")));
    files.sort();
    if files.is_empty() {
        return Err(Trouble::NoTraces(path.to_owned()));
    }
    Ok(files)
}

fn read(file: &Path, options: &ReadOptions) -> Result<Read, Trouble> {
    let (name, outcome) = if file == Path::new("-") {
        (
            "standard input".into(),
            Recording::read(std::io::stdin().lock(), options),
        )
    } else {
        (name_of(file), Recording::load(file, options))
    };
    let recording = outcome.map_err(|error| Trouble::Trace(file.to_owned(), error))?;
    let summary = recording.trace.summary();
    let mut notes = recording.notes;
    if matches!(recording.format, Format::Record | Format::Csv) {
        notes.extend(questions(&summary));
    }
    Ok(Read {
        trace: recording.trace,
        about: About {
            name,
            format: recording.format,
            summary,
            notes,
            parts: 1,
        },
    })
}

/// Returns the name of a file without its extensions.
fn name_of(file: &Path) -> String {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let plain = name
        .strip_suffix(".csv")
        .or_else(|| name.strip_suffix(".json"));
    plain.unwrap_or(&name).into()
}

/// The shortest median round trip that is not questioned: below that of a loopback interface.
const SHORTEST_RTT: Duration = Duration::from_micros(25);
/// The longest one.
const LONGEST_RTT: Duration = Duration::from_secs(10);
/// The number of probes under way from which on the unit of the times is questioned.
const MOST_UNDER_WAY: u32 = 200;

/// Asks about units that look wrong.
fn questions(summary: &Summary) -> Vec<String> {
    let Some(median) = summary.median_rtt else {
        return Vec::new();
    };
    let shown = brief(median);
    let mut questions = Vec::new();
    if median < SHORTEST_RTT {
        questions.push(format!("a median round trip of {shown} is shorter than that of a loopback interface: are the round trips in milliseconds?"));
    } else if median > LONGEST_RTT {
        questions.push(format!(
            "a median round trip of {shown} is long: are the round trips in a smaller unit?"
        ));
    } else if summary.spacing * MOST_UNDER_WAY < median {
        questions.push(format!(
            "probes {} apart with round trips of {shown}: are the times in a larger unit?",
            brief(summary.spacing)
        ));
    }
    questions
}

impl fmt::Display for About {
    /// Writes a line of figures, and an indented line for each note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary {
            rows,
            lost,
            length,
            spacing,
            median_rtt,
            p99_rtt,
            longest_silence,
            longest_gap,
        } = self.summary;
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
        let share = 100.0 * lost as f64 / rows.max(1) as f64;
        write!(
            f,
            "{}: {}, {rows} rows in {}, {} apart, {share:.2} % lost; ",
            self.name,
            self.format,
            brief(length),
            brief(spacing)
        )?;
        if let (Some(median), Some(p99)) = (median_rtt, p99_rtt) {
            write!(
                f,
                "round trip {} in the median, {} at p99; ",
                brief(median),
                brief(p99)
            )?;
        }
        writeln!(
            f,
            "longest silence {}, longest gap {}",
            brief(longest_silence),
            brief(longest_gap)
        )?;
        self.notes
            .iter()
            .try_for_each(|note| writeln!(f, "  {note}"))
    }
}

/// Returns what was read, for a person.
pub(super) fn heading(all: &[About]) -> String {
    let mut text = String::new();
    for about in all {
        let _ = write!(text, "{about}"); // writing to a String cannot fail
    }
    text
}
