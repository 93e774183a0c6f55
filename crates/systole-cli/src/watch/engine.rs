//! The loop of a watch: it passes results to the machines, does what is due, and tells what
//! happened. Its work is proportional to what is due, not to the number of peers.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeFrom;
use std::sync::Arc;
use std::time::Duration;

use systole::{Epoch, Instant, Verdict};
use tokio::select;
use tokio::task::yield_now;
use tokio::time::sleep_until;

use super::agenda::Agenda;
use super::peer::Peer;
use super::series::Series;
use super::service::Service;
use super::settings::Settings;
use super::signals::HangUp;
use super::unit::Unit;
use crate::args;
use crate::hooks::Hooks;
use crate::metrics::{self, Scrapes};
use crate::report::{Report, WatchEvent};
use crate::target::{Herald, Inbox};
use crate::trouble::Trouble;
use crate::view::Wish;

/// How often in a row the loop lets all other tasks run before it takes a reply for missing: a
/// reply passes from the socket to the connection, to the probe and to the inbox.
const PASSES: u32 = 3;
/// The most such passes, so that a stream of replies never keeps the loop from its deadlines.
const PASSES_MAX: u32 = 64;

pub(super) struct Engine {
    pub(super) options: Arc<args::Watch>,
    pub(super) settings: Settings,
    pub(super) peers: HashMap<usize, Peer>,
    /// The peers, in the order of the settings.
    pub(super) order: Vec<usize>,
    pub(super) units: BTreeMap<usize, Unit>,
    pub(super) agenda: Agenda,
    /// The keys of the peers and units to be added next.
    pub(super) keys: RangeFrom<usize>,
    pub(super) epoch: Epoch,
    pub(super) herald: Herald,
    pub(super) inbox: Inbox,
    pub(super) report: Report,
    pub(super) hooks: Hooks,
    /// The service manager, if it started this process.
    pub(super) service: Service,
    /// The exported metrics, if `--metrics` was given.
    pub(super) series: Option<Series>,
    pub(super) scrapes: Option<Scrapes>,
    pub(super) end: Instant,
    /// Which verdict ends the run, for `systole check`.
    pub(super) decision: Option<Decision>,
}

/// What `systole check` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Verdict,
    Alive,
}

impl Engine {
    /// Runs until `stop` resolves, the time is over, the user ends it, or nobody reads the output.
    pub(super) async fn run(&mut self, stop: impl Future<Output = ()>) -> Result<(), Trouble> {
        tokio::pin!(stop);
        let awaited = self.options.config.is_some() || self.report.has_terminal();
        let mut hang_up = HangUp::new(awaited)?;
        self.service.ready();
        while self.epoch.now() < self.end && !self.report.is_closed() && !self.is_decided() {
            self.read_inbox();
            self.do_what_is_due().await;
            self.report.flush();
            let until = self.agenda.next().min(self.end);
            let until = until.min(self.service.alive(self.epoch.now()));
            select! {
                biased;
                () = &mut stop => break,
                () = hang_up.next() => match self.options.config {
                    Some(_) => self.reload(),
                    None => break, // the terminal was closed
                },
                wish = self.report.wish() => match wish {
                    Wish::End => break,
                    Wish::PeerView => self.show(),
                },
                Some(scrape) = metrics::next(&mut self.scrapes) => self.answer(scrape),
                Some(news) = self.inbox.recv() => self.take(news),
                () = sleep_until(self.epoch.when(until).into()) => {}
            }
        }
        self.finish().await;
        Ok(())
    }

    fn is_decided(&self) -> bool {
        let verdict = || {
            let key = self.order.first()?;
            Some(self.known_of(*key, self.epoch.now())?.path.verdict)
        };
        match self.decision {
            None => false,
            Some(Decision::Alive) => verdict() == Some(Verdict::Alive),
            Some(Decision::Verdict) => matches!(verdict(), Some(Verdict::Alive | Verdict::Dead)),
        }
    }

    /// Takes what waits in the inbox; returns whether there was anything.
    fn read_inbox(&mut self) -> bool {
        let mut any = false;
        while let Ok(news) = self.inbox.try_recv() {
            self.take(news);
            any = true;
        }
        any
    }

    async fn do_what_is_due(&mut self) {
        let due = self.agenda.due(self.epoch.now());
        if due.iter().any(|unit| self.is_waiting(*unit)) {
            self.read_sockets().await;
        }
        let now = self.epoch.now();
        for unit in due {
            self.drain(unit, now);
        }
    }

    /// Lets all replies that wait in the sockets come to the inbox. The time that this takes is
    /// local lateness, which the machines credit to the peers.
    async fn read_sockets(&mut self) {
        let mut idle = 0;
        for _ in 0..PASSES_MAX {
            yield_now().await;
            idle = if self.read_inbox() { 0 } else { idle + 1 };
            if idle == PASSES {
                return;
            }
        }
    }

    /// Returns whether the next poll of `unit` may call a reply overdue.
    fn is_waiting(&self, unit: usize) -> bool {
        let members = self.units.get(&unit).map(|unit| unit.members.iter());
        let mut members = members.into_iter().flatten();
        members.any(|key| self.peers.get(key).is_some_and(Peer::is_waiting))
    }

    async fn finish(&mut self) {
        self.service.stopping();
        self.report.leave();
        let units: Vec<_> = self.units.keys().copied().collect();
        for unit in units {
            self.begin(unit); // those whose links are still being opened
        }
        self.hooks.finish(Duration::from_millis(300)).await;
        self.read_inbox();
        for key in self.order.clone() {
            self.sum_up(key);
        }
        self.report.finish(Duration::from_millis(500)).await;
    }

    pub(super) fn tell_all(&mut self, happening: &WatchEvent) {
        for key in self.order.clone() {
            self.tell(key, happening);
        }
    }

    /// Returns whether all peers are alive or suspected; of a group only the active one counts.
    pub(super) fn is_well(&self) -> bool {
        let now = self.epoch.now();
        let is_well = |unit: &Unit| unit.machine.as_ref().is_some_and(|one| one.is_well(now));
        self.units.values().all(is_well)
    }
}
