//! The layout of the table.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Clear, Padding, Paragraph, Row as TableRow, Table};

use super::Picture;
use crate::report::{Paint, span};
use systole::Instant;

#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) standing: String,
    pub(super) paint: Paint,
    /// Silence, interval, bound, loss, label and address.
    pub(super) cells: [String; 6],
}

const WIDTHS: [Constraint; 8] = [
    Constraint::Fill(3),
    Constraint::Length(12),
    Constraint::Length(8),
    Constraint::Length(8),
    Constraint::Length(8),
    Constraint::Length(7),
    Constraint::Fill(1),
    Constraint::Fill(2),
];
const HEADINGS: [&str; 8] = [
    " sender", "verdict", "silent", "interval", "bound", "lost", "label", "address",
];

/// The lines above the rows, and below them: the events and the keys.
const HEAD: u16 = 3;
const KEYS: u16 = 1;

/// Returns how many lines of events a terminal of this height has, with their heading.
const fn events_of(height: u16) -> u16 {
    2 + height / 6
}

/// Returns how many rows a terminal of this height has.
pub(super) fn rows_of(height: u16) -> usize {
    height
        .saturating_sub(HEAD + events_of(height) + KEYS)
        .into()
}

pub(super) fn draw(frame: &mut Frame<'_>, picture: &Picture) {
    let area = frame.area();
    let [title, counts, table, events, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(events_of(area.height)),
        Constraint::Length(KEYS),
    ])
    .areas(area);
    draw_title(frame, title, picture);
    draw_counts(frame, counts, picture);
    draw_table(frame, table, picture);
    draw_events(frame, events, picture);
    draw_keys(frame, keys, picture);
    if picture.explained {
        draw_legend(frame, area);
    }
}

fn draw_title(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let left = Line::from(vec![
        Span::styled(" systole", Paint::Bold.style()),
        Span::styled("  listens", Paint::Dim.style()),
    ]);
    frame.render_widget(left, area);
    let whole = span(picture.now.saturating_duration_since(Instant::ZERO));
    frame.render_widget(
        Line::from(format!("{whole} ")).alignment(Alignment::Right),
        area,
    );
}

fn draw_counts(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let counts = picture.counts.iter();
    let spans = counts.flat_map(|(text, paint)| {
        [
            Span::raw(" "),
            Span::styled(text.clone(), paint.style()),
            Span::raw(" "),
        ]
    });
    frame.render_widget(Line::from(spans.collect::<Vec<_>>()), area);
    let last = picture.first + picture.rows.len();
    let place = format!(
        "{} to {last} of {}, by {} ",
        (picture.first + 1).min(last),
        picture.all,
        picture.order.name()
    );
    let place = Line::styled(place, Paint::Dim.style()).alignment(Alignment::Right);
    frame.render_widget(place, area);
}

fn draw_table(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let head = TableRow::new(HEADINGS.map(Text::from)).style(Paint::Dim.style());
    let rows = picture.rows.iter().map(|row| {
        let first = [
            Text::from(format!(" {}", row.name)),
            Text::styled(row.standing.clone(), row.paint.style()),
        ];
        let cells = row.cells.iter().map(|cell| Text::from(cell.clone()));
        TableRow::new(first.into_iter().chain(cells))
    });
    frame.render_widget(Table::new(rows, WIDTHS).header(head), area);
}

fn draw_events(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let mut lines = vec![Line::styled(" events", Paint::Bold.style())];
    let room = usize::from(area.height.saturating_sub(1));
    let events = picture.events.iter().rev().take(room).rev();
    lines.extend(events.map(|(text, paint)| Line::styled(format!(" {text}"), paint.style())));
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_keys(frame: &mut Frame<'_>, area: Rect, _: &Picture) {
    let keys = [
        ("q", "end"),
        ("↑↓ PgUp PgDn", "move"),
        ("s", "sort"),
        ("r", "reverse"),
        ("?", "meaning"),
    ];
    let spans = keys.into_iter().flat_map(|(key, meaning)| {
        [
            Span::styled(format!(" {key} "), Paint::Bold.style()),
            Span::styled(format!("{meaning}  "), Paint::Dim.style()),
        ]
    });
    frame.render_widget(Line::from(spans.collect::<Vec<_>>()), area);
}

const MEANINGS: [(&str, &str); 9] = [
    ("alive", "it is heard as announced"),
    ("suspect", "a heartbeat is overdue"),
    ("dead", "silent for the whole bound, or it never came"),
    ("left", "it said goodbye; failed: its exit status was not 0"),
    ("overdue", "a job that was not heard for too long"),
    ("silent", "since the last heartbeat arrived"),
    ("interval", "as the sender announces it"),
    ("bound", "the longest time from a crash to the verdict dead"),
    ("lost", "the share of heartbeats that do not arrive"),
];

fn draw_legend(frame: &mut Frame<'_>, area: Rect) {
    let height = u16::try_from(MEANINGS.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let width = 68;
    let area = Rect {
        x: area.x + area.width.saturating_sub(width) / 2,
        y: area.y + area.height.saturating_sub(height) / 2,
        width: width.min(area.width),
        height: height.min(area.height),
    };
    let lines = MEANINGS.map(|(word, meaning)| {
        Line::from(vec![
            Span::styled(format!("{word:>9}  "), Paint::Bold.style()),
            Span::raw(meaning),
        ])
    });
    frame.render_widget(Clear, area);
    let block = Block::bordered().padding(Padding::horizontal(1));
    frame.render_widget(Paragraph::new(lines.to_vec()).block(block), area);
}
