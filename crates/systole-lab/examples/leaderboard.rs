//! All detectors and the planner in one table, each with settings that were chosen without the
//! network on which they are judged.
//!
//! ```sh
//! SYSTOLE_TRACES=recordings cargo run --release -p systole-lab --example leaderboard -- 3
//! ```
//!
//! The argument is the detection bound in seconds (10). The recordings are those of the folder in
//! `SYSTOLE_TRACES` that can be judged at this bound; without a folder, six synthetic networks take
//! their place. For each network the setting of a family is the cheapest that makes no more
//! avoidable mistakes an hour on the *other* networks than the column allows, or else the one with
//! the fewest. The planner's only setting is the time between mistakes that it is asked for.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use systole_lab::baseline::Planner;
use systole_lab::network::gallery;
use systole_lab::sweep::{self, Candidate, Outcome};
use systole_lab::trace::{ReadOptions, Recording};
use systole_lab::{Case, Network, Trace, brief};

/// What a reader has to know of the rows.
const READING: &str = "\
A column limits the mistakes on the networks on which the settings were chosen; on the others there
may be more, or fewer. Where the bound is not kept, a crash may be noticed after it, which makes
mistakes rarer: those rows are not to be compared with the others.";

const LEVELS: [f64; 5] = [5.0, 2.0, 1.0, 0.5, 0.2];

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args()
        .nth(1)
        .map_or(Ok(10.0), |argument| argument.parse())?;
    let bound = Duration::try_from_secs_f64(seconds)?;
    if let Some(folder) = std::env::var_os("SYSTOLE_TRACES") {
        return board(recordings(Path::new(&folder), bound)?, bound);
    }
    let drawn = gallery(Duration::from_secs(1_800), 1).into_iter();
    let named = drawn.map(|(name, network)| (name.into(), network));
    board(named.collect(), bound)
}

/// The recordings that can be judged at this bound: a probe, and the wait after a lost one, take
/// at most a quarter of it.
fn recordings(folder: &Path, bound: Duration) -> Result<Vec<(String, Trace)>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in folder.read_dir()? {
        files.push(entry?.path());
    }
    files.retain(|file| file.extension().is_some_and(|end| end == "csv"));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let trace = Recording::load(&file, &ReadOptions::default())?.trace;
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if trace.spacing() <= bound / 4 && wait_after_a_loss(&trace) <= bound / 2 {
            all.push((name, trace));
        } else {
            println!("{name}: too coarse for this bound");
        }
    }
    Ok(all)
}

/// The median time from a lost probe to the next one; a prober that waits for each reply sends
/// nothing in between.
fn wait_after_a_loss(trace: &Trace) -> Duration {
    let rows: Vec<_> = trace.rows().collect();
    let lost = rows.windows(2).filter(|pair| pair[0].rtt.is_none());
    let mut waits: Vec<_> = lost
        .map(|pair| pair[1].sent.saturating_duration_since(pair[0].sent))
        .collect();
    waits.sort_unstable();
    waits.get(waits.len() / 2).copied().unwrap_or_default()
}

/// The network of a recording: the drives of one carrier, and all of one campaign, are one.
fn network_of(name: &str) -> String {
    let campaign = ["cicv5g"]
        .into_iter()
        .find(|campaign| name.starts_with(campaign));
    campaign.map_or_else(|| name.replace("drive2", "drive"), Into::into)
}

fn board<N: Network + Sync + 'static>(
    networks: Vec<(String, N)>,
    bound: Duration,
) -> Result<(), Box<dyn Error>> {
    let groups: Vec<_> = networks.iter().map(|(name, _)| network_of(name)).collect();
    let case = |(name, network): (String, N)| Case::new(name, network, bound);
    let cases: Vec<Case<N>> = networks.into_iter().map(case).collect();
    let planner = planner(bound)?;
    let bounded = sweep::bounded(bound);
    let unbounded = sweep::unbounded(bound);
    let apart: BTreeSet<_> = groups.iter().collect();
    println!(
        "detection within {}, {} recordings of {} networks",
        brief(bound),
        cases.len(),
        apart.len()
    );
    println!(
        "avoidable mistakes an hour @ probes a second, on networks that the settings were not chosen on\n"
    );
    print!("{:28}", "at most, elsewhere");
    for level in LEVELS {
        print!("{:>16}", format!("{level}/h"));
    }
    println!();
    for (title, candidates) in [
        ("told the target alone", planner),
        ("the bound is kept", bounded),
        ("the bound is not kept", unbounded),
    ] {
        println!("\n{title}");
        print_families(&sweep::sweep(&cases, &candidates, |_| ()), &groups);
    }
    println!("\n{READING}");
    Ok(())
}

/// The planner at every time between mistakes from a quarter of an hour to a year.
fn planner<N: Network>(bound: Duration) -> Result<Vec<Candidate<N>>, systole::ConfigError> {
    (0..16)
        .map(|doublings| {
            let apart = Duration::from_secs(900 << doublings);
            let config = Planner::new(bound, apart)?.config();
            Ok(Candidate::new("systole", brief(apart), move |start| {
                systole::Monitor::new(config, start).ok()
            }))
        })
        .collect()
}

fn print_families(outcomes: &[Outcome], groups: &[String]) {
    let families: BTreeSet<_> = outcomes.iter().map(|outcome| outcome.family).collect();
    for family in families {
        let of_family: Vec<_> = outcomes
            .iter()
            .filter(|outcome| outcome.family == family)
            .collect();
        print!("  {family:26}");
        for level in LEVELS {
            let (mistakes, probes, hours) = held_out(&of_family, groups, level);
            print!(
                "{:>16}",
                format!("{:.2} @ {:.3}", mistakes / hours, probes / hours / 3_600.0)
            );
        }
        println!();
    }
}

/// Mistakes, probes and hours over all networks, each with the setting chosen on the others.
fn held_out(outcomes: &[&Outcome], groups: &[String], level: f64) -> (f64, f64, f64) {
    let apart: BTreeSet<_> = groups.iter().collect();
    let mut sums = (0.0, 0.0, 0.0);
    for network in apart {
        let Some(chosen) = choice(outcomes, |case| groups[case] != *network, level) else {
            continue;
        };
        let (mistakes, probes, hours) = total(chosen, |case| groups[case] == *network);
        sums = (sums.0 + mistakes, sums.1 + probes, sums.2 + hours);
    }
    sums
}

fn choice<'a>(
    outcomes: &[&'a Outcome],
    is_known: impl Fn(usize) -> bool,
    level: f64,
) -> Option<&'a Outcome> {
    let rated = outcomes.iter().map(|&outcome| {
        let (mistakes, probes, hours) = total(outcome, &is_known);
        (outcome, mistakes / hours, probes / hours)
    });
    let rated: Vec<_> = rated.collect();
    let good = rated.iter().filter(|rated| rated.1 <= level);
    let cheapest = good.min_by(|a, b| a.2.total_cmp(&b.2));
    let fewest = || rated.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    cheapest.or_else(fewest).map(|rated| rated.0)
}

fn total(outcome: &Outcome, is_meant: impl Fn(usize) -> bool) -> (f64, f64, f64) {
    let cases = outcome.per_case.iter().enumerate();
    let meant = cases.filter(|&(case, _)| is_meant(case));
    meant.fold((0.0, 0.0, 0.0), |sums, (_, qos)| {
        (
            sums.0 + qos.avoidable.mean,
            sums.1 + qos.probes.mean,
            sums.2 + qos.duration.as_secs_f64() / 3_600.0,
        )
    })
}
