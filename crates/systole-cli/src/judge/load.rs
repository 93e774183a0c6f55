//! Loads the networks that the arguments name, refuses what cannot be judged, and splits recordings
//! at their gaps.

use std::sync::Arc;
use std::time::Duration;

use systole::Instant;
use systole_lab::network::{Synthetic, gallery};
use systole_lab::sweep::parallel;
use systole_lab::{Network, Trace, brief};

use super::Case;
use super::read::{About, Read, heading, read_all};
use crate::args;
use crate::output::print;
use crate::progress::Progress;
use crate::trouble::Trouble;

/// A network: a part of a recording, or drawn from a seed.
#[derive(Clone, Debug)]
pub(crate) enum Path {
    Recorded(Arc<Part>),
    Drawn(Arc<Synthetic>),
}

/// A part of a recording without gaps.
#[derive(Debug)]
pub(crate) struct Part {
    trace: Trace,
    about: Arc<About>,
}

impl Path {
    /// Returns what is known of the recording; `None` for a drawn network.
    pub(crate) fn about(&self) -> Option<&About> {
        match self {
            Self::Recorded(part) => Some(&part.about),
            Self::Drawn(_) => None,
        }
    }
}

impl Network for Path {
    fn answer(&self, sent_at: Instant) -> Option<Duration> {
        match self {
            Self::Recorded(part) => part.trace.answer(sent_at),
            Self::Drawn(network) => network.answer(sent_at),
        }
    }

    fn start(&self) -> Instant {
        match self {
            Self::Recorded(part) => part.trace.start(),
            Self::Drawn(network) => network.start(),
        }
    }

    fn end(&self) -> Instant {
        match self {
            Self::Recorded(part) => part.trace.end(),
            Self::Drawn(network) => network.end(),
        }
    }
}

/// The synthetic networks that are used if none is named.
const DRAWN: Duration = Duration::from_secs(2 * 3_600);
const SEED: u64 = 1;

/// Loads the named networks, or else the synthetic ones, says what was read, and computes the floor
/// of each, which takes a while.
pub(crate) fn load(options: &args::Judge) -> Result<Vec<Case>, Trouble> {
    let bound = options.detect_within;
    let networks = if options.traces.is_empty() {
        let drawn = gallery(DRAWN, SEED).into_iter();
        let path = |network| Path::Drawn(Arc::new(network));
        drawn
            .map(|(name, network)| (name.into(), path(network)))
            .collect()
    } else {
        recorded(options)?
    };
    let progress = Progress::new("preparing", networks.len());
    let case = |(name, network): &(String, Path)| {
        let case = Case::new(name.clone(), network.clone(), bound);
        progress.step();
        case
    };
    Ok(parallel(&networks, case))
}

/// Reads and splits the recordings. One that cannot be judged is left out and told if others can,
/// and refused otherwise.
fn recorded(options: &args::Judge) -> Result<Vec<(String, Path)>, Trouble> {
    let mut networks = Vec::new();
    let mut told = Vec::new();
    let mut refused = None;
    for read in read_all(options)? {
        let mut about = read.about.clone();
        match parts(read, options.detect_within) {
            Ok((parts, notes)) => {
                about.notes.extend(notes);
                about.parts = parts.len();
                networks.extend(named(parts, &Arc::new(about.clone())));
            }
            Err(reason) => {
                about.notes.push(format!("left out: {reason}"));
                refused.get_or_insert(Trouble::Unfit(about.name.clone(), reason));
            }
        }
        told.push(about);
    }
    match refused {
        Some(refused) if networks.is_empty() => Err(refused),
        _ => {
            tell(&told, options.json)?;
            Ok(networks)
        }
    }
}

/// The largest share of the bound that may lie between two probes: a third, with some room for
/// timers that are late. From a quarter on it is told.
const COARSEST: f64 = 0.35;

/// Returns the parts of a recording that can be judged at this bound, and notes about the others;
/// or the reason why none can.
fn parts(read: Read, bound: Duration) -> Result<(Vec<Trace>, Vec<String>), String> {
    let summary = read.about.summary;
    if summary.lost == summary.rows {
        return Err(format!(
            "all {} probes were lost, which tells nothing of a live peer",
            summary.rows
        ));
    }
    let coarse = format!("probes are {} apart", brief(summary.spacing));
    let finer = brief(4 * summary.spacing);
    if summary.spacing > bound.mul_f64(COARSEST) {
        return Err(format!(
            "{coarse}, which is too coarse to judge detection within {}: choose --detect-within {finer} or more",
            brief(bound)
        ));
    }
    let all = read.trace.split_at_gaps(bound / 4);
    let (split, gap) = (all.len(), brief(summary.longest_gap));
    let long = |part: &Trace| part.end().saturating_duration_since(part.start()) > 2 * bound;
    let parts: Vec<_> = all.into_iter().filter(long).collect();
    let mut notes = Vec::new();
    if summary.spacing > bound / 4 {
        notes.push(format!("{coarse}, more than a quarter of the bound: silences are known no better than that; bounds of {finer} and more are judged well"));
    }
    if split > 1 {
        notes.push(format!(
            "split into {split} parts at gaps of up to {gap}, in which nothing was sent"
        ));
    }
    if parts.is_empty() {
        let length = brief(summary.length);
        return Err(format!(
            "{length} long, which is too short to judge detection within {}",
            brief(bound)
        ));
    }
    if parts.len() < split {
        notes.push(format!(
            "{} parts of at most twice the bound are left out",
            split - parts.len()
        ));
    }
    Ok((parts, notes))
}

fn named(parts: Vec<Trace>, about: &Arc<About>) -> Vec<(String, Path)> {
    let count = parts.len();
    let name = |number| match count {
        1 => about.name.clone(),
        _ => format!("{}, part {number} of {count}", about.name),
    };
    let path = |trace| {
        let about = Arc::clone(about);
        Path::Recorded(Arc::new(Part { trace, about }))
    };
    (1..)
        .zip(parts)
        .map(|(number, trace)| (name(number), path(trace)))
        .collect()
}

/// Says what was read before the work begins. Programs that read JSON find it in each row, and the
/// notes on standard error.
fn tell(all: &[About], json: bool) -> Result<(), Trouble> {
    if !json {
        return print(&format!("{}\n", heading(all)));
    }
    for about in all {
        for note in &about.notes {
            eprintln!("systole: {}: {note}", about.name);
        }
    }
    Ok(())
}
