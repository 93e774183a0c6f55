//! The real monitor, with the flows that its caller handles.

use core::time::Duration;

use super::{Answer, Flow, Road, Tally, Way};
use crate::time::{MicrosExt as _, micros};
use systole::Config;
use systole::pacing::{Fixed, Lifetime, LifetimeRange};
use systole::{ConfigError, Instant, Monitor, Output, ProbeId, Verdict};

/// Keeps a flow open for `length` with a [`Monitor`] under a [`Lifetime`], as its documentation
/// describes: from the third retry on, a new flow is probed as well. If only that one has a reply,
/// the flow was lost. With a second flow, each trial that fails is tested three times.
///
/// # Errors
/// None that [`LifetimeRange`] has not refused before.
pub fn watch(way: &Way, reach: LifetimeRange, length: Duration) -> Result<Tally, ConfigError> {
    let config = Config::lifetime(reach)
        .seed(way.seed | 1)
        .without_initial_delay()
        .build()?;
    let mut caller = Caller::new(way, config)?;
    let end = Instant::ZERO.saturating_add(length);
    while caller.now < end {
        caller.step();
    }
    Ok(caller.tally)
}

/// The second flow, which is left idle deliberately.
#[derive(Clone, Copy, Debug)]
struct Trial {
    flow: Flow,
    since: Instant,
    due: Instant,
    asked: u8,
}

struct Caller<'a> {
    road: Road<'a>,
    monitor: Monitor<8, Lifetime<Fixed>>,
    now: Instant,
    flow: Flow,
    /// The number of retries in the current episode.
    retries: u8,
    replies: alloc::vec::Vec<Reply>,
    trial: Option<Trial>,
    tally: Tally,
}

#[derive(Clone, Copy, Debug)]
struct Reply {
    id: ProbeId,
    at: Instant,
    /// Whether the reply came over another flow, which shows that the flow was lost.
    lost: bool,
}

const TRIES: u8 = 3;
const APART_US: u64 = 2_000_000;

impl<'a> Caller<'a> {
    fn new(way: &'a Way, config: Config<Lifetime<Fixed>>) -> Result<Self, ConfigError> {
        let now = Instant::ZERO;
        let mut road = Road::new(way);
        Ok(Self {
            flow: road.flow(now),
            road,
            monitor: Monitor::with_window(config, now)?,
            now,
            retries: 0,
            replies: alloc::vec::Vec::new(),
            trial: None,
            tally: Tally::default(),
        })
    }

    /// Does everything that is due now, then advances to the next deadline.
    fn step(&mut self) {
        self.hear();
        self.notice_close();
        self.try_longer();
        let until = self.drain();
        let closes = self
            .road
            .is_closed(self.flow, Instant::MAX)
            .then_some(self.flow.ends_at);
        let arrival = self.replies.iter().map(|reply| reply.at);
        let trial = self.trial.map(|trial| trial.due);
        let wakes = arrival.chain(trial).chain(closes);
        self.now = wakes.fold(until, Instant::min).max(self.now.plus(1));
    }

    fn hear(&mut self) {
        let now = self.now;
        let arrived: alloc::vec::Vec<_> = self
            .replies
            .extract_if(.., |reply| reply.at <= now)
            .collect();
        for reply in arrived {
            if reply.lost {
                self.lose();
            }
            self.monitor.handle_reply(reply.id, reply.at);
        }
    }

    fn lose(&mut self) {
        self.tally.lost += 1;
        self.monitor.handle_flow_lost(self.now);
    }

    fn notice_close(&mut self) {
        if self.road.is_closed(self.flow, self.now) {
            self.lose();
            self.open();
        }
    }

    fn open(&mut self) {
        self.tally.opened += 1;
        self.flow = self.road.flow(self.now);
    }

    fn drain(&mut self) -> Instant {
        loop {
            match self.monitor.poll(self.now) {
                Output::Send(id) => self.probe(id),
                Output::Event(_) => {}
                Output::Wait(until) => return until,
                Output::Idle => return Instant::MAX,
            }
        }
    }

    fn probe(&mut self, id: ProbeId) {
        self.tally.probes += 1;
        let troubled = self.monitor.verdict() != Verdict::Alive;
        self.retries = if troubled {
            self.retries.saturating_add(1)
        } else {
            0
        };
        match self.road.ask(&mut self.flow, self.now) {
            Answer::At(at) => self.replies.push(Reply {
                id,
                at,
                lost: false,
            }),
            Answer::Rebound(at) => self.replies.push(Reply { id, at, lost: true }),
            Answer::None if self.retries > 2 => self.probe_anew(id),
            Answer::None => {}
        }
    }

    /// Sends over a new flow the probe that had no reply over the old one.
    fn probe_anew(&mut self, id: ProbeId) {
        self.tally.opened += 1;
        let mut other = self.road.flow(self.now);
        if let Answer::At(at) = self.road.ask(&mut other, self.now) {
            self.flow = other;
            self.replies.push(Reply { id, at, lost: true });
        }
    }

    // ---- the second flow ----

    fn try_longer(&mut self) {
        match self.trial {
            Some(trial) if trial.due <= self.now => self.ask_trial(trial),
            Some(trial) if self.road.is_closed(trial.flow, self.now) => {
                let idle = Duration::from_micros(trial.flow.ends_at.since(trial.since));
                self.lose_trial(idle);
            }
            Some(_) => {}
            None => self.start_trial(None),
        }
    }

    /// Starts a trial. A flow that has survived is used again.
    fn start_trial(&mut self, there: Option<Flow>) {
        let Some(idle) = self.monitor.trial() else {
            self.trial = None;
            return;
        };
        let flow = there.unwrap_or_else(|| {
            self.tally.trials += 1;
            self.road.flow(self.now)
        });
        let due = self.now.plus(micros(idle));
        let due = if self.road.is_closed(flow, due) {
            flow.ends_at
        } else {
            due
        };
        self.trial = Some(Trial {
            flow,
            since: self.now,
            due,
            asked: 0,
        });
    }

    fn ask_trial(&mut self, mut trial: Trial) {
        let idle = Duration::from_micros(trial.due.since(trial.since));
        if self.road.is_closed(trial.flow, self.now) {
            return self.lose_trial(idle);
        }
        self.tally.trials += 1;
        trial.asked += 1;
        match self.road.ask(&mut trial.flow, self.now) {
            Answer::At(_) => {
                self.monitor.handle_trial_survived(idle, self.now);
                self.start_trial(Some(trial.flow));
            }
            Answer::Rebound(_) => {
                self.monitor.handle_trial_lost(idle, self.now);
                self.start_trial(Some(trial.flow));
            }
            Answer::None if trial.asked < TRIES => {
                trial.due = self.now.plus(APART_US);
                trial.since = trial.since.plus(APART_US); // keeps the idle time as it was
                self.trial = Some(trial);
            }
            Answer::None => self.lose_trial(idle),
        }
    }

    fn lose_trial(&mut self, idle: Duration) {
        self.monitor.handle_trial_lost(idle, self.now);
        self.start_trial(None);
    }
}
