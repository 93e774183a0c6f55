//! Lines for people: what happened, how long it took, and where the interval is going.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use systole::{Event, Instant, MonitorSnapshot, Reason, Verdict};

use super::Happening;

#[derive(Debug)]
pub(crate) struct Lines {
    colour: bool,
    /// The verdict as announced: a line tells the cause, the next one what came of it.
    verdict: Verdict,
    /// The interval on the last line.
    interval: Duration,
}

/// Columns of the bar; full is a whole timeout.
const BAR: u32 = 12;

#[derive(Clone, Copy, Debug)]
enum Paint {
    Dim,
    Bold,
    Green,
    Yellow,
    Red,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Dim => "\x1b[2m",
            Self::Bold => "\x1b[1m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
            Self::Red => "\x1b[1;31m",
        }
    }

    const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Unknown | Verdict::Left => Self::Dim,
            Verdict::Alive => Self::Green,
            Verdict::Suspect => Self::Yellow,
            Verdict::Dead => Self::Red,
        }
    }
}

impl Lines {
    pub(crate) fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            colour: wanted && io::stdout().is_terminal(),
            verdict: Verdict::Unknown,
            interval: Duration::ZERO,
        }
    }

    pub(crate) fn tell(
        &mut self,
        out: &mut impl Write,
        at: Instant,
        happening: &Happening,
        known: &MonitorSnapshot,
    ) -> io::Result<()> {
        let text = match happening {
            Happening::Start(name) => self.heading(name, known),
            Happening::Answer { rtt, late } => self.answer(at, *rtt, *late, known),
            Happening::Lost => self.line(at, known, "overdue"),
            Happening::Fault(fault) => self.line(at, known, &fault.to_string()),
            Happening::Event(event) => self.event(at, *event),
            Happening::Scene(says) => {
                self.paint(Paint::Dim, format_args!("{:>8}  ~ {says}", seconds(at)))
            }
            Happening::Summary => self.summary(at, known),
        };
        writeln!(out, "{text}")?;
        out.flush()
    }

    fn heading(&self, name: &str, known: &MonitorSnapshot) -> String {
        let bound = span(known.heart.plan.bound());
        let about = self.paint(Paint::Bold, format_args!("{name}, dead within {bound}"));
        let columns = "       s    verdict       rtt  of timeout       interval   timeout  level";
        let columns = self.paint(Paint::Dim, format_args!("{columns}"));
        let unknown = self.mark(Instant::ZERO, "unknown: nothing heard yet");
        format!("{about}\n{columns}\n{unknown}")
    }

    fn answer(
        &mut self,
        at: Instant,
        rtt: Option<Duration>,
        late: bool,
        known: &MonitorSnapshot,
    ) -> String {
        let rtt = rtt.unwrap_or_default();
        let bar = self.paint(
            if late { Paint::Yellow } else { Paint::Green },
            format_args!("{:<12}", bar(rtt, known.heart.plan.timeout())),
        );
        let late = if late { "  late" } else { "" };
        let plan = self.plan(known);
        format!("{}  {:>8}  {bar}  {plan}{late}", self.head(at), span(rtt))
    }

    /// A probe without an answer.
    fn line(&mut self, at: Instant, known: &MonitorSnapshot, what: &str) -> String {
        let paint = match self.verdict {
            Verdict::Dead => Paint::Dim,
            _ => Paint::Yellow,
        };
        let what = self.paint(paint, format_args!("{what:<12}"));
        let plan = self.plan(known);
        format!("{}  {:>8}  {what}  {plan}", self.head(at), "-")
    }

    fn head(&self, at: Instant) -> String {
        let verdict = self.verdict;
        let dot = self.paint(Paint::of(verdict), format_args!("● {verdict:<7}"));
        format!("{:>8}  {dot}", seconds(at))
    }

    /// The interval and which way it moved, the timeout, the level.
    fn plan(&mut self, known: &MonitorSnapshot) -> String {
        let plan = known.heart.plan;
        let before = std::mem::replace(&mut self.interval, plan.interval());
        let way = match plan.interval().cmp(&before) {
            _ if before.is_zero() => ' ',
            std::cmp::Ordering::Greater => '↑',
            std::cmp::Ordering::Less => '↓',
            std::cmp::Ordering::Equal => ' ',
        };
        format!(
            "{:>10} {way}  {:>8}  {:>5}",
            span(plan.interval()),
            span(plan.timeout()),
            known.heart.level.to_string()
        )
    }

    fn event(&mut self, at: Instant, event: Event) -> String {
        let text = match event {
            Event::Transition(change) => {
                self.verdict = change.to;
                format!(
                    "{} → {}: {}",
                    change.from,
                    change.to,
                    explain(change.reason)
                )
            }
            Event::Paused { lateness, .. } => {
                format!(
                    "we were {} late ourselves; the peer is not blamed for it",
                    span(lateness)
                )
            }
            Event::BoundRelaxed { from, to, .. } => {
                format!(
                    "the bound cannot be kept: {} instead of {}",
                    span(to),
                    span(from)
                )
            }
            other => format!("{other:?}"),
        };
        self.mark(at, &text)
    }

    fn mark(&self, at: Instant, text: &str) -> String {
        let mark = self.paint(Paint::of(self.verdict), format_args!("● {text}"));
        format!("{:>8}  {mark}", seconds(at))
    }

    fn summary(&self, at: Instant, known: &MonitorSnapshot) -> String {
        let (heart, count) = (&known.heart, &known.counters);
        let verdict = self.paint(Paint::of(heart.verdict), format_args!("{}", heart.verdict));
        let whole = at.saturating_duration_since(Instant::ZERO);
        let mut text = format!("{verdict} after {}", span(whole));
        let mut separator = ": ";
        for (number, of) in [
            (Some(count.probes), "probes"),
            (Some(count.answered), "answered"),
            (Some(count.lost), "lost"),
            (Some(count.late), "late"),
            (Some(count.failed).filter(|&failed| failed > 0), "failed"),
            (Some(count.unsent).filter(|&unsent| unsent > 0), "not sent"),
            (Some(count.refuted), "refuted"),
            (Some(count.recovered), "recovered"),
        ] {
            if let Some(number) = number {
                let _ = write!(text, "{separator}{number} {of}"); // a String takes everything
                separator = ", ";
            }
        }
        if heart.samples > 0 {
            let _ = write!(
                text,
                "\nround trip {} +- {} over the last {}",
                span(heart.mean),
                span(heart.standard_deviation),
                heart.samples
            );
        }
        text
    }

    fn paint(&self, paint: Paint, text: fmt::Arguments<'_>) -> String {
        if self.colour {
            format!("{}{text}\x1b[0m", paint.code())
        } else {
            text.to_string()
        }
    }
}

