//! The live table of a listener. Only the rows that are seen are drawn.

mod draw;
mod order;

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use systole::fleet::ListenerFleet;
use systole::{Instant, Verdict};
use tokio::select;
use tokio::time::{Interval, MissedTickBehavior, interval};

use self::draw::{Row, draw, rows_of};
use self::order::Order;
use super::about::About;
use super::news::News;
use super::roster::{Roster, Sender, Standing};
use crate::report::{Paint, span};
use crate::view::{Key, Screen, Wish};

/// The time between two pictures.
const TICK: Duration = Duration::from_millis(250);
/// The number of events that are kept.
const EVENTS: usize = 64;

/// Everything that a picture shows.
#[derive(Debug)]
pub(super) struct Picture {
    now: Instant,
    /// The number of senders with each standing, and how it is painted.
    counts: Vec<(String, Paint)>,
    rows: Vec<Row>,
    /// The index of the first row among all, and the number of all.
    first: usize,
    all: usize,
    order: Order,
    events: Vec<(String, Paint)>,
    explained: bool,
}

pub(super) struct View {
    screen: Screen<Picture>,
    tick: Interval,
    order: Order,
    first: usize,
    all: usize,
    events: VecDeque<(String, Paint)>,
    explained: bool,
}

impl View {
    /// Opens the view, which takes over the terminal.
    pub(super) fn open() -> io::Result<Self> {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            screen: Screen::open(draw)?,
            tick,
            order: Order::default(),
            first: 0,
            all: 0,
            events: VecDeque::new(),
            explained: false,
        })
    }

    pub(super) fn tell(&mut self, news: &News, about: &About) {
        let seconds = news.at.saturating_duration_since(Instant::ZERO).as_secs();
        let name = if about.name.is_empty() {
            String::new()
        } else {
            format!("{}  ", about.name)
        };
        let text = format!(
            "{seconds:>7} s  {name}{}",
            news.tale.text(about.exit_status)
        );
        let paint = if news.sender.is_some() {
            Paint::of(about.verdict)
        } else {
            Paint::Yellow
        };
        if self.events.len() == EVENTS {
            self.events.pop_front();
        }
        self.events.push_back((text, paint));
    }

    /// Waits for the next request of the user, or for the next picture. Cancel safe.
    pub(super) async fn wish(&mut self) -> Wish {
        select! {
            biased;
            key = self.screen.next_key() => match key {
                Some(key) => self.press(key),
                None => Wish::End, // the terminal was closed
            },
            _ = self.tick.tick() => Wish::PeerView,
        }
    }

    fn press(&mut self, key: Key) -> Wish {
        let page = rows_of(height());
        match key {
            Key::End => return Wish::End,
            Key::Explain => self.explained = !self.explained,
            Key::Up => self.first = self.first.saturating_sub(1),
            Key::Down => self.first = self.first.saturating_add(1),
            Key::PageUp => self.first = self.first.saturating_sub(page),
            Key::PageDown => self.first = self.first.saturating_add(page),
            Key::Sort => self.order.next(),
            Key::Reverse => self.order.reverse(),
        }
        self.first = self.first.min(self.all.saturating_sub(page));
        Wish::PeerView
    }

    pub(super) fn show(&mut self, fleet: &ListenerFleet, roster: &Roster, now: Instant) {
        let senders = roster.senders.iter().map(|(&id, sender)| {
            let verdict = fleet.verdict(id).unwrap_or(sender.told);
            (id, sender, sender.standing(verdict))
        });
        let mut senders: Vec<(u64, &Sender, Standing)> = senders.collect();
        self.order.sort(&mut senders, now);
        let counts = counts(&senders);
        let page = rows_of(height());
        self.all = senders.len();
        self.first = self.first.min(self.all.saturating_sub(page));
        let seen = senders.iter().skip(self.first).take(page);
        let rows = seen.map(|&(id, sender, standing)| row(fleet, id, sender, standing, now));
        self.screen.show(Picture {
            now,
            counts,
            rows: rows.collect(),
            first: self.first,
            all: self.all,
            order: self.order,
            events: self.events.iter().cloned().collect(),
            explained: self.explained,
        });
    }
}

fn height() -> u16 {
    ratatui::crossterm::terminal::size().map_or(24, |(_, rows)| rows)
}

/// Returns how many senders have each standing, the worst first.
fn counts(senders: &[(u64, &Sender, Standing)]) -> Vec<(String, Paint)> {
    type Is = fn(Standing) -> bool;
    let kinds: [(&str, Paint, Is); 7] = [
        ("dead", Paint::Red, |it| it == Standing::Dead),
        ("failed", Paint::Red, |it| matches!(it, Standing::Failed(_))),
        ("overdue", Paint::Red, |it| it == Standing::Overdue),
        ("suspect", Paint::Yellow, |it| it == Standing::Suspect),
        ("alive", Paint::Green, |it| it == Standing::Alive),
        ("never came", Paint::Dim, |it| it == Standing::Unknown),
        ("left", Paint::Dim, |it| it == Standing::Left),
    ];
    let count = |is: Is| senders.iter().filter(|&&(.., it)| is(it)).count();
    let counts = kinds
        .map(|(name, paint, is)| (count(is), name, paint))
        .into_iter();
    let counts = counts.filter(|&(count, name, _)| count > 0 || name == "alive");
    counts
        .map(|(count, name, paint)| (format!("{count} {name}"), paint))
        .collect()
}

fn row(fleet: &ListenerFleet, id: u64, sender: &Sender, standing: Standing, now: Instant) -> Row {
    let status = fleet.status(id, now);
    let path = status
        .as_ref()
        .map(|status| &status.path)
        .filter(|path| path.incarnation.is_some());
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let paint = match standing {
        Standing::Failed(_) | Standing::Overdue => Paint::Red,
        Standing::Dead => Paint::of(Verdict::Dead),
        Standing::Suspect => Paint::of(Verdict::Suspect),
        Standing::Alive => Paint::of(Verdict::Alive),
        Standing::Unknown | Standing::Left => Paint::Dim,
    };
    Row {
        name: sender.name.clone(),
        standing: format!("● {standing}"),
        paint,
        cells: [
            span(sender.silent(now)),
            or_dash(path.map(|path| span(path.interval))),
            or_dash(path.map(|path| span(path.bound))),
            or_dash(path.map(|path| format!("{:.1} %", path.loss * 100.0))),
            or_dash(sender.label.clone()),
            or_dash(sender.address.map(|address| address.to_string())),
        ],
    }
}
