//! Three charts on one axis of time: round trips, intervals, and suspicion in the colour of the
//! verdict.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Sparkline, SparklineBar};

use super::Scene;
use super::history::{Column, Fate};
use crate::report::{Paint, span};

/// The width in columns of the labels on the left of a chart.
const LABELS: u16 = 11;

/// The height in rows from which all charts are shown instead of the first alone.
const ALL: u16 = 9;

/// The content of a chart.
struct Chart {
    title: &'static str,
    about: String,
    /// The label of a bar of full height.
    top: String,
    max: u64,
    /// The bars; an absent value stands for a missing reply.
    bars: Vec<SparklineBar>,
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let reach = scene.history.span(scene.now);
    let width = area.width.saturating_sub(LABELS + 1);
    let columns = scene.history.columns(scene.now, reach, width);
    let round_trip = scene
        .sights
        .get(scene.selected)
        .map_or("", |view| view.round_trip);
    if area.height < ALL {
        let [only, axis] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(area);
        round_trips(&columns, round_trip).draw(frame, only);
        return draw_axis(frame, axis, reach);
    }
    let [first, second, third, axis] = Layout::vertical([
        Constraint::Fill(3),
        Constraint::Fill(2),
        Constraint::Length(if area.height > 18 { 4 } else { 3 }),
        Constraint::Length(1),
    ])
    .areas(area);
    round_trips(&columns, round_trip).draw(frame, first);
    intervals(&columns).draw(frame, second);
    suspicion(&columns).draw(frame, third);
    draw_axis(frame, axis, reach);
}

fn round_trips(columns: &[Option<Column>], about: &str) -> Chart {
    let length = |fate| match fate {
        Fate::Answered(rtt) | Fate::Late(rtt) => micros(rtt),
        Fate::Missed => 0,
    };
    let fates = columns
        .iter()
        .map(|column| column.and_then(|column| column.fate));
    let max = fates
        .clone()
        .flatten()
        .map(length)
        .max()
        .unwrap_or(0)
        .max(1);
    let bar = |fate| match fate {
        None => SparklineBar::from(0),
        Some(Fate::Missed) => SparklineBar::from(None),
        Some(Fate::Answered(_)) => seen(fate.map_or(0, length), max).style(Paint::Green.style()),
        Some(Fate::Late(_)) => seen(fate.map_or(0, length), max).style(Paint::Yellow.style()),
    };
    Chart {
        title: "round trip",
        about: about.into(),
        top: if max > 1 {
            span(Duration::from_micros(max))
        } else {
            "none yet".into()
        },
        max,
        bars: fates.map(bar).collect(),
    }
}

fn intervals(columns: &[Option<Column>]) -> Chart {
    let interval =
        |column: &Option<Column>| column.map_or(0, |column| micros(column.state.interval));
    let max = columns.iter().map(interval).max().unwrap_or(0).max(1);
    let style = Style::new().fg(Color::Blue);
    Chart {
        title: "interval",
        about: "from one probe to the next".into(),
        top: span(Duration::from_micros(max)),
        max,
        bars: columns
            .iter()
            .map(|column| SparklineBar::from(interval(column)).style(style))
            .collect(),
    }
}

/// The lowest scale of the suspicion chart, in thousandths: at level 3, one silence in a thousand
/// lasts as long.
const LEVEL: u64 = 3_000;

fn suspicion(columns: &[Option<Column>]) -> Chart {
    let level = |column: &Column| u64::from(column.state.level);
    let max = columns
        .iter()
        .flatten()
        .map(level)
        .max()
        .unwrap_or(0)
        .max(LEVEL);
    let bar = |column: &Option<Column>| match column {
        None => SparklineBar::from(0),
        Some(column) => seen(level(column), max).style(Paint::of(column.state.verdict).style()),
    };
    Chart {
        title: "suspicion",
        about: "and the verdict, in its colour".into(),
        top: format!("{:.1}", Duration::from_millis(max).as_secs_f64()),
        max,
        bars: columns.iter().map(bar).collect(),
    }
}

/// Returns a bar that is high enough to be visible.
fn seen(value: u64, max: u64) -> SparklineBar {
    SparklineBar::from(value.max(max.div_ceil(8)).min(max))
}

impl Chart {
    fn draw(self, frame: &mut Frame<'_>, area: Rect) {
        let [title, body] =
            Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
        let heading = vec![
            Span::styled(format!(" {}", self.title), Paint::Bold.style()),
            Span::styled(format!("  {}", self.about), Paint::Dim.style()),
        ];
        frame.render_widget(Line::from(heading), title);
        let [labels, bars] =
            Layout::horizontal([Constraint::Length(LABELS), Constraint::Fill(1)]).areas(body);
        frame.render_widget(Paragraph::new(self.labels(body.height)), labels);
        let chart = Sparkline::default()
            .data(self.bars)
            .max(self.max)
            .absent_value_style(Paint::Red.style())
            .absent_value_symbol("░");
        frame.render_widget(chart, bars);
    }

    fn labels(&self, height: u16) -> Vec<Line<'static>> {
        let width = usize::from(LABELS) - 2;
        let label = |row| match row {
            0 => format!("{:>width$} ┤", self.top),
            _ if row + 1 == height => format!("{:>width$} ┤", "0"),
            _ => format!("{:>width$} │", ""),
        };
        (0..height)
            .map(|row| Line::styled(label(row), Paint::Dim.style()))
            .collect()
    }
}

fn draw_axis(frame: &mut Frame<'_>, area: Rect, reach: Duration) {
    let width = usize::from(area.width.saturating_sub(LABELS + 1));
    let (start, middle) = (ago(reach), ago(reach / 2));
    let half = (width / 2).saturating_sub(start.chars().count());
    let rest = width.saturating_sub(width / 2 + 3);
    let gap = usize::from(LABELS);
    let text = format!("{:gap$}{start}{middle:>half$}{:>rest$}", "", "now");
    frame.render_widget(Line::styled(text, Paint::Dim.style()), area);
}

fn ago(span: Duration) -> String {
    match span.as_secs() {
        secs @ ..60 => format!("{secs} s ago"),
        secs if secs < 3_600 && secs % 60 == 0 => format!("{} min ago", secs / 60),
        secs if secs < 3_600 => format!("{secs} s ago"),
        secs if secs % 3_600 == 0 => format!("{} h ago", secs / 3_600),
        secs => format!("{} min ago", secs / 60),
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
