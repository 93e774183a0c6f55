//! `systole tune`: finds the cheapest configurations for recorded networks, ready to paste.

mod paste;
mod settings;

use std::process::ExitCode;
use std::time::Duration;

use systole_lab::brief;
use systole_lab::sweep::{self, Outcome, Point};

use self::paste::paste;
use self::settings::{Setting, settings};
use crate::args;
use crate::judge::{self, Candidate, Case, Judged, Ours, Table, a_at_p};
use crate::plot;
use crate::replay::{caption, head, late, length, print};
use crate::trouble::Trouble;

pub(crate) fn run(options: &args::Tune) -> Result<ExitCode, Trouble> {
    let judge = &options.judge;
    let cases = judge::load(judge)?;
    let (settings, candidates): (Vec<_>, Vec<_>) =
        settings(judge.detect_within)?.into_iter().unzip();
    let outcomes = judge::sweep(&cases, &candidates);
    if let Some(file) = &judge.plot {
        plot::write(file, &picture(&cases, &settings, &outcomes)?)?;
    }
    let tuned = Tuned::of(judge, &cases, &candidates, &outcomes);
    if judge.json {
        let judged: Vec<_> = tuned.front.into_iter().map(|(_, judged)| judged).collect();
        return print(&judge::rows(&cases, &judged));
    }
    print(&tuned.text(&settings))
}

/// Returns a plot with one line for each family.
fn picture(cases: &[Case], settings: &[Setting], outcomes: &[Outcome]) -> Result<String, Trouble> {
    let mut families: Vec<_> = settings.iter().map(|setting| setting.family).collect();
    families.dedup();
    let of_ours = outcomes
        .iter()
        .filter(|outcome| outcome.family == Ours::NAME);
    let ours: Vec<_> = of_ours.cloned().collect();
    families.retain(|&family| family != Ours::NAME);
    let others = families
        .into_iter()
        .map(|family| plot::Line::family(family, outcomes));
    let lines = core::iter::once(plot::Line::ours(&ours)).chain(others);
    let bound = cases.first().map_or(Duration::ZERO, Case::bound);
    plot::comparison(&caption(cases, bound), &lines.collect::<Vec<_>>(), &[])
}

struct Tuned<'a> {
    options: &'a args::Judge,
    cases: &'a [Case],
    front: Vec<(Point, Judged)>,
}

/// The largest number of points of the front that are shown.
const LINES: usize = 16;

impl<'a> Tuned<'a> {
    fn of(
        options: &'a args::Judge,
        cases: &'a [Case],
        candidates: &[Candidate],
        outcomes: &[Outcome],
    ) -> Self {
        let mut points = sweep::best_single(outcomes.iter().enumerate());
        points.drain(..points.len().saturating_sub(LINES));
        let which: Vec<_> = points.iter().filter_map(index).collect();
        let judged = judge::crash(cases, candidates, outcomes, &which, options.crashes);
        let judged = judged.into_iter().map(|(_, judged)| judged);
        Self {
            options,
            cases,
            front: points.into_iter().zip(judged).collect(),
        }
    }

    /// Returns the first point that makes no more mistakes than the target allows over the length
    /// of the recordings. If there is none, returns the point with the fewest mistakes.
    fn chosen(&self) -> Option<&(Point, Judged)> {
        let apart = self.options.mistakes_at_most_one_per.as_secs_f64();
        let allowed = length(self.cases).as_secs_f64() / apart.max(1.0);
        let good = |(point, _): &&(Point, Judged)| point.avoidable <= allowed;
        self.front.iter().find(good).or(self.front.last())
    }

    fn text(&self, settings: &[Setting]) -> String {
        let begin = format!(
            "{}\n{}",
            head(self.cases, self.options.detect_within),
            self.table(settings)
        );
        let chosen = self
            .chosen()
            .and_then(|(point, _)| Some((point, settings.get(index(point)?)?)));
        let Some((point, setting)) = chosen else {
            return begin;
        };
        format!(
            "{begin}\n{}: the cheapest with at most one avoidable mistake in {}, or else the one with the fewest.\n\n{}\n{NOTE}",
            a_at_p(point),
            brief(self.options.mistakes_at_most_one_per),
            paste(setting)
        )
    }

    fn table(&self, settings: &[Setting]) -> Table {
        let names = [
            "configuration",
            "A @ P",
            "excess dead",
            "detected after (mean, max)",
            "late",
        ];
        let mut table = Table::new(1, names);
        for (point, judged) in &self.front {
            let Some(setting) = index(point).and_then(|index| settings.get(index)) else {
                continue;
            };
            let (mean, max) = (
                judged.mean_time().as_secs_f64(),
                judged.worst().0.as_secs_f64(),
            );
            table.row([
                setting.name.clone(),
                a_at_p(point),
                format!("{:.1} s", judged.excess_dead_s()),
                format!("{mean:.2}  {max:.2} s"),
                late(
                    judged.violations(self.options.detect_within),
                    judged.crashes(),
                ),
            ]);
        }
        table
    }
}

fn index(point: &Point) -> Option<usize> {
    point.choice.first().copied()
}

const NOTE: &str = "It would have been the best here, in hindsight; another network needs other settings.\n\
    Jitter was off: at its default of 10 % it adds 5 % more probes.\n";
