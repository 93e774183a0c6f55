//! One network over time: its round trips, and what systole concludes from them.

mod watched;

use plotters::style::RGBColor;
use systole::Verdict;
use systole_lab::{Network, Span, brief};

use self::watched::{RoundTrip, Watched};
use super::canvas::{AMBER, Anchor, BLUE, Canvas, FAINT, GREEN, INK, Pen, Picture, RED, draw};
use super::frame::{Frame, LARGE, SMALL, Scale};
use crate::judge::{Case, Ours};
use crate::trouble::Trouble;

const WIDTH: i32 = 1_300;
const HEIGHT: i32 = 860;
const LEFT: i32 = 110;
const RIGHT: i32 = WIDTH - 40;

/// Draws round trip, interval and verdict over the time of one network.
pub(crate) fn timeline(case: &Case, ours: &Ours, picture: Picture) -> Result<Vec<u8>, Trouble> {
    let watched = Watched::watch(case, ours)?;
    let size = (WIDTH.unsigned_abs(), HEIGHT.unsigned_abs());
    draw(picture, size, |canvas| {
        let title = format!(
            "{}: detection within {}, {}",
            case.name(),
            brief(case.bound()),
            ours.settings()
        );
        canvas.text(&title, (30, 32), LARGE, Anchor::Left, INK)?;
        let axis = Time::of(watched.seconds);
        let page = Page {
            canvas,
            outages: outages(case, &axis),
            watched: &watched,
            axis,
        };
        page.round_trips()?;
        page.intervals()?;
        page.verdicts()?;
        legend(canvas)
    })
}

/// Returns the axis of time, in a unit that suits its length.
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
}

/// Returns the windows in which no detector can tell the peer from a crashed one, with the silence
/// before them, in units of the axis.
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

/// The content of the plot, and the axis that all panels share.
struct Page<'a, 'svg> {
    canvas: &'a Canvas<'svg>,
    watched: &'a Watched,
    axis: Time,
    outages: Vec<(f64, f64)>,
}

impl Page<'_, '_> {
    /// Draws an empty panel between two heights. Its axis of time has its title at the bottom of
    /// the page.
    fn panel(&self, [top, bottom]: [i32; 2], y: Scale, title: &str) -> Result<Frame, Trouble> {
        let frame = Frame {
            left: LEFT,
            right: RIGHT,
            top,
            bottom,
            x: Scale::linear(title, 0.0, self.axis.length),
            y,
        };
        frame.draw(self.canvas)?;
        Ok(frame)
    }

    /// Draws a panel with the outages in grey.
    fn shaded(&self, heights: [i32; 2], y: Scale) -> Result<Frame, Trouble> {
        let frame = self.panel(heights, y, "")?;
        for &(from, until) in &self.outages {
            let (left, right) = (frame.x_at(from), frame.x_at(until));
            let corners = [(left, frame.top), (right.max(left + 1), frame.bottom)];
            self.canvas.block(corners, FAINT, 0.35)?;
        }
        Ok(frame)
    }

    fn round_trips(&self) -> Result<(), Trouble> {
        let frame = self.shaded([86, 430], round_trip_scale(&self.watched.round_trips))?;
        for trip in &self.watched.round_trips {
            let x = frame.x_at(trip.at_s / self.axis.unit);
            if trip.lost {
                let end = (x, frame.top + 12);
                self.canvas.line((x, frame.top), end, Pen::new(RED, 1))?;
            }
            if trip.least_ms <= trip.most_ms {
                let (low, high) = (frame.y_at(trip.least_ms), frame.y_at(trip.most_ms));
                let end = (x, high.min(low - 1));
                self.canvas.line((x, low), end, Pen::new(BLUE, 1))?;
            }
        }
        Ok(())
    }

    fn intervals(&self) -> Result<(), Trouble> {
        let intervals = &self.watched.intervals;
        let most = intervals.iter().map(|&(_, s)| s).fold(0.0, f64::max);
        let y = Scale::linear("interval, s", 0.0, most * 1.1);
        let frame = self.shaded([470, 690], y)?;
        let mut places = Vec::new();
        for &(at_s, interval) in intervals {
            let (x, y) = frame.place(at_s / self.axis.unit, interval);
            if let Some(&(_, before)) = places.last() {
                places.push((x, before));
            }
            places.push((x, y));
        }
        places.dedup();
        if let Some(&(_, y)) = places.last() {
            places.push((frame.right, y));
        }
        self.canvas.path(places, Pen::new(INK, 2))
    }

    /// Draws the verdicts. The gravest lie on top, so that those shorter than a pixel stay visible.
    fn verdicts(&self) -> Result<(), Trouble> {
        let y = Scale::linear("verdict", 0.0, 1.0).with_ticks(Vec::new());
        let frame = self.panel([730, 790], y, self.axis.name)?;
        let (top, bottom) = (frame.top + 1, frame.bottom - 1);
        for gravity in [
            Verdict::Unknown,
            Verdict::Alive,
            Verdict::Suspect,
            Verdict::Dead,
        ] {
            let of_this = self.watched.verdicts.iter().filter(|v| v.2 == gravity);
            for &(from, until, verdict) in of_this {
                let [left, right] = [from, until].map(|s| frame.x_at(s / self.axis.unit));
                let corners = [(left, top), (right.max(left + 1), bottom)];
                self.canvas.block(corners, color(verdict), 1.0)?;
            }
        }
        Ok(())
    }
}

fn round_trip_scale(trips: &[RoundTrip]) -> Scale {
    let least = trips.iter().map(|trip| trip.least_ms);
    let least = least.fold(f64::INFINITY, f64::min);
    let most = trips.iter().map(|trip| trip.most_ms).fold(0.0, f64::max);
    let (least, most) = if least <= most {
        (least.max(1e-3), most)
    } else {
        (1.0, 1_000.0)
    };
    Scale::log("round trip, ms", least / 1.3, most.max(2.0 * least) * 1.6)
}

const fn color(verdict: Verdict) -> RGBColor {
    match verdict {
        Verdict::Alive => GREEN,
        Verdict::Suspect => AMBER,
        Verdict::Dead => RED,
        Verdict::Unknown | Verdict::Left => FAINT,
    }
}

fn legend(canvas: &Canvas<'_>) -> Result<(), Trouble> {
    let entries = [
        (RED, 1.0, "lost", 70),
        (
            FAINT,
            0.35,
            "nothing is heard for the bound, as after a crash",
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
