//! Output as lines of text: what happened, how long it took, and how the interval changes.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal};
use std::time::Duration;

use systole::{Event, EventKind, Instant, Verdict, monitor};

use super::words::{pushback_text, span};
use super::{Paint, WatchEvent, Who, describe};
use crate::target::Answer;

#[derive(Debug)]
pub(crate) struct Lines {
    colour: bool,
    /// The width of the names with which lines begin; 0 if there is one target.
    width: usize,
    told: HashMap<usize, Told>,
}

/// What the lines have shown of a peer so far.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// The verdict that was shown last. A line with the cause of a change still shows the old
    /// verdict; the next line announces the new one.
    verdict: Verdict,
    /// The interval on the last line.
    interval: Duration,
}

/// The width of the bar in columns. A full bar is a whole timeout.
const BAR: u32 = 12;

impl Lines {
    pub(crate) fn new(width: usize) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            colour: wanted && io::stdout().is_terminal(),
            width,
            told: HashMap::new(),
        }
    }

    pub(crate) fn tell(
        &mut self,
        out: &mut Vec<u8>,
        at: Instant,
        who: Who<'_>,
        happening: &WatchEvent,
        known: &monitor::Snapshot,
    ) {
        let mut told = self.told.get(&who.key).copied().unwrap_or_default();
        let text = match happening {
            WatchEvent::Start => self.heading(who, known),
            _ => format!(
                "{}{}",
                self.prefix(who),
                self.line(&mut told, at, happening, known)
            ),
        };
        self.told.insert(who.key, told);
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    }

    pub(crate) fn forget(&mut self, key: usize) {
        self.told.remove(&key);
    }

    fn prefix(&mut self, who: Who<'_>) -> String {
        if self.width == 0 {
            return String::new();
        }
        self.width = self.width.max(who.name.chars().count());
        format!("{:<width$}", who.name, width = self.width)
    }

    fn line(
        &self,
        told: &mut Told,
        at: Instant,
        happening: &WatchEvent,
        known: &monitor::Snapshot,
    ) -> String {
        match happening {
            WatchEvent::Answer { answer, rtt, late } => {
                let line = self.answer(told, at, *rtt, *late, known);
                match answer {
                    Answer::Fine => line,
                    Answer::Pushback { wait } => format!("{line}  {}", pushback_text(*wait)),
                }
            }
            WatchEvent::Lost => self.no_answer(told, at, known, "overdue"),
            WatchEvent::Miss(miss) => {
                let line = self.no_answer(told, at, known, &miss.fault().to_string());
                match miss.note() {
                    Some(note) => format!("{line}  {note}"),
                    None => line,
                }
            }
            WatchEvent::Scene(says) => {
                self.paint(Paint::Dim, format_args!("{:>8}  ~ {says}", seconds(at)))
            }
            WatchEvent::Summary { ignored } => self.summary(at, *ignored, known),
            other => {
                told.hear(other, known);
                self.mark(*told, at, &describe(other).unwrap_or_default())
            }
        }
    }

    /// Returns the heading of a peer; the first one explains the columns.
    fn heading(&self, who: Who<'_>, known: &monitor::Snapshot) -> String {
        let bound = span(known.path.plan.bound());
        let about = self.paint(
            Paint::Bold,
            format_args!("{}, dead within {bound}", who.name),
        );
        if !self.told.is_empty() {
            return about;
        }
        let gap = self.width;
        let columns = "       s    verdict       rtt  of timeout       interval   timeout  level";
        let columns = self.paint(Paint::Dim, format_args!("{:gap$}{columns}", ""));
        let unknown = self.mark(Told::default(), Instant::ZERO, "unknown: nothing heard yet");
        format!("{about}\n{columns}\n{:gap$}{unknown}", "")
    }

    fn answer(
        &self,
        told: &mut Told,
        at: Instant,
        rtt: Option<Duration>,
        late: bool,
        known: &monitor::Snapshot,
    ) -> String {
        let rtt = rtt.unwrap_or_default();
        let bar = self.paint(
            if late { Paint::Yellow } else { Paint::Green },
            format_args!("{:<12}", bar(rtt, known.path.plan.timeout())),
        );
        let late = if late { "  late" } else { "" };
        let (head, plan) = (self.head(*told, at), told.plan(known));
        format!("{head}  {:>8}  {bar}  {plan}{late}", span(rtt))
    }

    /// Returns the line of a probe without a reply.
    fn no_answer(
        &self,
        told: &mut Told,
        at: Instant,
        known: &monitor::Snapshot,
        what: &str,
    ) -> String {
        let paint = match told.verdict {
            Verdict::Dead => Paint::Dim,
            _ => Paint::Yellow,
        };
        let what = self.paint(paint, format_args!("{what:<12}"));
        let (head, plan) = (self.head(*told, at), told.plan(known));
        format!("{head}  {:>8}  {what}  {plan}", "-")
    }

    fn head(&self, told: Told, at: Instant) -> String {
        let verdict = told.verdict;
        let dot = self.paint(Paint::of(verdict), format_args!("● {verdict:<7}"));
        format!("{:>8}  {dot}", seconds(at))
    }

    fn mark(&self, told: Told, at: Instant, text: &str) -> String {
        let mark = self.paint(Paint::of(told.verdict), format_args!("● {text}"));
        format!("{:>8}  {mark}", seconds(at))
    }

    fn summary(&self, at: Instant, datagrams: u64, known: &monitor::Snapshot) -> String {
        let (heart, count) = (&known.path, &known.counters);
        let ignored = datagrams.saturating_add(count.ignored.into());
        let gap = if self.width > 0 { "  " } else { "" };
        let verdict = self.paint(
            Paint::of(heart.verdict),
            format_args!("{gap}{}", heart.verdict),
        );
        let whole = at.saturating_duration_since(Instant::ZERO);
        let mut text = format!("{verdict} after {}", span(whole));
        let mut separator = ": ";
        for (number, of, always) in [
            (count.probes.into(), "probes", true),
            (count.answered.into(), "answered", true),
            (count.lost.into(), "lost", true),
            (count.late.into(), "late", true),
            (count.failed.into(), "failed", false),
            (count.unsent.into(), "not sent", false),
            (count.abandoned.into(), "abandoned", false),
            (ignored, "ignored", false),
            (count.refuted.into(), "refuted", true),
            (count.recovered.into(), "recovered", true),
        ] {
            if always || number > 0 {
                let _ = write!(text, "{separator}{number} {of}"); // writing to a String cannot fail
                separator = ", ";
            }
        }
        if heart.samples > 0 {
            let _ = write!(
                text,
                "{}round trip {} +- {} over the last {}",
                if self.width > 0 { "; " } else { "\n" },
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

/// Writes what concerns no single target.
pub(super) fn notice(out: &mut Vec<u8>, at: Instant, text: &str) {
    out.extend_from_slice(format!("{:>8}  ● {text}\n", seconds(at)).as_bytes());
}

/// Writes that lines are missing here, since the reader was too slow or the disk full.
pub(super) fn dropped(out: &mut Vec<u8>, lines: u64) {
    out.extend_from_slice(
        format!("({lines} lines were dropped: the output is not read)\n").as_bytes(),
    );
}

impl Told {
    /// Records the verdict that a line announces, by a transition or by the condition of an
    /// endpoint.
    const fn hear(&mut self, happening: &WatchEvent, known: &monitor::Snapshot) {
        match happening {
            WatchEvent::Event {
                event:
                    Event {
                        kind: EventKind::Transition(change),
                        ..
                    },
                ..
            } => self.verdict = change.to,
            WatchEvent::Condition { .. } => self.verdict = known.path.verdict,
            _ => {}
        }
    }

    /// Returns the interval and the direction in which it changed, the timeout and the suspicion
    /// level.
    fn plan(&mut self, known: &monitor::Snapshot) -> String {
        let plan = known.path.plan;
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
            known.path.level.to_string()
        )
    }
}

fn seconds(at: Instant) -> String {
    let at = at.saturating_duration_since(Instant::ZERO);
    format!("{}.{:03}", at.as_secs(), at.subsec_millis())
}

/// Returns a bar as long as `part` of `whole`, in steps of an eighth of a column.
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
    fn a_bar_is_never_empty_nor_too_long() {
        let bar = |ms| bar(Duration::from_millis(ms), Duration::from_millis(96));
        assert_eq!(
            (bar(0), bar(12), bar(92)),
            ("▏".into(), "█▌".into(), "███████████▌".into())
        );
        assert_eq!(bar(10_000).chars().count(), BAR as usize);
    }
}
