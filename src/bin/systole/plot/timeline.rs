//! One network over time: its round trips, and what ours makes of them.

mod watched;

use plotters::style::RGBColor;
use systole::Verdict;
use systole::lab::{Network, Span};

use self::watched::Watched;
use super::canvas::{AMBER, Anchor, BLUE, Canvas, FAINT, GREEN, INK, Pen, RED, svg};
use super::frame::{Frame, LARGE, SMALL, Scale};
use crate::judge::{Case, Ours, span};
use crate::trouble::Trouble;

const WIDTH: i32 = 1_300;
const HEIGHT: i32 = 860;
const LEFT: i32 = 110;
const RIGHT: i32 = WIDTH - 40;

/// Round trip, interval and verdict over the time of one network.
pub(crate) fn timeline(case: &Case, ours: &Ours) -> Result<String, Trouble> {
    let watched = Watched::watch(case, ours)?;
    let axis = Time::of(watched.seconds);
    svg((WIDTH.unsigned_abs(), HEIGHT.unsigned_abs()), |canvas| {
        let title = format!(
            "{}: detection within {}, {}",
            case.name(),
            span(case.bound()),
            ours.settings()
        );
        canvas.text(&title, (30, 32), LARGE, Anchor::Left, INK)?;
        round_trips(canvas, &watched, &axis, outages(case, &axis).as_slice())?;
        intervals(canvas, &watched, &axis, outages(case, &axis).as_slice())?;
        verdicts(canvas, &watched, &axis)?;
        legend(canvas)
    })
}

/// The axis of time, in the unit that suits the length.
struct Time {
    unit: f64,
    name: &'static str,
    length: f64,
}

impl Time {
    fn of(seconds: f64) -> Self {
        let (unit, name) = match seconds {
            s if s > 10_800.0 => (3_600.0, "hours"),
            s if s > 300.0 => (60.0, "minutes"),
            _ => (1.0, "seconds"),
        };
        Self {
            unit,
            name,
            length: seconds / unit,
        }
    }

    fn scale(&self, title: bool) -> Scale {
        Scale::linear(if title { self.name } else { "" }, 0.0, self.length)
    }
}

/// The windows in which nobody can tell the peer from a dead one, and the silence before them: in units of the axis.
fn outages(case: &Case, axis: &Time) -> Vec<(f64, f64)> {
    let start = case.network().start();
    let at = |moment: systole::Instant| {
        moment.saturating_duration_since(start).as_secs_f64() / axis.unit
    };
    let silence = |window: &Span| {
        (
            at(window.from.saturating_sub(case.bound())),
            at(window.until),
        )
    };
    case.floor().iter().map(silence).collect()
}

fn shade(canvas: &Canvas<'_>, frame: &Frame, outages: &[(f64, f64)]) -> Result<(), Trouble> {
    outages.iter().try_for_each(|&(from, until)| {
        let (left, right) = (frame.x_at(from), frame.x_at(until));
        let corners = [(left, frame.top), (right.max(left + 1), frame.bottom)];
        canvas.block(corners, FAINT, 0.35)
    })
}

fn round_trips(
    canvas: &Canvas<'_>,
    watched: &Watched,
    axis: &Time,
    outages: &[(f64, f64)],
) -> Result<(), Trouble> {
    let trips = &watched.round_trips;
    let least = trips
        .iter()
        .map(|trip| trip.least_ms)
        .fold(f64::INFINITY, f64::min);
    let most = trips.iter().map(|trip| trip.most_ms).fold(0.0, f64::max);
    let (least, most) = if least <= most {
        (least.max(1e-3), most)
    } else {
        (1.0, 1_000.0)
    };
    let y = Scale::log("round trip, ms", least / 1.3, most.max(2.0 * least) * 1.6);
    let frame = Frame {
        left: LEFT,
        right: RIGHT,
        top: 86,
        bottom: 430,
        x: axis.scale(false),
        y,
    };
    frame.draw(canvas)?;
    shade(canvas, &frame, outages)?;
    for trip in trips {
        let x = frame.x_at(trip.at_s / axis.unit);
        if trip.lost {
            canvas.line((x, frame.top), (x, frame.top + 12), Pen::new(RED, 1))?;
        }
        if trip.least_ms <= trip.most_ms {
            let (low, high) = (frame.y_at(trip.least_ms), frame.y_at(trip.most_ms));
            canvas.line((x, low), (x, high.min(low - 1)), Pen::new(BLUE, 1))?;
        }
    }
    Ok(())
}

fn intervals(
    canvas: &Canvas<'_>,
    watched: &Watched,
    axis: &Time,
    outages: &[(f64, f64)],
) -> Result<(), Trouble> {
    let most = watched
        .intervals
        .iter()
        .map(|&(_, interval)| interval)
        .fold(0.0, f64::max);
    let y = Scale::linear("interval, s", 0.0, most * 1.1);
    let frame = Frame {
        left: LEFT,
        right: RIGHT,
        top: 470,
        bottom: 690,
        x: axis.scale(false),
        y,
    };
    frame.draw(canvas)?;
    shade(canvas, &frame, outages)?;
    let mut places = Vec::new();
    for &(at_s, interval) in &watched.intervals {
        let (x, y) = frame.place(at_s / axis.unit, interval);
        if let Some(&(_, before)) = places.last() {
            places.push((x, before));
        }
        places.push((x, y));
    }
    places.dedup();
    if let Some(&(_, y)) = places.last() {
        places.push((frame.right, y));
    }
    canvas.path(places, Pen::new(INK, 2))
}

const fn color(verdict: Verdict) -> RGBColor {
    match verdict {
        Verdict::Alive => GREEN,
        Verdict::Suspect => AMBER,
        Verdict::Dead => RED,
        Verdict::Unknown | Verdict::Left => FAINT,
    }
}

/// The gravest on top: what is shorter than a pixel is still to be seen.
fn verdicts(canvas: &Canvas<'_>, watched: &Watched, axis: &Time) -> Result<(), Trouble> {
    let y = Scale::linear("verdict", 0.0, 1.0).with_ticks(Vec::new());
    let frame = Frame {
        left: LEFT,
        right: RIGHT,
        top: 730,
        bottom: 790,
        x: axis.scale(true),
        y,
    };
    frame.draw(canvas)?;
    for gravity in [
        Verdict::Unknown,
        Verdict::Alive,
        Verdict::Suspect,
        Verdict::Dead,
    ] {
        for &(from, until, verdict) in &watched.verdicts {
            if verdict == gravity {
                let (left, right) = (frame.x_at(from / axis.unit), frame.x_at(until / axis.unit));
                let corners = [
                    (left, frame.top + 1),
                    (right.max(left + 1), frame.bottom - 1),
                ];
                canvas.block(corners, color(verdict), 1.0)?;
            }
        }
    }
    Ok(())
}

fn legend(canvas: &Canvas<'_>) -> Result<(), Trouble> {
    let entries = [
        (RED, 1.0, "lost", 70),
        (
            FAINT,
            0.35,
            "nothing is heard for the bound: a crash, for all one can tell",
            500,
        ),
        (GREEN, 1.0, "alive", 80),
        (AMBER, 1.0, "suspect", 100),
        (RED, 1.0, "dead", 80),
    ];
    let mut x = LEFT;
    for (color, opacity, text, width) in entries {
        canvas.block([(x, 58), (x + 14, 72)], color, opacity)?;
        canvas.text(text, (x + 20, 65), SMALL, Anchor::Left, INK)?;
        x += 20 + width;
    }
    Ok(())
}
