//! `systole tune`: finds the cheapest configurations for recorded networks, ready to paste.

mod paste;
mod settings;
mod shown;

use std::process::ExitCode;
use std::time::Duration;

use systole_lab::brief;
use systole_lab::sweep::{self, Outcome, Point};

use self::paste::paste;
use self::settings::{Setting, settings};
use self::shown::shown;
use crate::args;
use crate::judge::{self, Candidate, Case, Choice, Judged, Ours, Raced, Table, a_at_p};
use crate::output::print;
use crate::plot::{self, Drawing, Picture};
use crate::replay::{caption, head, late, length, mean_and_max, per_day};
use crate::trouble::Trouble;

pub(crate) fn run(options: &args::Tune) -> Result<ExitCode, Trouble> {
    let judge = &options.judge;
    let mut drawing = Drawing::open(judge)?;
    let cases = judge::load(judge)?;
    let (settings, candidates): (Vec<_>, Vec<_>) =
        settings(Ours::asked(judge))?.into_iter().unzip();
    let raced = judge::race(&cases, &candidates);
    let tuned = Tuned::of(judge, &cases, (&settings, &candidates), &raced);
    drawing.draw(|picture| tuned.draw(&raced, picture))?;
    let text = if judge.json {
        tuned.json()
    } else {
        tuned.text()
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

struct Tuned<'a> {
    options: &'a args::Judge,
    cases: &'a [Case],
    front: Vec<Entry<'a>>,
}

/// A configuration of the front: nothing cheaper makes as few avoidable mistakes.
struct Entry<'a> {
    point: Point,
    judged: Judged,
    setting: &'a Setting,
}

/// The largest number of points of the front that are shown.
const LINES: usize = 16;

impl<'a> Tuned<'a> {
    fn of(
        options: &'a args::Judge,
        cases: &'a [Case],
        (settings, candidates): (&'a [Setting], &[Candidate]),
        raced: &Raced,
    ) -> Self {
        // a weaker promise than what is asked for is no answer, however well it did here
        let is_fit = |index: usize| {
            settings
                .get(index)
                .is_some_and(|setting| setting.keeps(options.mistakes_at_most_one_per))
        };
        let fit = raced
            .iter()
            .enumerate()
            .filter(|(_, (index, _))| is_fit(*index));
        let mut points = sweep::best_single(fit.map(|(place, (_, outcome))| (place, outcome)));
        points.drain(..points.len().saturating_sub(LINES));
        let which: Vec<_> = points.iter().filter_map(place).collect();
        let judged = judge::crash(cases, candidates, raced, &which, options.crashes);
        let entry = |(point, (place, judged)): (Point, (usize, Judged))| {
            let setting = settings.get(raced.get(place)?.0)?;
            Some(Entry {
                point,
                judged,
                setting,
            })
        };
        Self {
            options,
            cases,
            front: points.into_iter().zip(judged).filter_map(entry).collect(),
        }
    }

    /// Returns the number of mistakes that the target allows over the length of the recordings.
    fn allowed(&self) -> f64 {
        let apart = self.options.mistakes_at_most_one_per.as_secs_f64();
        length(self.cases).as_secs_f64() / apart.max(1.0)
    }

    /// Returns the first configuration that makes no more mistakes than the target allows. If there
    /// is none, returns the one with the fewest mistakes.
    fn chosen(&self) -> Option<&Entry<'a>> {
        let allowed = self.allowed();
        let good = |entry: &&Entry<'_>| entry.point.avoidable <= allowed;
        self.front.iter().find(good).or(self.front.last())
    }

    fn text(&self) -> String {
        let begin = format!(
            "{}\n{}",
            head(self.cases, self.options.detect_within),
            self.table()
        );
        let Some(chosen) = self.chosen() else {
            return begin;
        };
        format!(
            "{begin}\n{}\n{}\n\n{}\n{NOTE}",
            self.verdict(chosen),
            shown(
                chosen.point.avoidable,
                length(self.cases),
                self.options.mistakes_at_most_one_per
            ),
            paste(chosen.setting)
        )
    }

    /// Says what was chosen, and whether it reaches the target.
    fn verdict(&self, chosen: &Entry<'_>) -> String {
        let name = &chosen.setting.name;
        let found = a_at_p(&chosen.point);
        let apart = brief(self.options.mistakes_at_most_one_per);
        if chosen.point.avoidable <= self.allowed() {
            format!(
                "Chosen: {name}, {found}: the cheapest that reaches the target of one mistake in {apart} here."
            )
        } else {
            format!(
                "Target missed: no configuration makes at most one avoidable mistake in {apart} here, which allows {:.1}.\n\
                 Chosen: {name}, {found}: the one with the fewest.",
                self.allowed()
            )
        }
    }

    fn table(&self) -> Table {
        let names = [
            "configuration",
            "A @ P",
            "mistakes a day",
            "excess dead",
            "detected after (mean, max)",
            "late",
            "",
        ];
        let mut table = Table::new(1, names);
        let chosen = self.chosen().map(|entry| &entry.point);
        for entry in &self.front {
            let judged = &entry.judged;
            let mistakes = judged
                .outcome
                .per_case
                .iter()
                .map(|qos| qos.mistakes.mean)
                .sum();
            let is_chosen = chosen == Some(&entry.point);
            table.row([
                entry.setting.name.clone(),
                a_at_p(&entry.point),
                per_day(mistakes, length(self.cases)),
                format!("{:.1} s", judged.excess_dead_s()),
                mean_and_max(judged),
                late(
                    judged.violations(self.options.detect_within),
                    judged.crashes(),
                ),
                if is_chosen {
                    "<- chosen".into()
                } else {
                    String::new()
                },
            ]);
        }
        table
    }

    fn json(&self) -> String {
        let chosen = self.chosen().map(|entry| &entry.point);
        let rows = |entry: &Entry<'_>| {
            let choice = Choice {
                chosen: chosen == Some(&entry.point),
                rust: paste(entry.setting),
            };
            judge::rows_of(self.cases, &entry.judged, Some(&choice))
        };
        self.front.iter().map(rows).collect()
    }

    /// Draws a line for each family, and a ring around the choice.
    fn draw(&self, raced: &Raced, picture: Picture) -> Result<Vec<u8>, Trouble> {
        let outcomes: Vec<_> = raced.iter().map(|(_, outcome)| outcome.clone()).collect();
        let mut families: Vec<_> = outcomes.iter().map(|outcome| outcome.family).collect();
        families.dedup();
        families.retain(|&family| family != Ours::NAME);
        let is_ours = |outcome: &&Outcome| outcome.family == Ours::NAME;
        let ours: Vec<_> = outcomes.iter().filter(is_ours).cloned().collect();
        let others = families
            .into_iter()
            .map(|family| plot::Line::family(family, &outcomes));
        let lines = core::iter::once(plot::Line::ours(&ours)).chain(others);
        let bound = self.cases.first().map_or(Duration::ZERO, Case::bound);
        let mark = self
            .chosen()
            .map(|entry| plot::Mark::new(&entry.judged.outcome, "chosen"));
        plot::comparison(
            &caption(self.cases, bound),
            &lines.collect::<Vec<_>>(),
            &[],
            mark,
            picture,
        )
    }
}

/// Returns the place of the outcome that a point stands for.
fn place(point: &Point) -> Option<usize> {
    point.choice.first().copied()
}

const NOTE: &str = "It would have been the best here, in hindsight; another network needs other settings.\n\
    Jitter was off: at its default of 10 % it adds 5 % more probes.\n";
