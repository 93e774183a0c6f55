//! One world of a fleet, from beginning to end.

use systole::pacing::Pacing;
use systole::{Config, Fleet, Instant, ProbeId, Verdict, fleet::PeerKey};

use super::account::Account;
use super::network::{Echo, down_spans};
use super::plan::FleetPlan;
use super::truth::{Ours, Truth, micros};
use crate::world::{Journal, Kind, Queue, Random, Violation};

/// A world ends after so many drains, however long it was to last.
const LONGEST: u64 = 20_000;

/// Something that we do at a moment, or that becomes true then.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Add,
    Remove,
    Goes,
    Comes,
    Call(u32),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) slot: usize,
    pub(super) key: PeerKey,
    pub(super) id: ProbeId,
    pub(super) number: u64,
    pub(super) sent_us: u64,
    /// How late we had been by then, in all.
    pub(super) late_us: u64,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Echo(Echo),
    Unsent,
}

pub(super) struct Run<'a, P: Pacing> {
    pub(super) plan: &'a FleetPlan,
    pub(super) fleet: Fleet<4, P>,
    pub(super) journal: &'a mut Journal,
    pub(super) timeout_min_us: u64,
    pub(super) timeout_max_us: u64,
    pub(super) least_gap_us: u64,
    pub(super) interval_min_us: u64,
    pub(super) life_us: u64,
    pub(super) acts: Queue<(usize, Act)>,
    pub(super) arrivals: Queue<Arrival>,
    /// Arrivals that are dropped on our side.
    pub(super) dropped: Queue<()>,
    /// What is known of the peers of the plan.
    pub(super) truths: Vec<Option<Truth>>,
    /// Which peer of the plan is in a place of the fleet.
    pub(super) places: Vec<Option<usize>>,
    pub(super) last_reply: Option<Arrival>,
    pub(super) random: Random,
    pub(super) ours: Ours,
    pub(super) account: Account,
    pub(super) number: u32,
    pub(super) digest: u64,
    pub(super) drains: u64,
    /// When the last drain was, that of now excepted.
    pub(super) drained_us: u64,
    pub(super) happenings: u64,
}

impl<'a, P: Pacing + Copy> Run<'a, P> {
    pub(super) fn new(plan: &'a FleetPlan, config: &Config<P>, journal: &'a mut Journal) -> Self {
        let fleet = Fleet::with_window(*config, Instant::from_micros(plan.start_us)).unwrap();
        journal.call(|| {
            let settings = plan.settings;
            format!(
                "let fleet = Fleet::<4, _>::with_window({settings:?}, at({}));",
                plan.start_us
            )
        });
        let mut acts = Queue::default();
        for (slot, peer) in plan.peers.iter().enumerate() {
            acts.push(peer.added_us, (slot, Act::Add));
            for (from_us, until_us) in down_spans(peer) {
                acts.push(from_us, (slot, Act::Goes));
                acts.push(until_us, (slot, Act::Comes));
            }
            for it in &peer.incidents.0 {
                if let Kind::Caller { what } = it.kind {
                    acts.push(it.from_us, (slot, Act::Call(what)));
                }
            }
            if let Some(removed_us) = peer.removed_us {
                acts.push(removed_us, (slot, Act::Remove));
            }
        }
        let timeout_min_us = micros(config.timeout_min());
        let interval_min_us = micros(config.interval_min());
        Self {
            plan,
            fleet,
            journal,
            timeout_min_us,
            timeout_max_us: micros(config.timeout_max()),
            interval_min_us,
            least_gap_us: timeout_min_us.min(interval_min_us),
            life_us: plan.life_us.min(u64::MAX - plan.start_us - 1),
            acts,
            arrivals: Queue::default(),
            dropped: Queue::default(),
            truths: vec![None; plan.peers.len()],
            places: Vec::new(),
            last_reply: None,
            random: Random::new(plan.settings.seed),
            ours: Ours::default(),
            account: Account::default(),
            number: 0,
            digest: 0,
            drains: 0,
            drained_us: 0,
            happenings: 0,
        }
    }

    pub(super) fn at(&self, true_us: u64) -> Instant {
        Instant::from_micros(self.plan.start_us.saturating_add(true_us))
    }

    /// Lives to the end; returns a digest of everything that came out.
    pub(super) fn live(mut self) -> Result<u64, Violation> {
        let (mut now_us, mut until_us) = (0, 0);
        loop {
            self.act(now_us)?;
            self.lateness(now_us, until_us);
            self.read(now_us)?;
            until_us = self.drain(now_us)?;
            self.drained_us = now_us;
            self.events(now_us)?;
            self.judge(now_us)?;
            if now_us >= self.life_us || self.drains > LONGEST {
                break;
            }
            now_us = self.wake_us(now_us, until_us).min(self.life_us);
            self.early(now_us, until_us)?;
        }
        self.journal
            .coverage
            .saw_if(self.life_us < self.plan.life_us, "the clock ends");
        self.finish(now_us)?;
        Ok(self.digest)
    }

    /// When we look next, where the fleet asked to be polled at `until_us`.
    pub(super) fn wake_us(&mut self, now_us: u64, until_us: u64) -> u64 {
        let arrival_us = self.arrivals.next_us().filter(|_| self.plan.wakes);
        let act_us = self.acts.next_us();
        let due_us = [Some(until_us), arrival_us, act_us]
            .into_iter()
            .flatten()
            .min();
        let wake_us = due_us.unwrap_or(until_us).max(now_us + 1);
        let (ours, coverage) = (&self.plan.ours, &mut self.journal.coverage);
        ours.looks_at_us(wake_us, &mut self.random, |away| {
            let long = away.until_us - away.from_us > 71 * 60_000_000;
            coverage.saw_if(long, "away for longer than 71 minutes");
        })
    }

    pub(super) fn lateness(&mut self, now_us: u64, until_us: u64) {
        let late_us = now_us.saturating_sub(until_us);
        if late_us == 0 {
            return;
        }
        self.ours.late_us += late_us;
        let crashed = |it: &Truth| it.down_us.is_some() && it.verdict != Verdict::Dead;
        let has_crashed = self.truths.iter().flatten().any(crashed);
        self.journal
            .coverage
            .saw_if(has_crashed, "a crash while polls are late");
        self.journal.coverage.saw_if(
            has_crashed && late_us > 1_000_000,
            "away while a peer crashed",
        );
    }

    /// Reads what the fleet states of a peer for which a verdict is awaited.
    pub(super) fn state(&mut self, slot: usize, now_us: u64) {
        let now = self.at(now_us);
        if let Some(truth) = self.truths[slot].as_mut().filter(|it| it.waits())
            && let Some(status) = self.fleet.status(truth.key, now)
        {
            truth.states(&status.path.plan);
        }
    }
}
