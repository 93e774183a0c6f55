//! Compares every published detector, at its best settings, with systole, for which only the target
//! is set.

use std::collections::BTreeSet;
use std::time::Duration;

use systole_lab::brief;
use systole_lab::sweep::{self, Outcome, Point};

use super::levels::{at, levels};
use super::{head, late, mean_and_max, per_day};
use crate::args;
use crate::judge::{self, Candidate, Case, Judged, Ours, Table, a_at_p};
use crate::plot::{self, Drawing, Picture};
use crate::trouble::Trouble;

/// All measurements. The candidates are systole, then the detectors that keep the bound, then those
/// that do not.
struct Comparison<'a> {
    cases: &'a [Case],
    bound: Duration,
    /// The targets: those of the sweep, and the one that was asked for.
    wishes: Vec<Ours>,
    asked: Ours,
    outcomes: Vec<Outcome>,
    /// The place of the first detector that does not keep the bound.
    unbounded: usize,
    levels: Vec<f64>,
    /// The candidates that are shown, by index.
    shown: Vec<(usize, Judged)>,
}

/// The explanation below the table.
const READING: &str = "How to read it: choose the column with the number of mistakes that you accept, and compare the probes. The last row\n\
    knew these networks beforehand, which is impossible in practice. Where systole needs fewer probes than one setting for all:\n\
    state the target, Config::target(..).mistakes_at_most_one_per(..).build()?. Where it needs more: `systole tune` prints\n\
    the best setting for these networks as Rust.\n";

pub(super) fn run(
    options: &args::Judge,
    cases: &[Case],
    drawing: &mut Drawing,
) -> Result<String, Trouble> {
    let bound = options.detect_within;
    let asked = Ours::asked(options);
    let wishes = asked.sweep_with();
    let ours: Result<Vec<_>, _> = wishes.iter().map(|wish| wish.candidate()).collect();
    let mut candidates = ours?;
    candidates.extend(sweep::bounded(bound));
    let unbounded = candidates.len();
    candidates.extend(sweep::unbounded(bound));
    let raced = judge::race(cases, &candidates);
    let unbounded = raced.partition_point(|&(index, _)| index < unbounded);
    let outcomes: Vec<_> = raced.iter().map(|(_, outcome)| outcome.clone()).collect();
    let levels = levels(outcomes.get(..unbounded).unwrap_or_default());
    let shown = Vec::new();
    let mut all = Comparison {
        cases,
        bound,
        wishes,
        asked,
        outcomes,
        unbounded,
        levels,
        shown,
    };
    all.crash(&candidates, &raced, options.crashes);
    drawing.draw(|picture| all.draw(picture))?;
    if options.json {
        let judged: Vec<_> = all.shown.into_iter().map(|(_, judged)| judged).collect();
        return Ok(judge::rows(cases, &judged));
    }
    Ok(all.text())
}

