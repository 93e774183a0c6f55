//! The colours of verdicts, in lines and in the view.

use ratatui::style::{Color, Modifier, Style};
use systole::Verdict;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Dim,
    Bold,
    Green,
    Yellow,
    Red,
}

impl Paint {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Dim => "\x1b[2m",
            Self::Bold => "\x1b[1m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
            Self::Red => "\x1b[1;31m",
        }
    }

    pub(crate) const fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Plain => style,
            Self::Dim => style.add_modifier(Modifier::DIM),
            Self::Bold => style.add_modifier(Modifier::BOLD),
            Self::Green => style.fg(Color::Green),
            Self::Yellow => style.fg(Color::Yellow),
            Self::Red => style.fg(Color::Red).add_modifier(Modifier::BOLD),
        }
    }

    pub(crate) const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Unknown | Verdict::Left => Self::Dim,
            Verdict::Alive => Self::Green,
            Verdict::Suspect => Self::Yellow,
            Verdict::Dead => Self::Red,
        }
    }
}
