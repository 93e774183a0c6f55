//! The table of all targets, one row each.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Row, Table, TableState};
use systole::{Verdict, failover::Condition, path::Health};

use super::{PeerView, Scene};
use crate::report::{Paint, condition_text, ending, span};

/// The width below which only two columns are shown beside name and verdict.
const NARROW: u16 = 72;
/// The longest name for which optional columns are left out. A longer name is shortened instead.
const LONG: usize = 40;

/// A column: its heading, its width, and its text for a peer.
type Cell = (&'static str, u16, fn(&PeerView) -> String);

const COLUMNS: [Cell; 4] = [
    ("round trip", 10, |view| match view.known.path.samples {
        0 => "-".into(),
        _ => span(view.known.path.smoothed),
    }),
    ("interval", 8, |view| span(view.known.path.plan.interval())),
    ("suspicion", 9, |view| view.known.path.level.to_string()),
    ("lost", 6, |view| {
        let counters = view.known.counters;
        counters.lost.saturating_add(counters.failed).to_string()
    }),
];

/// The optional columns, of which as many are shown as leave room for the names.
const MORE: [Cell; 5] = [
    ("bound", 8, |view| span(view.known.path.plan.bound())),
    ("timeout", 8, |view| span(view.known.path.plan.timeout())),
    ("deviation", 9, |view| {
        span(view.known.path.standard_deviation)
    }),
    ("probes", 7, |view| view.known.counters.probes.to_string()),
    ("late", 6, |view| view.known.counters.late.to_string()),
];

/// The width of the longest verdict, and of the longest condition in a group.
const VERDICT: u16 = 10;
const CONDITION: u16 = 13;
/// The width of the marks before a name: whether it is selected, and whether it is active.
const MARKS: u16 = 3;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let grouped = scene.sights.iter().any(|view| view.condition.is_some());
    let conclusions = if grouped { CONDITION } else { VERDICT };
    let room = area.width.saturating_sub(conclusions + 1 + MARKS);
    let cells = columns(area.width, room, scene);
    let head = ["   target", "verdict"].map(Text::from).into_iter();
    let titles = cells.iter().map(|(title, ..)| *title);
    let head = head.chain(titles.map(|title| Text::from(title).right_aligned()));
    let widths = [Constraint::Fill(1), Constraint::Length(conclusions)].into_iter();
    let widths = widths.chain(cells.iter().map(|cell| Constraint::Length(cell.1)));
    let left = room.saturating_sub(cells.iter().map(wide).sum());
    let rows = scene.sights.iter().map(|view| row(view, left, &cells));
    let table = Table::new(rows, widths)
        .header(Row::new(head).style(Paint::Dim.style()))
        .row_highlight_style(Style::new().add_modifier(Modifier::BOLD))
        .highlight_symbol(if scene.sights.len() > 1 { "▸" } else { " " });
    let mut state = TableState::new().with_selected(Some(scene.selected));
    frame.render_stateful_widget(table, area, &mut state);
}

const fn wide(cell: &Cell) -> u16 {
    cell.1 + 1
}

/// Returns the columns that fit into `room` beside the names.
fn columns(width: u16, room: u16, scene: &Scene) -> Vec<Cell> {
    let names = scene.sights.iter().map(|view| view.name.chars().count());
    let name = u16::try_from(names.max().unwrap_or_default().min(LONG)).unwrap_or_default();
    let mut left = Some(room.saturating_sub(name));
    let fits = |cell: &&Cell| {
        left = left.and_then(|left| left.checked_sub(wide(cell)));
        left.is_some()
    };
    let all = || COLUMNS.iter().chain(&MORE);
    let shown = match all().take_while(fits).count() {
        _ if width < NARROW => 2,
        shown => shown.max(COLUMNS.len()),
    };
    all().take(shown).copied().collect()
}

fn row(view: &PeerView, width: u16, cells: &[Cell]) -> Row<'static> {
    let mark = if view.active { "→" } else { " " };
    let first = [
        Text::from(format!("{mark} {}", ending(&view.name, width.into()))),
        Text::from(conclusion(view)),
    ];
    let rest = cells
        .iter()
        .map(|(.., says)| Text::from(says(view)).right_aligned());
    Row::new(first.into_iter().chain(rest))
}

/// Returns the condition in a group, or else the verdict. A path that is worse than usual is shown
/// if the peer is otherwise well.
fn conclusion(view: &PeerView) -> Line<'static> {
    let verdict = view.known.path.verdict;
    let is_well = view
        .condition
        .map_or(verdict == Verdict::Alive, |condition| {
            condition == Condition::Healthy
        });
    if is_well && view.health == Health::Degraded {
        return Line::styled("● degraded", Paint::Yellow.style());
    }
    match view.condition {
        Some(condition) => {
            let paint = match condition {
                Condition::Healthy => Paint::Green,
                Condition::Suspected => Paint::Yellow,
                Condition::Dead | Condition::Quarantined(_) => Paint::Red,
                _ => Paint::Dim,
            };
            Line::styled(format!("● {}", condition_text(condition)), paint.style())
        }
        None if verdict == Verdict::Unknown => Line::styled("○ unknown", Paint::Dim.style()),
        None => Line::styled(format!("● {verdict}"), Paint::of(verdict).style()),
    }
}
