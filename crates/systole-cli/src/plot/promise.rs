//! The plot of what was promised against what was measured.

use systole_lab::sweep::Outcome;
use systole_lab::{Qos, brief};

use super::canvas::{Anchor, Canvas, Dash, FAINT, INK, Pen, RED};
use super::frame::{Frame, LARGE, SMALL, Scale};
use crate::judge::Ours;
use crate::trouble::Trouble;

/// A promised time between mistakes, in seconds, and the measured ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    promised: f64,
    /// The time between avoidable mistakes; `None` if there was none.
    avoidable: Option<f64>,
    /// The time between mistakes of any kind.
    any: Option<f64>,
    /// The length of the measurement.
    watched: f64,
}

/// Returns each target with its result, in order.
pub(crate) fn promises(wishes: &[Ours], outcomes: &[Outcome]) -> Vec<Kept> {
    let kept = |(wish, outcome): (&Ours, &Outcome)| {
        let sum = |of: fn(&Qos) -> f64| outcome.per_case.iter().map(of).sum::<f64>();
        let watched = sum(|qos| qos.duration.as_secs_f64());
        let apart = |mistakes: f64| (mistakes > 0.0).then(|| watched / mistakes);
        Kept {
            promised: wish.mistakes_at_most_one_per.as_secs_f64(),
            avoidable: apart(outcome.avoidable()),
            any: apart(sum(|qos| qos.mistakes.mean)),
            watched,
        }
    };
    wishes.iter().zip(outcomes).map(kept).collect()
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;
const TICKS: [(f64, &str); 13] = [
    (MINUTE, "1 min"),
    (5.0 * MINUTE, "5 min"),
    (15.0 * MINUTE, "15 min"),
    (HOUR, "1 h"),
    (4.0 * HOUR, "4 h"),
    (12.0 * HOUR, "12 h"),
    (DAY, "1 d"),
    (3.0 * DAY, "3 d"),
    (7.0 * DAY, "1 wk"),
    (28.0 * DAY, "4 wk"),
    (91.0 * DAY, "13 wk"),
    (365.0 * DAY, "1 y"),
    (3_650.0 * DAY, "10 y"),
];

fn frame(kept: &[Kept], top: i32) -> Frame {
    let ticks: Vec<_> = TICKS.map(|(s, name)| (s, name.into())).into();
    let promised = kept.iter().map(|kept| kept.promised);
    let achieved = kept
        .iter()
        .flat_map(|kept| [kept.any, kept.avoidable, Some(kept.watched)]);
    let ends = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, 0.0_f64), |(least, most), value| {
            (least.min(value), most.max(value))
        })
    };
    let x = ends(&mut promised.clone());
    let y = ends(&mut achieved.flatten());
    Frame {
        left: 96,
        right: 910,
        top: top + 62,
        bottom: top + 490,
        x: Scale::log("promised: a mistake at most every", x.0 / 1.5, x.1 * 1.5)
            .with_ticks(ticks.clone()),
        y: Scale::log("achieved: a mistake every", y.0 / 1.5, y.1 * 2.0).with_ticks(ticks),
    }
}

/// Draws the second plot of a comparison, from `top` down.
pub(super) fn draw_promises(
    canvas: &Canvas<'_>,
    caption: &str,
    kept: &[Kept],
    top: i32,
) -> Result<(), Trouble> {
    let title = format!("Promised against achieved: {caption}");
    canvas.text(&title, (30, top + 32), LARGE, Anchor::Left, INK)?;
    let frame = frame(kept, top);
    frame.draw(canvas)?;
    let pen = Pen {
        color: FAINT,
        width: 2,
        dash: Dash::Dashed,
    };
    let ((x0, x1), (y0, y1)) = (frame.x.ends(), frame.y.ends());
    let (from, to) = (x0.max(y0), x1.min(y1));
    if from < to {
        canvas.line(frame.place(from, from), frame.place(to, to), pen)?;
    }
    for kept in kept {
        mark(canvas, &frame, kept)?;
    }
    legend(canvas, &frame, kept)
}

fn mark(canvas: &Canvas<'_>, frame: &Frame, kept: &Kept) -> Result<(), Trouble> {
    if let Some(any) = kept.any {
        canvas.dot(frame.place(kept.promised, any), 5, FAINT, false)?;
    }
    if let Some(avoidable) = kept.avoidable {
        return canvas.dot(frame.place(kept.promised, avoidable), 5, RED, true);
    }
    let (x, y) = frame.place(kept.promised, kept.watched);
    let arrow = vec![(x - 6, y - 10), (x, y - 18), (x + 6, y - 10)];
    canvas.line((x, y), (x, y - 18), Pen::new(RED, 2))?;
    canvas.path(arrow, Pen::new(RED, 2))
}

fn legend(canvas: &Canvas<'_>, frame: &Frame, kept: &[Kept]) -> Result<(), Trouble> {
    let x = frame.right + 24;
    let row = |index: i32| frame.top + 10 + 26 * index;
    let text =
        |index, text: &str| canvas.text(text, (x + 44, row(index)), SMALL, Anchor::Left, INK);
    canvas.dot((x + 17, row(0)), 5, RED, true)?;
    text(0, "avoidable mistakes")?;
    let none = vec![
        (x + 11, row(1) - 1),
        (x + 17, row(1) - 9),
        (x + 23, row(1) - 1),
    ];
    canvas.path(none, Pen::new(RED, 2))?;
    canvas.line((x + 17, row(1) + 9), (x + 17, row(1) - 9), Pen::new(RED, 2))?;
    let watched = kept.first().map_or(0.0, |kept| kept.watched);
    text(
        1,
        &format!(
            "none in {}",
            brief(std::time::Duration::from_secs_f64(watched))
        ),
    )?;
    canvas.dot((x + 17, row(2)), 5, FAINT, false)?;
    text(2, "all, unavoidable too")?;
    canvas.line(
        (x, row(3)),
        (x + 34, row(3)),
        Pen {
            color: FAINT,
            width: 2,
            dash: Dash::Dashed,
        },
    )?;
    text(3, "as promised; above: better")
}
