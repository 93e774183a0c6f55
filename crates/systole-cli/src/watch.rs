//! `systole watch`: drives the machines and the links, and reports all events.

mod hearts;
mod link_event;
mod reload;
mod series;
pub(crate) mod settings;
pub(crate) mod signals;
mod watched;

use std::io;
use std::ops::RangeFrom;
use std::process::ExitCode;
use std::time::Duration;

use systole::machine::ProbeResult;
use systole::{
    Epoch, Event, Instant, ProbeError, ProbeId, failover, monitor,
    path::{EarlyWarning, Health},
};
use tokio::select;
use tokio::task::yield_now;
use tokio::time::sleep_until;

use self::hearts::{Ask, Hearts};
use self::series::Series;
use self::settings::Settings;
use self::signals::{HangUp, stop_signal};
use self::watched::Watched;
use crate::args;
use crate::metrics;
use crate::report::{Report, WatchEvent, Who};
use crate::target::{Herald, Inbox, Link, inbox};
use crate::trouble::Trouble;
use crate::view::{PeerView, Wish};

pub(crate) async fn run(options: &args::Watch) -> Result<ExitCode, Trouble> {
    let settings = Settings::read(options)?;
    let stop = stop_signal()?;
    let end = settings.span(options);
    let mut watch = Watch::open(options, &settings).await?;
    if let Some(span) = end {
        watch.end = watch.epoch.now().saturating_add(span);
    }
    match watch.run(options, stop).await {
        Ok(()) if watch.hearts.are_well(watch.epoch.now()) => Ok(ExitCode::SUCCESS),
        Ok(()) => Ok(ExitCode::FAILURE),
        Err(Trouble::System(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(ExitCode::SUCCESS) // `| head`
        }
        Err(trouble) => Err(trouble),
    }
}

fn longest(peers: &[Watched]) -> usize {
    let lengths = peers.iter().map(|watched| watched.name.chars().count());
    lengths.max().unwrap_or_default()
}

struct Watch {
    hearts: Hearts,
    /// The peers, in the order of the machines.
    peers: Vec<Watched>,
    /// The keys of the links to be opened next.
    keys: RangeFrom<usize>,
    epoch: Epoch,
    herald: Herald,
    inbox: Inbox,
    report: Report,
    /// The exported metrics, if `--metrics` was given.
    series: Option<Series>,
    end: Instant,
}

impl Watch {
    /// Opens all links and starts the clock.
    async fn open(options: &args::Watch, settings: &Settings) -> Result<Self, Trouble> {
        let (herald, inbox) = inbox();
        let mut peers = Vec::new();
        for (target, key) in settings.targets.iter().zip(0..) {
            let link = Link::open(target, &settings.trust, herald.of(key)).await?;
            peers.push(Watched::new(key, target.clone(), link));
        }
        if peers.is_empty() {
            let (link, name) = Link::demo(options.port, herald.of(0)).await?;
            peers.push(Watched::played(0, name, link));
        }
        let served = options.metrics.map(metrics::serve).transpose()?;
        let many = peers.len() > 1 || options.config.is_some();
        let epoch = Epoch::start();
        let hearts = Hearts::new(settings, peers.len(), epoch.now())?;
        Ok(Self {
            hearts,
            keys: peers.len()..,
            report: Report::new(options, if many { longest(&peers) } else { 0 })?,
            series: served.map(|()| Series::default()),
            peers,
            epoch,
            herald,
            inbox,
            end: Instant::MAX,
        })
    }

    async fn run(
        &mut self,
        options: &args::Watch,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Trouble> {
        tokio::pin!(stop);
        let mut hang_up = HangUp::new(options.config.is_some() || self.report.has_terminal())?;
        self.tell_all(&WatchEvent::Start)?;
        while self.epoch.now() < self.end {
            let until = self.drain()?.min(self.end);
            if let Some(series) = &mut self.series {
                series.record(&self.hearts, &self.peers, self.epoch.now());
            }
            select! {
                biased;
                () = &mut stop => break,
                () = hang_up.next() => match &options.config {
                    Some(_) => self.reload(options).await?,
                    None => break, // the terminal was closed
                },
                wish = self.report.wish() => match wish {
                    Wish::End => break,
                    Wish::PeerView => self.show(),
                },
                Some(news) = self.inbox.recv() => self.take(news)?,
                // Replies that wait in the sockets are read before any probe becomes overdue.
                () = sleep_until(self.epoch.when(until).into()) => yield_now().await,
            }
            while let Ok(news) = self.inbox.try_recv() {
                self.take(news)?;
            }
        }
        self.report.leave();
        self.tell_all(&WatchEvent::Summary)
    }

    /// Does everything that is due now; returns when to poll the machines again.
    fn drain(&mut self) -> Result<Instant, Trouble> {
        let now = self.epoch.now();
        loop {
            let ask = self.hearts.poll(now);
            self.notice()?;
            match ask {
                Ask::Probe(peer, id) => self.send(peer, id, now),
                Ask::Event(peer, event) => self.tell(peer, &WatchEvent::Event(event))?,
                Ask::Group(event) => self.tell_of_group(event)?,
                Ask::Wait(until) => return Ok(until),
            }
        }
    }

    /// Reports what the machines found while they were polled: overdue probes, and new conditions
    /// of endpoints in a group.
    fn notice(&mut self) -> io::Result<()> {
        for peer in 0..self.peers.len() {
            let lost = self.known(peer).map_or(0, |known| known.counters.lost);
            let condition = self.hearts.condition(peer);
            let Some(watched) = self.peers.get_mut(peer) else {
                continue;
            };
            let more = lost > std::mem::replace(&mut watched.lost, lost);
            let before = std::mem::replace(&mut watched.condition, condition);
            if more {
                self.tell(peer, &WatchEvent::Lost)?;
                self.warn(peer, EarlyWarning::overdue)?;
            }
            if let (Some(from), Some(to)) = (before, condition)
                && from != to
            {
                self.tell(peer, &WatchEvent::Condition { from, to })?;
            }
        }
        Ok(())
    }

    /// Passes the result of a probe to the early warning of `peer`, and reports if its state
    /// changed.
    fn warn(
        &mut self,
        peer: usize,
        tell: impl FnOnce(&mut EarlyWarning) -> Health,
    ) -> io::Result<()> {
        let watched = self.peers.get_mut(peer);
        match watched.and_then(|watched| watched.warned(tell)) {
            Some(health) => self.tell(peer, &WatchEvent::Health(health)),
            None => Ok(()),
        }
    }

    fn send(&mut self, peer: usize, id: ProbeId, now: Instant) {
        let bound = self
            .known(peer)
            .map_or(Duration::ZERO, |known| known.path.plan.bound());
        let sent = self
            .peers
            .get_mut(peer)
            .is_some_and(|watched| watched.send(id, now, bound));
        if !sent {
            let unsent = Err(ProbeError::Unsent);
            self.hearts
                .handle_result(ProbeResult::new(peer, id, unsent, now));
        }
    }

    /// Reports an event of the group under the endpoint that it is about.
    fn tell_of_group(&mut self, event: Event<failover::EventKind>) -> io::Result<()> {
        let peer = match event.kind {
            failover::EventKind::Switched { to, .. } => to,
            failover::EventKind::Quarantined { endpoint, .. }
            | failover::EventKind::Released { endpoint, .. } => endpoint,
            _ => self.hearts.active().unwrap_or_default(),
        };
        let from = match event.kind {
            failover::EventKind::Switched { from, .. } => self.name(from),
            _ => String::new(),
        };
        self.tell(peer, &WatchEvent::Group { event, from })
    }

    fn known(&self, peer: usize) -> Option<monitor::Snapshot> {
        self.hearts.known(peer, self.epoch.now())
    }

    fn name(&self, peer: usize) -> String {
        self.peers
            .get(peer)
            .map(|watched| watched.name.clone())
            .unwrap_or_default()
    }

    fn tell_all(&mut self, happening: &WatchEvent) -> Result<(), Trouble> {
        for peer in 0..self.peers.len() {
            self.tell(peer, happening)?;
        }
        Ok(())
    }

    /// Reports an event. All events pass through this method.
    fn tell(&mut self, peer: usize, happening: &WatchEvent) -> io::Result<()> {
        let now = self.epoch.now();
        let (Some(watched), Some(known)) = (self.peers.get(peer), self.hearts.known(peer, now))
        else {
            return Ok(());
        };
        let who = Who {
            key: watched.key,
            name: &watched.name,
        };
        self.report.tell(now, who, happening, &known)
    }

    /// Shows the current state of all peers.
    fn show(&mut self) {
        let now = self.epoch.now();
        let seen = |(peer, watched): (usize, &Watched)| {
            Some(PeerView {
                key: watched.key,
                name: watched.name.clone(),
                round_trip: watched.round_trip_is(),
                known: self.hearts.known(peer, now)?,
                health: watched.health(),
                condition: self.hearts.condition(peer),
                active: self.hearts.active() == Some(peer),
            })
        };
        let sights = self.peers.iter().enumerate().filter_map(seen).collect();
        self.report.show(now, sights);
    }
}
