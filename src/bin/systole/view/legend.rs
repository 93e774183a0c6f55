//! What the numbers mean.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

use crate::report::Paint;

const MEANINGS: [(&str, &str); 11] = [
    (
        "verdict",
        "alive: it answers. suspect: an answer is overdue, retries are out. dead: silent for the whole bound",
    ),
    (
        "round trip",
        "from sending a probe to the first byte of its answer, smoothed; without resolving, connecting, TLS, login",
    ),
    (
        "deviation",
        "standard deviation of the last round trips; fluctuation is that by their mean",
    ),
    (
        "interval",
        "from one probe to the next: longer the more the round trips fluctuate",
    ),
    (
        "timeout",
        "after it an unanswered probe is overdue; learnt from the round trips",
    ),
    ("bound", "the longest time from a crash to the verdict dead"),
    (
        "suspicion",
        "how unlikely the silence is: at 3, one silence in a thousand is as long",
    ),
    ("probes", "sent so far"),
    (
        "lost",
        "of these overdue without any answer yet, or failed at once",
    ),
    ("late", "answered after they were overdue"),
    ("→", "with --failover: the target in use"),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect) {
    let [_, middle, _] = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Max(24),
        Constraint::Fill(1),
    ])
    .areas(area);
    let [_, middle, _] = Layout::horizontal([
        Constraint::Fill(1),
        Constraint::Max(100),
        Constraint::Fill(1),
    ])
    .areas(middle);
    let lines = MEANINGS.map(|(word, meaning)| {
        let word = Span::styled(format!("{word:<10} "), Paint::Bold.style());
        Line::from(vec![word, Span::raw(meaning)])
    });
    let block = Block::bordered().title(" what the numbers mean ");
    frame.render_widget(Clear, middle);
    frame.render_widget(
        Paragraph::new(lines.to_vec())
            .wrap(Wrap { trim: false })
            .block(block),
        middle,
    );
}
