//! The live view of a watch on a terminal, and its keys.

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

use systole::{Instant, failover::Condition, monitor, path::Health};
use tokio::select;
use tokio::time::{Interval, MissedTickBehavior, interval};

use self::history::History;
use self::log::Log;
use self::screen::{Key, Screen};
use crate::report::{WatchEvent, Who};

/// The time between two pictures.
const TICK: Duration = Duration::from_millis(100);

/// A request of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// End the watch.
    End,
    /// Draw a new picture.
    PeerView,
}

/// The state of a peer as shown.
#[derive(Clone, Debug)]
pub(crate) struct PeerView {
    pub(crate) key: usize,
    pub(crate) name: String,
    /// What its round-trip time measures.
    pub(crate) round_trip: &'static str,
    pub(crate) known: monitor::Snapshot,
    /// The early warning of its path.
    pub(crate) health: Health,
    /// Its condition in the group, if there is a group.
    pub(crate) condition: Option<Condition>,
    /// Whether it is the active endpoint of the group.
    pub(crate) active: bool,
}

/// Everything that a picture shows.
#[derive(Debug)]
struct Scene {
    now: Instant,
    sights: Vec<PeerView>,
    /// The index of the peer whose charts are shown.
    selected: usize,
    /// The history of that peer.
    history: History,
    log: Log,
    explained: bool,
}

pub(crate) struct View {
    /// The width of the longest name; 0 if there is one target.
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
    /// Opens the view, which takes over the terminal.
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

    /// Returns the width of the longest name; 0 if there is one target.
    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn tell(
        &mut self,
        at: Instant,
        who: Who<'_>,
        happening: &WatchEvent,
        known: &monitor::Snapshot,
    ) {
        let history = self.histories.entry(who.key).or_default();
        history.note(at, happening, known);
        self.log
            .note(at, (self.width > 0).then_some(who.name), happening, known);
    }

    /// Forgets a peer that is no longer watched.
    pub(crate) fn forget(&mut self, key: usize) {
        self.histories.remove(&key);
    }

    /// Waits for the next request of the user, or for the next picture. Cancel safe.
    pub(crate) async fn wish(&mut self) -> Wish {
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
