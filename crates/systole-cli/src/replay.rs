//! `systole replay`: shows what a detector would have done on recorded networks.

mod compare;
mod levels;

use std::process::ExitCode;
use std::time::Duration;

use systole_lab::baseline::FixedMisses;
use systole_lab::{DetectionTimes, Qos, brief};

use crate::args;
use crate::judge::{self, Candidate, Case, Judged, Ours, Path, Table};
use crate::output::print;
use crate::plot::{self, Drawing, Picture};
use crate::trouble::Trouble;

pub(crate) fn run(options: &args::Replay) -> Result<ExitCode, Trouble> {
    let judge = &options.judge;
    let mut drawing = Drawing::open(judge)?;
    let cases = judge::load(judge)?;
    let text = if options.compare {
        compare::run(judge, &cases, &mut drawing)?
    } else {
        replay(judge, &cases, &mut drawing)?
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Compares systole with a plain loop that counts misses.
fn replay(options: &args::Judge, cases: &[Case], drawing: &mut Drawing) -> Result<String, Trouble> {
    let ours = Ours::asked(options);
    let quarter = options.detect_within / 4;
    let plain = FixedMisses {
        interval: quarter,
        timeout: quarter,
        misses: 3,
    };
    let candidates = [ours.candidate()?, Candidate::baseline(plain)];
    let judged = judge::judge(cases, &candidates, options.crashes);
    drawing.draw(|picture| draw(&ours, cases, options, picture))?;
    if options.json {
        return Ok(judge::rows(cases, &judged));
    }
    Ok(format!(
        "{}{COUNTED}\n{}\n{}\n{}",
        head(cases, options.detect_within),
        settings(&judged),
        table(cases, &judged),
        judged
            .first()
            .map_or_else(String::new, |judged| promise(&ours, cases, judged))
    ))
}

/// Draws one network over time, or several networks at several targets.
fn draw(
    ours: &Ours,
    cases: &[Case],
    options: &args::Judge,
    picture: Picture,
) -> Result<Vec<u8>, Trouble> {
    if let [case] = cases {
        return plot::timeline(case, ours, picture);
    }
    let wishes = Ours::sweep(options.detect_within);
    let candidates: Result<Vec<_>, _> = wishes.iter().map(|wish| wish.candidate()).collect();
    let outcomes = judge::sweep(cases, &candidates?);
    let lines = [plot::Line::ours(&outcomes)];
    plot::comparison(
        &caption(cases, options.detect_within),
        &lines,
        &plot::promises(&wishes, &outcomes),
        None,
        picture,
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
const COUNTED: &str = "dead: time for which the live peer was called dead; excess: the part of it outside the floor;\n\
    late: crashes detected after the bound; not judged: crashes of a peer that was called dead already.\n";

/// Returns the detectors that are compared, with their settings.
fn settings(judged: &[Judged]) -> String {
    let line =
        |Judged { outcome, .. }: &Judged| format!("{}: {}\n", outcome.family, outcome.settings);
    judged.iter().map(line).collect()
}

/// Says whether the time between mistakes that was asked for was kept. A single mistake breaks no
/// promise, since it may come at any time.
fn promise(ours: &Ours, cases: &[Case], judged: &Judged) -> String {
    let per_case = &judged.outcome.per_case;
    let mistakes: f64 = per_case.iter().map(|qos| qos.mistakes.mean).sum();
    let avoidable = judged.outcome.avoidable();
    let watched = length(cases);
    let apart = ours.mistakes_at_most_one_per;
    let allowed = watched.as_secs_f64() / apart.as_secs_f64();
    let measured = format!(
        "{mistakes:.1} mistakes in {}, {avoidable:.1} of them avoidable",
        brief(watched)
    );
    let asked = format!("at most one mistake in {}", brief(apart));
    if mistakes > allowed.max(1.0) {
        let every = brief(watched.div_f64(mistakes));
        return format!(
            "Promise broken: {asked} was asked for, and there is one in {every}: {measured}.\n"
        );
    }
    format!("Promise not broken: {asked} was asked for, and there are {measured}.\n")
}

const COLUMNS: [&str; 12] = [
    "",
    "A @ P",
    "mistakes",
    "a day",
    "dead",
    "excess",
    "noticed after: mean",
    "p50",
    "p99",
    "max",
    "late",
    "not judged",
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

fn figures(family: &str, qos: &Qos, times: &DetectionTimes, bound: Duration) -> [String; 12] {
    let measured = |time| (!times.is_empty()).then_some(time);
    [
        format!("  {family}"),
        format!("{:.1} @ {:.3}", qos.avoidable.mean, qos.probes_per_s()),
        format!("{:.1}", qos.mistakes.mean),
        per_day(qos.mistakes.mean, qos.duration),
        seconds(qos.dead_s.mean),
        seconds(qos.excess_dead_s.mean),
        fine(measured(times.mean())),
        fine(measured(times.quantile(0.5))),
        fine(measured(times.quantile(0.99))),
        fine(measured(times.max())),
        late(times.violations(bound), times.crashes()),
        times.already_dead().to_string(),
    ]
}

fn total(cases: &[Case], judged: &Judged) -> [String; 12] {
    let outcome = &judged.outcome;
    let sum = |of: fn(&Qos) -> f64| outcome.per_case.iter().map(of).sum::<f64>();
    let bound = cases.first().map_or(Duration::ZERO, Case::bound);
    let mean = judged.mean_time();
    [
        format!("  {}", outcome.family),
        format!("{:.1} @ {:.3}", outcome.avoidable(), outcome.probes_per_s()),
        format!("{:.1}", sum(|qos| qos.mistakes.mean)),
        per_day(sum(|qos| qos.mistakes.mean), length(cases)),
        seconds(sum(|qos| qos.dead_s.mean)),
        seconds(judged.excess_dead_s()),
        fine(mean),
        String::new(),
        String::new(),
        fine(mean.map(|_| judged.worst().0)),
        late(judged.violations(bound), judged.crashes()),
        judged.crashes_of_dead().to_string(),
    ]
}

/// Returns mistakes a day.
pub(crate) fn per_day(mistakes: f64, length: Duration) -> String {
    let per_day = mistakes * 86_400.0 / length.as_secs_f64();
    let digits = usize::from(per_day < 100.0);
    format!("{per_day:.digits$}")
}

fn seconds(s: f64) -> String {
    format!("{s:.1} s")
}

fn fine(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".into(), |time| format!("{:.2} s", time.as_secs_f64()))
}

/// Returns mean and longest detection time; a dash if no crash was detected.
pub(crate) fn mean_and_max(judged: &Judged) -> String {
    let seconds = |time: Duration| time.as_secs_f64();
    judged.mean_time().map_or_else(
        || "-".into(),
        |mean| format!("{:.2}  {:.2} s", seconds(mean), seconds(judged.worst().0)),
    )
}

/// Returns the share of crashes that were detected after the bound.
pub(crate) fn late(violations: usize, crashes: usize) -> String {
    if crashes == 0 {
        return "-".into();
    }
    if violations == 0 {
        return "never".into();
    }
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    let share = violations as f64 / crashes as f64;
    format!("{:.2} %", 100.0 * share)
}
