//! The plot of avoidable mistakes against probes per second, one line for each detector; and of
//! what was promised against what was measured.

use systole_lab::sweep::Outcome;

use super::canvas::{Anchor, Canvas, FAINT, INK, Pen, Picture, Place, draw};
use super::frame::{Frame, LARGE, SMALL, Scale, TINY};
use super::line::{Kind, Line};
use super::promise::{Kept, draw_promises};
use crate::trouble::Trouble;

const WIDTH: i32 = 1_200;
const HEIGHT: i32 = 720;
const HEIGHT_OF_PROMISES: i32 = 560;

/// The value that stands for no mistake on the logarithmic axis, which has no zero. It lies below a
/// sixteenth, the smallest mean over the start offsets.
const NONE: f64 = 0.05;

/// A point to point out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    probes: f64,
    mistakes: f64,
    name: &'static str,
}

impl Mark {
    pub(crate) fn new(outcome: &Outcome, name: &'static str) -> Self {
        Self {
            probes: outcome.probes_per_s(),
            mistakes: outcome.avoidable(),
            name,
        }
    }

    /// Draws a ring around the point, and its name beside it.
    fn draw(&self, canvas: &Canvas<'_>, frame: &Frame) -> Result<(), Trouble> {
        let (x, y) = frame.place(self.probes, self.mistakes.max(NONE));
        canvas.dot((x, y), 10, INK, false)?;
        canvas.text(self.name, (x + 16, y - 14), SMALL, Anchor::Left, INK)
    }
}

/// Returns the plot, with a second one below if there are promises.
pub(crate) fn comparison(
    caption: &str,
    lines: &[Line],
    kept: &[Kept],
    mark: Option<Mark>,
    picture: Picture,
) -> Result<Vec<u8>, Trouble> {
    let below = if kept.is_empty() {
        0
    } else {
        HEIGHT_OF_PROMISES
    };
    let size = (WIDTH.unsigned_abs(), (HEIGHT + below).unsigned_abs());
    draw(picture, size, |canvas| {
        let title = format!("Avoidable mistakes against probes: {caption}");
        canvas.text(&title, (30, 32), LARGE, Anchor::Left, INK)?;
        let frame = frame(lines);
        frame.draw(canvas)?;
        let mut legend = Legend {
            at: (frame.right + 24, frame.top + 10),
        };
        for kind in [Kind::Unbounded, Kind::Bounded, Kind::Hindsight, Kind::Ours] {
            let of_kind = lines.iter().filter(|line| line.kind == kind);
            for (index, line) in of_kind.enumerate() {
                draw_line(canvas, &frame, line, line.pen(index))?;
            }
        }
        if let Some(mark) = mark {
            mark.draw(canvas, &frame)?;
        }
        for (kind, title) in LEGEND {
            let of_kind = lines.iter().filter(|line| line.kind == kind);
            for (index, line) in of_kind.enumerate() {
                if index == 0 {
                    legend.title(canvas, title)?;
                }
                legend.entry(canvas, line, line.pen(index))?;
            }
        }
        if kept.is_empty() {
            return Ok(());
        }
        draw_promises(canvas, caption, kept, HEIGHT)
    })
}

/// The kinds of lines in the order of the legend, each with its heading.
const LEGEND: [(Kind, &str); 4] = [
    (Kind::Ours, "told the target alone, one dot a target"),
    (Kind::Hindsight, "the best settings for each network"),
    (Kind::Bounded, "one setting for all"),
    (Kind::Unbounded, "one setting for all, bound not kept"),
];

struct Legend {
    at: Place,
}

impl Legend {
    fn title(&mut self, canvas: &Canvas<'_>, text: &str) -> Result<(), Trouble> {
        let (x, y) = self.at;
        canvas.text(text, (x, y), TINY, Anchor::Left, FAINT)?;
        self.at.1 += 22;
        Ok(())
    }

    fn entry(&mut self, canvas: &Canvas<'_>, line: &Line, pen: Pen) -> Result<(), Trouble> {
        let (x, y) = self.at;
        canvas.line((x, y), (x + 34, y), pen)?;
        if line.kind == Kind::Ours {
            canvas.dot((x + 17, y), 4, pen.color, true)?;
        }
        canvas.text(&line.name, (x + 44, y), SMALL, Anchor::Left, INK)?;
        self.at.1 += 26;
        Ok(())
    }
}

/// Returns the axes. They end where systole, or hindsight, is cheapest, since only few mistakes are
/// of interest.
fn frame(lines: &[Line]) -> Frame {
    let yardsticks = lines
        .iter()
        .filter(|line| matches!(line.kind, Kind::Ours | Kind::Hindsight));
    let most = yardsticks
        .flat_map(|line| &line.points)
        .map(|point| point.1)
        .fold(0.0, f64::max);
    let most = if most > 0.0 {
        2.0 * most.max(10.0)
    } else {
        50.0
    };
    let shown = lines
        .iter()
        .flat_map(|line| &line.points)
        .filter(|point| point.1 <= most);
    let least = shown
        .clone()
        .map(|point| point.0)
        .fold(f64::INFINITY, f64::min);
    let dearest = shown.map(|point| point.0).fold(0.0, f64::max);
    let (least, dearest) = if least < dearest {
        (least, dearest)
    } else {
        (0.1, 10.0)
    };
    Frame {
        left: 96,
        right: WIDTH - 290,
        top: 62,
        bottom: HEIGHT - 62,
        x: Scale::log("probes a second", least / 1.15, dearest * 1.15),
        y: Scale::log(
            "avoidable mistakes; down and to the left is better",
            NONE * 0.85,
            most,
        )
        .with_least(NONE, "none"),
    }
}

/// Draws a front as steps, since a setting serves until a better one begins. Systole is drawn as
/// one dot for each target.
fn draw_line(canvas: &Canvas<'_>, frame: &Frame, line: &Line, pen: Pen) -> Result<(), Trouble> {
    let (_, most) = frame.y.ends();
    let (above, within): (Vec<_>, Vec<_>) = line.points.iter().partition(|point| point.1 > most);
    let mut places: Vec<Place> = Vec::new();
    let mut height = above.last().map(|_| frame.top);
    for &(probes, mistakes) in within {
        let (x, y) = frame.place(probes, mistakes.max(NONE));
        if let Some(before) = height.filter(|_| line.kind != Kind::Ours) {
            places.push((x, before));
        }
        places.push((x, y));
        height = Some(y);
    }
    if line.kind == Kind::Ours {
        for &place in &places {
            canvas.dot(place, 4, pen.color, true)?;
        }
    }
    match places[..] {
        [] => Ok(()),
        [only] => canvas.dot(only, 3, pen.color, true),
        _ => canvas.path(places, pen),
    }
}