impl Comparison<'_> {
    fn crash(&mut self, candidates: &[Candidate], raced: &judge::Raced, crashes: u32) {
        let mut which: BTreeSet<_> = (0..self.wishes.len()).collect();
        for family in self.families(0..self.outcomes.len()) {
            which.extend(self.steps(family).into_iter().flatten().filter_map(chosen));
        }
        let which: Vec<_> = which.into_iter().collect();
        self.shown = judge::crash(self.cases, candidates, raced, &which, crashes);
    }

    fn families(&self, range: core::ops::Range<usize>) -> Vec<&'static str> {
        let outcomes = self.outcomes.get(range).unwrap_or_default();
        let mut families: Vec<_> = outcomes.iter().map(|outcome| outcome.family).collect();
        families.dedup();
        families
    }

    fn baselines(&self) -> Vec<&'static str> {
        self.families(self.wishes.len()..self.unbounded)
    }

    fn front(&self, family: &str) -> Vec<Point> {
        let all = self.outcomes.iter().enumerate();
        sweep::best_single(all.filter(|(_, outcome)| outcome.family == family))
    }

    /// Returns the points of a family's front at each level. If the family reaches no level,
    /// returns the point with the fewest mistakes.
    fn steps(&self, family: &str) -> Vec<Option<Point>> {
        let front = self.front(family);
        let mut steps: Vec<_> = at(&front, &self.levels)
            .into_iter()
            .map(Option::<&Point>::cloned)
            .collect();
        if steps.iter().all(Option::is_none) {
            steps.push(front.last().cloned());
        }
        steps
    }

    /// Returns the front in hindsight: for each network the best choice from a family, or from all
    /// detectors that keep the bound.
    fn hindsight(&self, family: Option<&str>) -> Vec<Point> {
        let bounded = self
            .outcomes
            .get(self.wishes.len()..self.unbounded)
            .unwrap_or_default();
        let of_family = |outcome: &&Outcome| family.is_none_or(|family| outcome.family == family);
        let outcomes: Vec<_> = bounded.iter().filter(of_family).cloned().collect();
        let most = self.levels.first().copied().unwrap_or_default();
        sweep::hindsight(&outcomes, 1.25 * most)
    }

    fn judged(&self, index: usize) -> Option<&Judged> {
        self.shown
            .iter()
            .find(|(shown, _)| *shown == index)
            .map(|(_, judged)| judged)
    }

    fn text(&self) -> String {
        format!(
            "{}\n{}\n{READING}\n{}, told the bound and the time between mistakes:\n\n{}\n\
             The settings behind the figures; late: the share of crashes detected after the bound:\n\n{}",
            head(self.cases, self.bound),
            self.fronts(),
            Ours::NAME,
            self.targets(),
            self.settings()
        )
    }

    fn fronts(&self) -> Table {
        let columns = self.levels.iter().map(|level| format!("A <= {level}"));
        let mut table = Table::new(1, ["cheapest with".into()].into_iter().chain(columns));
        table.heading(Ours::TITLE);
        table.row(self.line(Ours::NAME));
        table.heading("one setting for all networks");
        for family in self.baselines() {
            table.row(self.line(family));
        }
        table.heading("one setting for all, but the bound is not kept");
        for family in self.families(self.unbounded..self.outcomes.len()) {
            table.row(self.line(family));
        }
        table.heading("settings chosen for each network in hindsight");
        for family in self.baselines() {
            table.row(cells(
                family,
                &at(&self.hindsight(Some(family)), &self.levels),
            ));
        }
        table.row(cells(
            "best of all",
            &at(&self.hindsight(None), &self.levels),
        ));
        table
    }

    fn line(&self, family: &str) -> Vec<String> {
        cells(family, &at(&self.front(family), &self.levels))
    }

    /// Returns the table of systole at every target: what was promised, and what was measured.
    fn targets(&self) -> Table {
        let names = [
            "a mistake in",
            "A @ P",
            "mistakes a day",
            "excess dead",
            "detected after (mean, max)",
            "late",
            "",
        ];
        let mut table = Table::new(0, names);
        for (index, wish) in self.wishes.iter().enumerate() {
            let Some(judged) = self.judged(index) else {
                continue;
            };
            let outcome = &judged.outcome;
            let mistakes = outcome.per_case.iter().map(|qos| qos.mistakes.mean).sum();
            let is_asked = wish.mistakes_at_most_one_per == self.asked.mistakes_at_most_one_per;
            table.row([
                brief(wish.mistakes_at_most_one_per),
                format!("{:.1} @ {:.3}", outcome.avoidable(), outcome.probes_per_s()),
                per_day(mistakes, super::length(self.cases)),
                format!("{:.1} s", judged.excess_dead_s()),
                mean_and_max(judged),
                late(judged.violations(self.bound), judged.crashes()),
                if is_asked {
                    "<- asked for".into()
                } else {
                    String::new()
                },
            ]);
        }
        table
    }

    fn settings(&self) -> Table {
        let names = ["settings", "A @ P", "excess dead", "late", "worst"];
        let mut table = Table::new(1, names);
        for family in self.families(self.wishes.len()..self.outcomes.len()) {
            let mut points: Vec<_> = self.steps(family).into_iter().flatten().collect();
            points.dedup();
            let judged = |point: Point| Some((self.judged(chosen(point.clone())?)?, point));
            let rows: Vec<_> = points.into_iter().filter_map(judged).collect();
            table.heading(self.family(family, rows.iter().map(|(judged, _)| *judged)));
            for (judged, point) in rows {
                table.row(self.setting(&point, judged));
            }
        }
        table
    }

    /// Returns the name of a family, with its worst case if that exceeds the bound.
    fn family<'b>(&self, name: &str, judged: impl Iterator<Item = &'b Judged>) -> String {
        let (worst, case) = judged.map(Judged::worst).max().unwrap_or_default();
        let place = self.cases.get(case).map_or("", |case| case.name());
        if worst > self.bound {
            format!(
                "{name}: does not keep the bound, {} on {place}",
                brief(worst)
            )
        } else {
            name.into()
        }
    }

    fn setting(&self, point: &Point, judged: &Judged) -> [String; 5] {
        [
            format!("  {}", judged.outcome.settings),
            a_at_p(point),
            format!("{:.1} s", judged.excess_dead_s()),
            late(judged.violations(self.bound), judged.crashes()),
            brief(judged.worst().0),
        ]
    }

    fn draw(&self, picture: Picture) -> Result<Vec<u8>, Trouble> {
        let mut lines = vec![plot::Line::ours(
            self.outcomes.get(..self.wishes.len()).unwrap_or_default(),
        )];
        lines.push(plot::Line::hindsight(&self.hindsight(None)));
        for family in self.baselines() {
            lines.push(plot::Line::bounded(family, &self.front(family)));
        }
        for family in self.families(self.unbounded..self.outcomes.len()) {
            lines.push(plot::Line::unbounded(family, &self.front(family)));
        }
        let promises = plot::promises(&self.wishes, &self.outcomes);
        let caption = super::caption(self.cases, self.bound);
        let is_asked =
            |wish: &Ours| wish.mistakes_at_most_one_per == self.asked.mistakes_at_most_one_per;
        let asked = self.wishes.iter().position(is_asked);
        let asked = asked.and_then(|place| self.outcomes.get(place));
        let mark = asked.map(|outcome| plot::Mark::new(outcome, "asked for"));
        plot::comparison(&caption, &lines, &promises, mark, picture)
    }
}

/// Returns the index of the outcome that a point stands for, where one setting serves all networks.
fn chosen(point: Point) -> Option<usize> {
    point.choice.into_iter().next()
}

fn cells(name: &str, points: &[Option<&Point>]) -> Vec<String> {
    let cell = |point: &_| Option::map_or(*point, "-".into(), a_at_p);
    core::iter::once(format!("  {name}"))
        .chain(points.iter().map(cell))
        .collect()
}
