//! The legend: explains the numbers of the view.

use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Padding, Paragraph};

use crate::report::Paint;

/// The lines of the legend, which fit on a terminal of 80 columns.
const MEANINGS: [(&str, &str); 15] = [
    (
        "verdict",
        "alive: it replies; suspect: a reply is overdue, retries are",
    ),
    ("", "out; dead: silent for the whole bound"),
    (
        "round trip",
        "from sending a probe to the first byte of the reply, without",
    ),
    (
        "",
        "resolving, connecting, TLS and login; smoothed in the table",
    ),
    (
        "deviation",
        "standard deviation of the last round trips; fluctuation: that",
    ),
    ("", "divided by their mean"),
    (
        "interval",
        "from probe to probe: longer the more the round trips fluctuate",
    ),
    (
        "timeout",
        "the time after which a probe without a reply is overdue",
    ),
    ("bound", "the longest time from a crash to the verdict dead"),
    (
        "suspicion",
        "improbability of the silence: at 3, 1 in 1,000 lasts as long",
    ),
    ("probes", "sent so far"),
    ("lost", "probes that are overdue, or failed at once"),
    ("late", "replies that came after their probe was overdue"),
    ("░", "no reply"),
    ("→", "the target in use, with --failover"),
];

/// The width in columns of the longest line, with its term and the border.
const WIDTH: u16 = 78;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect) {
    let height = u16::try_from(MEANINGS.len()).unwrap_or(u16::MAX);
    let centred = |length| Layout::vertical([Constraint::Max(length)]).flex(Flex::Center);
    let [area] = centred(height.saturating_add(2)).areas(area);
    let [area] = Layout::horizontal([Constraint::Max(WIDTH)])
        .flex(Flex::Center)
        .areas(area);
    let line = |(word, meaning)| {
        let word = Span::styled(format!("{word:<10}  "), Paint::Bold.style());
        Line::from(vec![word, Span::raw(meaning)])
    };
    let block = Block::bordered()
        .title(" what the numbers mean ")
        .padding(Padding::horizontal(1));
    frame.render_widget(Clear, area);
    frame.render_widget(
        Paragraph::new(MEANINGS.map(line).to_vec()).block(block),
        area,
    );
}
