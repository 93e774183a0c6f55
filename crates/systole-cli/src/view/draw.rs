//! The layout of the view.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use systole::{Instant, Verdict};

use super::{PeerView, Scene, chart, detail, legend, table};
use crate::report::Paint;

/// Draws the view. The table takes at most a third of the height, the events a little more than a
/// sixth.
pub(super) fn draw(frame: &mut Frame<'_>, scene: &Scene) {
    let area = frame.area();
    let rows = u16::try_from(scene.sights.len())
        .unwrap_or(u16::MAX)
        .saturating_add(1);
    let [title, targets, details, charts, events, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(rows.min(area.height / 3)),
        Constraint::Length(3),
        Constraint::Fill(1),
        Constraint::Length(1 + area.height / 6),
        Constraint::Length(1),
    ])
    .areas(area);
    draw_title(frame, title, scene);
    table::draw(frame, targets, scene);
    if let Some(view) = scene.sights.get(scene.selected) {
        detail::draw(frame, details, view, scene.now);
    }
    chart::draw(frame, charts, scene);
    draw_events(frame, events, scene);
    draw_keys(frame, keys, scene);
    if scene.explained {
        legend::draw(frame, area);
    }
}

fn draw_title(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let whole = scene.now.saturating_duration_since(Instant::ZERO);
    let mut left = vec![Span::styled(" systole", Paint::Bold.style())];
    if scene.sights.len() > 1 {
        left.extend(counts(scene));
    } else {
        left.push(Span::styled("  adaptive heartbeats", Paint::Dim.style()));
    }
    frame.render_widget(Line::from(left), area);
    frame.render_widget(
        Line::from(format!("{} ", clock(whole))).right_aligned(),
        area,
    );
}

/// Returns how many targets there are, and how many have each verdict.
fn counts(scene: &Scene) -> Vec<Span<'static>> {
    let all = format!("  {} targets:", scene.sights.len());
    let mut spans = vec![Span::styled(all, Paint::Dim.style())];
    for verdict in [
        Verdict::Dead,
        Verdict::Suspect,
        Verdict::Unknown,
        Verdict::Alive,
    ] {
        let has_it = |view: &&PeerView| view.known.path.verdict == verdict;
        let count = scene.sights.iter().filter(has_it).count();
        if count > 0 {
            let text = format!(" {count} {verdict} ");
            spans.push(Span::styled(text, Paint::of(verdict).style()));
        }
    }
    spans
}

/// Formats hours, minutes and seconds.
fn clock(span: Duration) -> String {
    let secs = span.as_secs();
    format!("{:02}:{:02}:{:02}", secs / 3_600, secs / 60 % 60, secs % 60)
}

fn draw_events(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let mut lines = vec![Line::styled(" events", Paint::Bold.style())];
    lines.extend(scene.log.lines(
        usize::from(area.height.saturating_sub(1)),
        usize::from(area.width),
    ));
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_keys(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let mut keys = vec![("q", "end"), ("?", "what the numbers mean")];
    if scene.sights.len() > 1 {
        keys.insert(1, ("↑↓", "another target"));
    }
    let spans = keys.into_iter().flat_map(|(key, meaning)| {
        let key = Span::styled(format!(" {key} "), Paint::Bold.style());
        [
            key,
            Span::styled(format!("{meaning}  "), Paint::Dim.style()),
        ]
    });
    frame.render_widget(Line::from(spans.collect::<Vec<_>>()), area);
}