const fn explain(reason: Reason) -> &'static str {
    match reason {
        Reason::Answered => "it answers",
        Reason::Overdue => "an answer is overdue, retries are out",
        Reason::Failed(_) => "a probe failed at once, retries are out",
        Reason::Silent => "silent for the whole bound",
        Reason::NeverHeard => "the bound passed and it was never heard",
        Reason::Refuted => "refuted, it was alive all along",
        Reason::Recovered => "recovered, it came back",
        Reason::Undecided => "it is heard again",
        _ => "it is a new incarnation",
    }
}

fn seconds(at: Instant) -> String {
    let at = at.saturating_duration_since(Instant::ZERO);
    format!("{}.{:03}", at.as_secs(), at.subsec_millis())
}

/// Three digits or so, and a unit.
fn span(span: Duration) -> String {
    let us = span.as_micros();
    let (whole, unit) = match us {
        0..1_000 => return format!("{us} us"),
        1_000..1_000_000 => (1e3, "ms"),
        _ => (1e6, "s"),
    };
    let value = span.as_secs_f64() * 1e6 / whole;
    let digits = match value {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

/// `part` of `whole` in eighths of a column.
fn bar(part: Duration, whole: Duration) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let all = u128::from(BAR) * 8;
    let eighths = (part.as_micros() * all / whole.as_micros().max(1)).clamp(1, all);
    let full = usize::try_from(eighths / 8).unwrap_or(0);
    let rest = usize::try_from(eighths % 8).unwrap_or(0);
    let mut bar = "█".repeat(full);
    bar.extend(EIGHTHS.get(rest).filter(|_| rest > 0));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_three_digits() {
        let written = [7, 999, 1_000, 20_340, 250_000, 1_500_000, 90_000_000]
            .map(|us| span(Duration::from_micros(us)));
        assert_eq!(
            written,
            [
                "7 us", "999 us", "1.00 ms", "20.3 ms", "250 ms", "1.50 s", "90.0 s"
            ]
        );
    }

    #[test]
    fn a_bar_is_never_empty_nor_too_long() {
        let bar = |ms| bar(Duration::from_millis(ms), Duration::from_millis(96));
        assert_eq!(
            (bar(0), bar(12), bar(92)),
            ("▏".into(), "█▌".into(), "███████████▌".into())
        );
        assert_eq!(bar(10_000).chars().count(), BAR as usize);
    }
}
