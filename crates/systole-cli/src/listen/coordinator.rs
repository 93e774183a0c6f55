//! The loop of a listener: it takes the events of the fleet, saves what they change, and tells them.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use systole::task::UdpListener;
use systole::{Event, fleet::PeerEvent};
use tokio::select;
use tokio::time::{MissedTickBehavior, interval, sleep_until};
use tokio_stream::{Stream, StreamExt};

use super::gate::Gate;
use super::keeper::Keeper;
use super::news::{News, Tale};
use super::report::Report;
use super::series::Series;
use super::settings::Settings;
use crate::args;
use crate::hooks::Hooks;
use crate::metrics::{self, Scrapes};
use crate::target::Inbox;
use crate::trouble::Trouble;
use crate::view::Wish;
use crate::watch::signals::HangUp;

/// How often jobs, the state file and local trouble are looked at.
const TICK: Duration = Duration::from_millis(250);
/// The most events that are taken before anything else.
const EVENTS: usize = 4_096;
/// How long the end waits for programs and for the reader of the output.
const HOOKS_MAX: Duration = Duration::from_millis(300);
const OUTPUT_MAX: Duration = Duration::from_millis(500);

pub(super) struct Coordinator {
    pub(super) options: args::Listen,
    pub(super) settings: Settings,
    pub(super) listener: UdpListener<Gate>,
    pub(super) hooks: Hooks,
    pub(super) inbox: Inbox,
    pub(super) report: Report,
    pub(super) keeper: Keeper,
    pub(super) scrapes: Option<Scrapes>,
    pub(super) series: Series,
    /// What is told once it is saved.
    pub(super) waiting: Vec<News>,
    /// How many datagrams were dropped, as told.
    pub(super) dropped: u64,
}

impl Coordinator {
    /// Runs until `stop` resolves, the time is over, the user ends it, or nobody reads the output.
    /// Returns whether all senders are well.
    pub(super) async fn run(&mut self, stop: impl Future<Output = ()>) -> Result<bool, Trouble> {
        tokio::pin!(stop);
        let has_files = self.options.config.is_some() || self.options.key_file.is_some();
        let mut hang_up = HangUp::new(has_files || self.report.has_terminal())?;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let end = self
            .options
            .span
            .unwrap_or(Duration::from_secs(86_400 * 365 * 30));
        let end = sleep_until(tokio::time::Instant::now() + end);
        tokio::pin!(end);
        while !self.report.is_closed() {
            self.report.flush();
            select! {
                biased;
                () = &mut stop => break,
                () = &mut end => break,
                () = hang_up.next() => if has_files { self.reload() } else { break },
                wish = self.report.wish() => match wish {
                    Wish::End => break,
                    Wish::PeerView => self.show(),
                },
                Some(scrape) = metrics::next(&mut self.scrapes) => {
                    self.listener.with(|fleet, gate, now| self.series.record(fleet, gate, now));
                    self.series.count(self.listener.counters());
                    let _ = scrape.send(()); // the client may have gone
                }
                Some(news) = self.inbox.recv() => self.hear_program(news),
                said = self.keeper.done() => self.tell_all(said),
                Some(event) = self.listener.next(), if !self.keeper.is_waited_for() => {
                    self.take(event).await;
                }
                _ = tick.tick() => self.look(),
            }
        }
        Ok(self.finish().await)
    }

    /// Takes `event` and those that wait behind it.
    async fn take(&mut self, event: Event<PeerEvent<u64>>) {
        let mut next = Some(event);
        for _ in 0..EVENTS {
            let Some(event) = next else {
                break;
            };
            self.waiting.push(News::of(event));
            next = poll_fn(
                |context| match Pin::new(&mut self.listener).poll_next(context) {
                    Poll::Ready(event) => Poll::Ready(event),
                    Poll::Pending => Poll::Ready(None),
                },
            )
            .await;
        }
        self.settle();
    }

    /// Has what waits saved before it is told.
    pub(super) fn settle(&mut self) {
        if self.keeper.is_free() {
            self.save();
        } else if !self.keeper.is_waited_for() {
            self.tell_all(None);
        }
    }

    /// Does what is not an event of the fleet.
    fn look(&mut self) {
        let now = self.listener.now();
        self.look_at_jobs(now);
        let notes = self
            .listener
            .with(|_, gate, _| std::mem::take(&mut gate.notes));
        self.waiting.extend(notes);
        let dropped = self.listener.counters().dropped;
        if dropped > self.dropped {
            self.note(Tale::Dropped(dropped - self.dropped));
            self.dropped = dropped;
        }
        let is_due = self.keeper.is_free() && now >= self.keeper.next_at;
        if is_due || !self.waiting.is_empty() {
            self.settle();
        }
    }

    pub(super) fn note(&mut self, tale: Tale) {
        let at = self.listener.now();
        self.waiting.push(News {
            at,
            sender: None,
            tale,
        });
    }

    fn show(&mut self) {
        let Self {
            listener, report, ..
        } = self;
        listener.with(|fleet, gate, now| report.show(fleet, &gate.roster, now));
    }

    async fn finish(&mut self) -> bool {
        let _ = self.keeper.finish().await; // what it says is said by the last save
        self.report.leave();
        self.tell_all(None);
        let (saved, _) = self.saved(false);
        let said = self.keeper.save_last(&saved);
        self.tell_all(said);
        self.hooks.finish(HOOKS_MAX).await;
        while let Ok(news) = self.inbox.try_recv() {
            self.hear_program(news);
        }
        self.tell_all(None);
        let counters = self.listener.counters();
        let is_well = self.listener.with(|fleet, gate, now| {
            self.report.sum(fleet, counters, now);
            let mut senders = gate.roster.senders.iter();
            senders.all(|(&id, sender)| {
                let verdict = fleet.verdict(id).unwrap_or(sender.told);
                !sender.standing(verdict).is_alarm()
            })
        });
        self.report.finish(OUTPUT_MAX).await;
        is_well || self.report.is_closed() // `| head` is no failure
    }
}
