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

use systole::{Instant, Verdict, failover::Condition, monitor, path::Health};
use tokio::select;
use tokio::time::{Interval, MissedTickBehavior, interval};

use self::history::History;
use self::log::Log;
pub(crate) use self::screen::{Key, Screen};
use crate::report::{WatchEvent, Who};

/// The time between two pictures.
const TICK: Duration = Duration::from_millis(100);

/// How many targets are always shown in the order of the settings. Of more, those that fail come
/// first, since not all of them fit.
const FEW: usize = 7;

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
    /// Why the last probe proved no life, if that is known.
    pub(crate) why: Option<String>,
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
    screen: Screen<Scene>,
    tick: Interval,
    histories: HashMap<usize, History>,
    log: Log,
    /// The keys of the peers, in the order in which they are shown.
    order: Vec<usize>,
    selected: Option<usize>,
    /// Whether the user has selected it, so that it stays.
    chosen: bool,
    explained: bool,
}

impl PeerView {
    /// Returns the rank in a long list: what needs attention comes first.
    const fn rank(&self) -> u8 {
        match self.known.path.verdict {
            Verdict::Dead => 0,
            Verdict::Suspect => 1,
            Verdict::Alive => 3,
            _ => 2,
        }
    }
}

impl View {
    /// Opens the view, which takes over the terminal.
    pub(crate) fn open(width: usize) -> io::Result<Self> {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            width,
            screen: Screen::open(draw::draw)?,
            tick,
            histories: HashMap::new(),
            log: Log::default(),
            order: Vec::new(),
            selected: None,
            chosen: false,
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

    /// Lists what concerns no single target.
    pub(crate) fn notice(&mut self, at: Instant, text: &str) {
        self.log.notice(at, text);
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
            Key::Up => self.select(self.place().saturating_sub(1)),
            Key::Down => self.select(self.place().saturating_add(1)),
            Key::PageUp | Key::PageDown | Key::Sort | Key::Reverse => {}
        }
        Wish::PeerView
    }

    /// Returns where the selected peer stands: the first one until the user selects another.
    fn place(&self) -> usize {
        let is_it = |key: &usize| self.chosen && Some(*key) == self.selected;
        self.order.iter().position(is_it).unwrap_or_default()
    }

    fn select(&mut self, place: usize) {
        let place = place.min(self.order.len().saturating_sub(1));
        self.selected = self.order.get(place).copied();
        self.chosen = true;
    }

    pub(crate) fn show(&mut self, now: Instant, mut sights: Vec<PeerView>) {
        for view in &sights {
            let history = self.histories.entry(view.key).or_default();
            history.look(now, &view.known);
        }
        if sights.len() > FEW {
            sights.sort_by_key(PeerView::rank); // stable: else in the order of the settings
        }
        self.order = sights.iter().map(|view| view.key).collect();
        let selected = self.place();
        self.selected = self.order.get(selected).copied();
        let history = self.selected.and_then(|key| self.histories.get(&key));
        self.screen.show(Scene {
            now,
            selected,
            history: history.cloned().unwrap_or_default(),
            sights,
            log: self.log.clone(),
            explained: self.explained,
        });
    }
}
