//! `systole replay`: shows what a detector would have done on recorded networks.

mod compare;
mod levels;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use systole_lab::baseline::FixedMisses;
use systole_lab::{DetectionTimes, Qos, brief};

use crate::args;
use crate::judge::{self, Candidate, Case, Judged, Ours, Path, Table};
use crate::plot;
use crate::trouble::Trouble;

pub(crate) fn run(options: &args::Replay) -> Result<ExitCode, Trouble> {
    let judge = &options.judge;
    let cases = judge::load(judge)?;
    let text = if options.compare {
        compare::run(judge, &cases)?
    } else {
        replay(judge, &cases)?
    };
    print(&text)
}

/// Prints to standard output, and ignores that its reader may have ended.
pub(crate) fn print(text: &str) -> Result<ExitCode, Trouble> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Trouble::System(error)),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Compares systole with a plain loop that counts misses.
fn replay(options: &args::Judge, cases: &[Case]) -> Result<String, Trouble> {
    let ours = Ours {
        detect_within: options.detect_within,
        mistakes_at_most_one_per: options.mistakes_at_most_one_per,
    };
    let quarter = options.detect_within / 4;
    let plain = FixedMisses {
        interval: quarter,
        timeout: quarter,
        misses: 3,
    };
    let candidates = [ours.candidate()?, Candidate::baseline(plain)];
    let judged = judge::judge(cases, &candidates, options.crashes);
    if let Some(file) = &options.plot {
        plot::write(file, &picture(&ours, cases, options)?)?;
    }
    if options.json {
        return Ok(judge::rows(cases, &judged));
    }
    Ok(format!(
        "{}{COUNTED}\n{}\n{}",
        head(cases, options.detect_within),
        settings(&judged),
        table(cases, &judged)
    ))
}

/// Returns the plot: one network over time, or several networks at several targets.
fn picture(ours: &Ours, cases: &[Case], options: &args::Judge) -> Result<String, Trouble> {
    if let [case] = cases {
        return plot::timeline(case, ours);
    }
    let wishes = Ours::sweep(options.detect_within);
    let candidates: Result<Vec<_>, _> = wishes.iter().map(|wish| wish.candidate()).collect();
    let outcomes = judge::sweep(cases, &candidates?);
    let lines = [plot::Line::ours(&outcomes)];
    plot::comparison(
        &caption(cases, options.detect_within),
        &lines,
        &plot::promises(&wishes, &outcomes),
    )
}

/// Returns a description of the networks in one line.
pub(crate) fn caption(cases: &[Case], bound: Duration) -> String {
    let networks = match cases {
        [case] => case.name().to_owned(),
        cases => format!("{} networks", cases.len()),
    };
    format!(
        "{networks}, {}, detection within {}",
        brief(length(cases)),
        brief(bound)
    )
}

pub(crate) fn length(cases: &[Case]) -> Duration {
    use systole_lab::Network;
    let length = |network: &Path| network.end().saturating_duration_since(network.start());
    cases.iter().map(|case| length(case.network())).sum()
}

/// Returns a heading: what is judged, and the mistakes that no detector can avoid.
pub(crate) fn head(cases: &[Case], bound: Duration) -> String {
    let floor: usize = cases.iter().map(|case| case.floor().len()).sum();
    format!(
        "{}.\n\
         The floor, silences that no detector which keeps the bound can tell from a crash: {floor}.\n\
         A @ P: avoidable mistakes @ probes per second.\n",
        caption(cases, bound)
    )
}

/// The explanation of the other columns.
const COUNTED: &str = "dead: time for which the live peer was called dead; excess: the part of it outside the floor; late: crashes detected after the bound.\n";

/// Returns the detectors that are compared, with their settings.
fn settings(judged: &[Judged]) -> String {
    let line =
        |Judged { outcome, .. }: &Judged| format!("{}: {}\n", outcome.family, outcome.settings);
    judged.iter().map(line).collect()
}

const COLUMNS: [&str; 10] = [
    "",
    "A @ P",
    "mistakes",
    "dead",
    "excess",
    "noticed after: mean",
    "p50",
    "p99",
    "max",
    "late",
];

fn table(cases: &[Case], judged: &[Judged]) -> Table {
    let mut table = Table::new(1, COLUMNS);
    for (index, case) in cases.iter().enumerate() {
        table.heading(format!("{}, floor {}", case.name(), case.floor().len()));
        for Judged { outcome, times } in judged {
            let (Some(qos), Some(times)) = (outcome.per_case.get(index), times.get(index)) else {
                continue;
            };
            table.row(figures(outcome.family, qos, times, case.bound()));
        }
    }
    if cases.len() > 1 {
        table.heading("all");
        for judged in judged {
            table.row(total(cases, judged));
        }
    }
    table
}

fn figures(family: &str, qos: &Qos, times: &DetectionTimes, bound: Duration) -> [String; 10] {
    [
        format!("  {family}"),
        format!("{:.1} @ {:.3}", qos.avoidable.mean, qos.probes_per_s()),
        format!("{:.1}", qos.mistakes.mean),
        seconds(qos.dead_s.mean),
        seconds(qos.excess_dead_s.mean),
        fine(times.mean()),
        fine(times.quantile(0.5)),
        fine(times.quantile(0.99)),
        fine(times.max()),
        late(times.violations(bound), times.crashes()),
    ]
}

fn total(cases: &[Case], judged: &Judged) -> [String; 10] {
    let outcome = &judged.outcome;
    let sum = |of: fn(&Qos) -> f64| outcome.per_case.iter().map(of).sum::<f64>();
    let bound = cases.first().map_or(Duration::ZERO, Case::bound);
    [
        format!("  {}", outcome.family),
        format!("{:.1} @ {:.3}", outcome.avoidable(), outcome.probes_per_s()),
        format!("{:.1}", sum(|qos| qos.mistakes.mean)),
        seconds(sum(|qos| qos.dead_s.mean)),
        seconds(judged.excess_dead_s()),
        fine(judged.mean_time()),
        String::new(),
        String::new(),
        fine(judged.worst().0),
        late(judged.violations(bound), judged.crashes()),
    ]
}

fn seconds(s: f64) -> String {
    format!("{s:.1} s")
}

fn fine(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Returns the share of crashes that were detected after the bound.
pub(crate) fn late(violations: usize, crashes: usize) -> String {
    if violations == 0 {
        return "never".into();
    }
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    let share = violations as f64 / crashes.max(1) as f64;
    format!("{:.2} %", 100.0 * share)
}
