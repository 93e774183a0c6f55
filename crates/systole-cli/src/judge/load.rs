//! Loads the networks that the arguments name.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use systole::Instant;
use systole_lab::network::{Synthetic, gallery};
use systole_lab::sweep::parallel;
use systole_lab::{Network, Trace, TraceError};

use super::Case;
use crate::args;
use crate::progress::Progress;
use crate::trouble::Trouble;

/// A network: recorded, or drawn from a seed.
#[derive(Clone, Debug)]
pub(crate) enum Path {
    Recorded(Trace),
    Drawn(Arc<Synthetic>),
}

impl Network for Path {
    fn answer(&self, sent_at: Instant) -> Option<Duration> {
        match self {
            Self::Recorded(trace) => trace.answer(sent_at),
            Self::Drawn(network) => network.answer(sent_at),
        }
    }

    fn start(&self) -> Instant {
        match self {
            Self::Recorded(trace) => trace.start(),
            Self::Drawn(network) => network.start(),
        }
    }

    fn end(&self) -> Instant {
        match self {
            Self::Recorded(trace) => trace.end(),
            Self::Drawn(network) => network.end(),
        }
    }
}

/// The synthetic networks that are used if none is named.
const DRAWN: Duration = Duration::from_secs(2 * 3_600);
const SEED: u64 = 1;

/// Loads the named networks, or else the synthetic ones, and computes the floor of each, which
/// takes a while.
pub(crate) fn load(options: &args::Judge) -> Result<Vec<Case>, Trouble> {
    let networks = named(&options.traces)?;
    let bound = options.detect_within;
    for (name, network) in &networks {
        let length = network.end().saturating_duration_since(network.start());
        if length <= 2 * bound {
            return Err(Trouble::Short(name.clone(), length, bound));
        }
    }
    let progress = Progress::new("preparing", networks.len());
    let case = |(name, network): &(String, Path)| {
        let case = Case::new(name.clone(), network.clone(), bound);
        progress.step();
        case
    };
    Ok(parallel(&networks, case))
}

fn named(paths: &[PathBuf]) -> Result<Vec<(String, Path)>, Trouble> {
    if paths.is_empty() {
        let drawn = gallery(DRAWN, SEED).into_iter();
        return Ok(drawn
            .map(|(name, network)| (name.into(), Path::Drawn(Arc::new(network))))
            .collect());
    }
    let mut files = Vec::new();
    for path in paths {
        files.append(&mut files_of(path)?);
    }
    files.iter().map(read).collect()
}

/// Returns the path itself, or the traces in the folder.
fn files_of(path: &std::path::Path) -> Result<Vec<PathBuf>, Trouble> {
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

fn read(file: &PathBuf) -> Result<(String, Path), Trouble> {
    let trace = Trace::load(file).map_err(|error| Trouble::Trace(file.clone(), error))?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    Ok((name.into_owned(), Path::Recorded(trace)))
}
