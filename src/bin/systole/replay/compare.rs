//! Every published detector at its best beside ours, which is told the target and nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use systole::lab::sweep::{self, Outcome, Point};

use super::levels::{at, levels};
use super::{head, late};
use crate::args;
use crate::judge::{self, Candidate, Case, Judged, Ours, Table, a_at_p, span};
use crate::plot;
use crate::trouble::Trouble;

/// All that was measured. The candidates are ours, then those that keep the bound, then those that do not.
struct Comparison<'a> {
    cases: &'a [Case],
    bound: Duration,
    wishes: Vec<Ours>,
    outcomes: Vec<Outcome>,
    /// Where the families that keep no bound begin.
    unbounded: usize,
    levels: Vec<f64>,
    /// Those that are shown, by index.
    shown: Vec<(usize, Judged)>,
}

pub(super) fn run(options: &args::Judge, cases: &[Case]) -> Result<String, Trouble> {
    let bound = options.detect_within;
    let wishes = Ours::sweep(bound);
    let ours: Result<Vec<_>, _> = wishes.iter().map(|wish| wish.candidate()).collect();
    let mut candidates = ours?;
    candidates.extend(sweep::bounded(bound));
    let unbounded = candidates.len();
    candidates.extend(sweep::unbounded(bound));
    let outcomes = judge::sweep(cases, &candidates);
    let levels = levels(outcomes.get(..unbounded).unwrap_or_default());
    let shown = Vec::new();
    let mut all = Comparison {
        cases,
        bound,
        wishes,
        outcomes,
        unbounded,
        levels,
        shown,
    };
    all.crash(&candidates, options.crashes);
    if let Some(file) = &options.plot {
        plot::write(file, &all.picture()?)?;
    }
    if options.json {
        let judged: Vec<_> = all.shown.into_iter().map(|(_, judged)| judged).collect();
        return Ok(judge::rows(cases, &judged));
    }
    Ok(all.text())
}

impl Comparison<'_> {
    fn crash(&mut self, candidates: &[Candidate], crashes: u32) {
        let mut which: BTreeSet<_> = (0..self.wishes.len()).collect();
        for family in self.families(0..self.outcomes.len()) {
            which.extend(self.steps(family).into_iter().flatten().filter_map(chosen));
        }
        let which: Vec<_> = which.into_iter().collect();
        self.shown = judge::crash(self.cases, candidates, &self.outcomes, &which, crashes);
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

    /// The points of a family's front at each level; where it never comes so low, none but its most careful one.
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

    /// The front of a prophet who chooses from a family, or from all that keep the bound.
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
            "{}\n{}\n{} at several targets:\n\n{}\nThe settings behind the figures:\n\n{}",
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

    /// Ours at every target: what was promised, and what came of it.
    fn targets(&self) -> Table {
        let names = [
            "a mistake in",
            "A @ P",
            "excess dead",
            "detected after (mean, max)",
            "late",
        ];
        let mut table = Table::new(0, names);
        for (index, wish) in self.wishes.iter().enumerate() {
            let Some(judged) = self.judged(index) else {
                continue;
            };
            let outcome = &judged.outcome;
            let (mean, max) = (
                judged.mean_time().as_secs_f64(),
                judged.worst().0.as_secs_f64(),
            );
            table.row([
                span(wish.mistakes_at_most_one_per),
                format!("{:.1} @ {:.3}", outcome.avoidable(), outcome.probes_per_s()),
                format!("{:.1} s", judged.excess_dead_s()),
                format!("{mean:.2}  {max:.2} s"),
                late(judged.violations(self.bound), judged.crashes()),
            ]);
        }
        table
    }

    fn settings(&self) -> Table {
        let names = [
            "detector",
            "settings",
            "A @ P",
            "excess dead",
            "late",
            "worst",
        ];
        let mut table = Table::new(2, names);
        for family in self.families(self.wishes.len()..self.outcomes.len()) {
            let mut points: Vec<_> = self.steps(family).into_iter().flatten().collect();
            points.dedup();
            for point in points {
                let judged = chosen(point.clone()).and_then(|index| self.judged(index));
                table.row(judged.map_or_else(Vec::new, |judged| self.setting(&point, judged)));
            }
        }
        table
    }

    fn setting(&self, point: &Point, judged: &Judged) -> Vec<String> {
        let (worst, case) = judged.worst();
        let place = self.cases.get(case).map_or("", |case| case.name());
        let violations = judged.violations(self.bound);
        vec![
            judged.outcome.family.into(),
            judged.outcome.settings.clone(),
            a_at_p(point),
            format!("{:.1} s", judged.excess_dead_s()),
            late(violations, judged.crashes()),
            if violations > 0 {
                format!("{} on {place}", span(worst))
            } else {
                span(worst)
            },
        ]
    }

    fn picture(&self) -> Result<String, Trouble> {
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
        plot::comparison(&super::caption(self.cases, self.bound), &lines, &promises)
    }
}

/// The outcome a point stands for, where one setting serves all.
fn chosen(point: Point) -> Option<usize> {
    point.choice.into_iter().next()
}

fn cells(name: &str, points: &[Option<&Point>]) -> Vec<String> {
    let cell = |point: &_| Option::map_or(*point, "-".into(), a_at_p);
    core::iter::once(format!("  {name}"))
        .chain(points.iter().map(cell))
        .collect()
}
