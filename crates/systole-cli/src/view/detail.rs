//! The selected target in sentences, which explain every number.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};
use systole::{Instant, Verdict, failover::Condition};

use super::PeerView;
use crate::report::{Paint, span};

/// The width in columns from which whole sentences fit.
const WIDE: u16 = 78;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, view: &PeerView, now: Instant) {
    let name = format!(" {} ", view.name);
    let rule = Block::new()
        .borders(Borders::TOP)
        .border_style(Paint::Dim.style())
        .title(Span::styled(name, Paint::Bold.style()));
    let narrow = area.width < WIDE;
    let text = vec![
        Line::from(expected(view, now, narrow)),
        Line::from(measured(view, narrow)),
    ];
    frame.render_widget(Paragraph::new(text).block(rule), area);
}

/// Returns what happens next: the next probe and the verdicts that silence leads to.
fn expected(view: &PeerView, now: Instant, narrow: bool) -> String {
    let plan = view.known.path.plan;
    match view.condition {
        Some(Condition::Quarantined(until)) => {
            format!(" in quarantine for another {}", rest(now, until))
        }
        Some(Condition::Disabled) => " disabled".into(),
        _ if narrow => format!(
            " next in {}, overdue after {}, dead after {}",
            rest(now, view.known.next_probe_at),
            span(plan.timeout()),
            span(plan.bound())
        ),
        _ => format!(
            " next probe in {}, overdue {} later; dead when silent for {}",
            rest(now, view.known.next_probe_at),
            span(plan.timeout()),
            span(plan.bound())
        ),
    }
}

/// Returns the measurements of the path.
fn measured(view: &PeerView, narrow: bool) -> String {
    let heart = &view.known.path;
    let is_well = matches!(heart.verdict, Verdict::Alive);
    match &view.why {
        Some(why) if heart.samples == 0 => return format!(" nothing heard yet: {why}"),
        Some(why) if !is_well => return format!(" no sign of life: {why}"),
        None if heart.samples == 0 => return " nothing heard yet".into(),
        _ => {}
    }
    let (mean, deviation) = (span(heart.mean), span(heart.standard_deviation));
    let (fluctuation, loss) = (100.0 * heart.fluctuation, 100.0 * heart.loss);
    if narrow {
        return format!(" round trip {mean} ± {deviation} ({fluctuation:.0} %), loss {loss:.0} %");
    }
    format!(
        " round trip {mean} ± {deviation} over the last {} (fluctuation {fluctuation:.0} %), loss {loss:.0} %",
        heart.samples,
    )
}

/// Formats the time left in tenths of a second, since a new picture is drawn that often.
fn rest(now: Instant, until: Instant) -> String {
    let left: Duration = until.saturating_duration_since(now);
    format!("{:.1} s", left.as_secs_f64())
}
