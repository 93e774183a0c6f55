//! Charts: one above the other, their legends beside them, with the axes and the pens of the tool.

use systole_cli::plot::canvas::{Anchor, Canvas, Dash, FAINT, INK, Pen, Place, svg};
use systole_cli::plot::frame::{Frame, LARGE, SMALL};

pub(crate) use plotters::style::RGBColor;
pub(crate) use systole_cli::plot::canvas::{AMBER, BLUE, GREEN, RED};
pub(crate) use systole_cli::plot::frame::Scale;

use systole_cli::trouble::Trouble;

pub(crate) const VIOLET: RGBColor = RGBColor(120, 80, 160);
pub(crate) const GREY: RGBColor = RGBColor(150, 150, 150);

const WIDTH: i32 = 1_200;
const LEGEND: i32 = 270;
const TITLE: i32 = 56;
const FOOT: i32 = 76;

/// One chart.
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    /// Of the plot alone.
    pub(crate) height: i32,
    /// Stretches of x in a colour, behind everything.
    pub(crate) bands: Vec<Band>,
    pub(crate) lines: Vec<Line>,
}

/// From, until, in which colour.
pub(crate) type Band = (f64, f64, RGBColor);

/// What the points are drawn as.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mark {
    Line,
    Dashed,
    Dots,
    /// Each height until the next point.
    Steps,
}

pub(crate) struct Line {
    /// Without one it is not in the legend.
    pub(crate) name: &'static str,
    pub(crate) color: RGBColor,
    pub(crate) mark: Mark,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Line {
    pub(crate) fn new(
        name: &'static str,
        color: RGBColor,
        mark: Mark,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        Self {
            name,
            color,
            mark,
            points: points.into_iter().collect(),
        }
    }

    fn pen(&self) -> Pen {
        let mut pen = Pen::new(self.color, 2);
        if self.mark == Mark::Dashed {
            pen.dash = Dash::Dashed;
        }
        pen
    }
}

/// The panels in one picture.
pub(crate) fn chart(panels: &[Panel]) -> Result<String, Trouble> {
    let height = |panel: &Panel| TITLE + panel.height + FOOT;
    let whole: i32 = panels.iter().map(height).sum();
    svg((WIDTH.unsigned_abs(), whole.unsigned_abs()), |canvas| {
        let mut top = 0;
        for panel in panels {
            panel.draw(canvas, top)?;
            top += height(panel);
        }
        Ok(())
    })
}

impl Panel {
    fn draw(&self, canvas: &Canvas<'_>, top: i32) -> Result<(), Trouble> {
        canvas.text(self.title, (30, top + 30), LARGE, Anchor::Left, INK)?;
        let frame = Frame {
            left: 100,
            right: WIDTH - LEGEND,
            top: top + TITLE,
            bottom: top + TITLE + self.height,
            x: self.x.clone(),
            y: self.y.clone(),
        };
        for &(from, until, color) in &self.bands {
            let corners = [
                (frame.x_at(from), frame.top),
                (frame.x_at(until), frame.bottom),
            ];
            canvas.block(corners, color, 0.14)?;
        }
        frame.draw(canvas)?;
        for line in &self.lines {
            line.draw(canvas, &frame)?;
        }
        let named = self.lines.iter().filter(|line| !line.name.is_empty());
        for (line, place) in named.zip(0..) {
            let at = (frame.right + 20, frame.top + 12 + 26 * place);
            line.explain(canvas, at)?;
        }
        Ok(())
    }
}

impl Line {
    fn draw(&self, canvas: &Canvas<'_>, frame: &Frame) -> Result<(), Trouble> {
        let mut places: Vec<Place> = Vec::new();
        for &(x, y) in &self.points {
            let (x, y) = frame.place(x, y);
            if self.mark == Mark::Steps
                && let Some(&(_, before)) = places.last()
            {
                places.push((x, before));
            }
            if places.last() != Some(&(x, y)) {
                places.push((x, y));
            }
        }
        if self.mark == Mark::Dots {
            for place in places {
                canvas.dot(place, 3, self.color, true)?;
            }
            return Ok(());
        }
        if places.len() > 1 {
            canvas.path(places, self.pen())?;
        }
        Ok(())
    }

    fn explain(&self, canvas: &Canvas<'_>, (x, y): Place) -> Result<(), Trouble> {
        match self.mark {
            Mark::Dots => canvas.dot((x + 15, y), 4, self.color, true)?,
            _ => canvas.line((x, y), (x + 30, y), self.pen())?,
        }
        let color = if self.color == GREY { FAINT } else { INK };
        canvas.text(self.name, (x + 40, y), SMALL, Anchor::Left, color)
    }
}
