//! The live view of a watch on a terminal: what it shows, and what its keys do.

mod chart;
mod detail;
mod draw;
mod history;
mod legend;
mod log;
mod screen;
mod table;

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use systole::{Condition, Health, Instant, MonitorSnapshot};
use tokio::select;
use tokio::time::{Interval, MissedTickBehavior, interval};

use self::history::History;
use self::log::Log;
use self::screen::{Key, Screen};
use crate::report::{WatchEvent, Who};

/// Ten pictures a second.
const TICK: Duration = Duration::from_millis(100);

/// What whoever looks at it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// No more of it.
    End,
    /// A new picture.
    PeerView,
}

/// What is known of a peer.
#[derive(Clone, Debug)]
pub(crate) struct PeerView {
    pub(crate) key: usize,
    pub(crate) name: String,
    /// What its round-trip time measures.
    pub(crate) round_trip: &'static str,
    pub(crate) known: MonitorSnapshot,
    /// How its path does.
    pub(crate) health: Health,
    /// What a group thinks of it.
    pub(crate) condition: Option<Condition>,
    /// The one in use.
    pub(crate) active: bool,
}

/// All that a picture is made of.
#[derive(Debug)]
struct Scene {
    now: Instant,
    sights: Vec<PeerView>,
    /// The place of the peer whose charts are shown.
    selected: usize,
    /// Of that one.
    history: History,
    log: Log,
    explained: bool,
}

pub(crate) struct View {
    /// The longest name; 0 where there is one target.
    width: usize,
    screen: Screen,
    tick: Interval,
    histories: HashMap<usize, History>,
    log: Log,
    peers: usize,
    selected: usize,
    explained: bool,
}

impl View {
    /// Takes the terminal.
    pub(crate) fn open(width: usize) -> io::Result<Self> {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            width,
            screen: Screen::open()?,
            tick,
            histories: HashMap::new(),
            log: Log::default(),
            peers: 0,
            selected: 0,
            explained: false,
        })
    }

    /// The longest name; 0 where there is one target.
    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn tell(
        &mut self,
        at: Instant,
        who: Who<'_>,
        happening: &WatchEvent,
        known: &MonitorSnapshot,
    ) {
        let history = self.histories.entry(who.key).or_default();
        history.note(at, happening, known);
        self.log
            .note(at, (self.width > 0).then_some(who.name), happening, known);
    }

    /// Cancel safe.
    pub(crate) async fn wish(&mut self) -> Wish {
        select! {
            biased;
            key = self.screen.next_key() => match key {
                Some(key) => self.press(key),
                None => Wish::End, // the terminal is gone
            },
            _ = self.tick.tick() => Wish::PeerView,
        }
    }

    fn press(&mut self, key: Key) -> Wish {
        match key {
            Key::End => return Wish::End,
            Key::Explain => self.explained = !self.explained,
            Key::Up => self.selected = self.selected.saturating_sub(1),
            Key::Down => self.selected = (self.selected + 1).min(self.peers.saturating_sub(1)),
        }
        Wish::PeerView
    }

    pub(crate) fn show(&mut self, now: Instant, sights: Vec<PeerView>) {
        self.peers = sights.len();
        self.selected = self.selected.min(self.peers.saturating_sub(1));
        for view in &sights {
            let history = self.histories.entry(view.key).or_default();
            history.look(now, &view.known);
        }
        let selected = sights.get(self.selected).map(|view| view.key);
        let history = selected.and_then(|key| self.histories.get(&key));
        self.screen.show(Scene {
            now,
            selected: self.selected,
            history: history.cloned().unwrap_or_default(),
            sights,
            log: self.log.clone(),
            explained: self.explained,
        });
    }
}
