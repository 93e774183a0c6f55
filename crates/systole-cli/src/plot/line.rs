//! The front of a detector as a line of a plot.

use plotters::style::RGBColor;
use systole_lab::sweep::{Outcome, Point, best_single};

use super::canvas::{Dash, INK, Pen, RED};
use crate::judge::Ours;

/// One line of a comparison.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(super) name: String,
    /// Probes per second and avoidable mistakes, from the cheapest point on.
    pub(super) points: Vec<(f64, f64)>,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ours,
    Hindsight,
    Bounded,
    Unbounded,
}

/// The colours of lines, which colour-blind readers can tell apart too.
const COLORS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(204, 121, 167),
    RGBColor(120, 94, 60),
    RGBColor(110, 90, 200),
    RGBColor(150, 150, 40),
];

impl Line {
    /// Returns systole at every target, with one point for each, whether or not it is the best.
    pub(crate) fn ours(outcomes: &[Outcome]) -> Self {
        let point = |outcome: &Outcome| (outcome.probes_per_s(), outcome.avoidable());
        let mut points: Vec<_> = outcomes.iter().map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self {
            name: Ours::NAME.into(),
            points,
            kind: Kind::Ours,
        }
    }

    /// Returns the best of all settings for each network.
    pub(crate) fn hindsight(front: &[Point]) -> Self {
        Self::new("hindsight".into(), front, Kind::Hindsight)
    }

    pub(crate) fn bounded(family: &str, front: &[Point]) -> Self {
        Self::new(family.into(), front, Kind::Bounded)
    }

    /// Returns the front of these outcomes.
    pub(crate) fn family(family: &str, outcomes: &[Outcome]) -> Self {
        let of_family = outcomes
            .iter()
            .enumerate()
            .filter(|(_, outcome)| outcome.family == family);
        Self::bounded(family, &best_single(of_family))
    }

    pub(crate) fn unbounded(family: &str, front: &[Point]) -> Self {
        Self::new(family.into(), front, Kind::Unbounded)
    }

    fn new(name: String, front: &[Point], kind: Kind) -> Self {
        let points = front
            .iter()
            .map(|point| (point.probes_per_s, point.avoidable))
            .collect();
        Self { name, points, kind }
    }

    /// Returns the style of the `index`-th line of its kind.
    pub(super) fn pen(&self, index: usize) -> Pen {
        let color = COLORS.get(index % COLORS.len()).copied().unwrap_or(INK);
        let (color, width, dash) = match self.kind {
            Kind::Ours => (RED, 3, Dash::Solid),
            Kind::Hindsight => (INK, 2, Dash::Dashed),
            Kind::Bounded => (color, 2, Dash::Solid),
            Kind::Unbounded => (color, 2, Dash::Dotted),
        };
        Pen { color, width, dash }
    }
}
