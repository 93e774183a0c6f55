//! One world of a group, from beginning to end.

use core::time::Duration;

use systole::pacing::Pacing;
use systole::{Event, Failover, Instant, Output, ProbeId, RetryBudget, failover};

use super::endpoint::Truth;
use super::plan::GroupPlan;
use super::settings::GroupSettings;
use super::told::Told;
use crate::fleet::{Echo, down_spans, micros};
use crate::world::{Journal, Kind, Law, Queue, Random, Violation, mixed};

#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Goes,
    Comes,
    Call(u32),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) endpoint: usize,
    pub(super) id: ProbeId,
    pub(super) number: u64,
    pub(super) sent_us: u64,
    pub(super) echo: Echo,
}

pub(super) const MOST: usize = 8;

/// A world ends after so many drains, however long it was to last.
const LONGEST: u64 = 20_000;

pub(super) struct Run<'a, P: Pacing> {
    pub(super) plan: &'a GroupPlan,
    pub(super) group: Failover<MOST, 16, P>,
    pub(super) budget: Option<RetryBudget>,
    pub(super) journal: &'a mut Journal,
    /// The bound that the group states.
    pub(super) bound_us: u64,
    pub(super) timeout_us: u64,
    pub(super) standby_us: u64,
    pub(super) first_quarantine_us: u64,
    pub(super) hold_down_us: u64,
    pub(super) life_us: u64,
    pub(super) acts: Queue<(usize, Act)>,
    pub(super) arrivals: Queue<Arrival>,
    pub(super) truths: Vec<Truth>,
    pub(super) active: usize,
    pub(super) random: Random,
    pub(super) late_us: u64,
    pub(super) probes: u64,
    pub(super) switches: u32,
    /// Switches that a failure of the active endpoint caused, or a return from one.
    pub(super) flaps: u64,
    pub(super) quarantines: u32,
    pub(super) told: Told,
    pub(super) digest: u64,
    pub(super) drains: u64,
    /// Whether the caller chose an endpoint, or changed what the group may do.
    pub(super) has_interfered: bool,
    /// Since when not all endpoints in service are down, while it matters.
    pub(super) all_down: bool,
    pub(super) usable_us: Option<(u64, u64)>,
}

/// What happens to the endpoints, and what the caller does about them.
fn acts(plan: &GroupPlan) -> Queue<(usize, Act)> {
    let mut acts = Queue::default();
    for (index, peer) in plan.peers.iter().enumerate() {
        for (from_us, until_us) in down_spans(peer) {
            acts.push(from_us, (index, Act::Goes));
            acts.push(until_us, (index, Act::Comes));
        }
        for it in &peer.incidents.0 {
            if let Kind::Caller { what } = it.kind {
                acts.push(it.from_us, (index, Act::Call(what)));
            }
        }
    }
    acts
}

/// The first quarantine and the hold-down: what was refused is as it was, 30 s.
fn kept_spans_us<P: Pacing + Copy>(
    settings: &GroupSettings,
    config: &failover::Config<P>,
) -> (u64, u64) {
    let us = Duration::from_micros;
    let is_kept = |(first, longest)| {
        config
            .into_builder()
            .quarantine(us(first), us(longest))
            .build()
            .is_ok()
    };
    let quarantine = settings.quarantine_us.filter(|&it| is_kept(it));
    let is_kept = |hold_down| {
        config
            .into_builder()
            .hold_down(us(hold_down))
            .build()
            .is_ok()
    };
    let hold_down = settings.hold_down_us.filter(|&it| is_kept(it));
    (
        quarantine.map_or(30_000_000, |(first, _)| first),
        hold_down.unwrap_or(30_000_000),
    )
}

impl<'a, P: Pacing + Copy> Run<'a, P> {
    pub(super) fn new(
        plan: &'a GroupPlan,
        config: failover::Config<P>,
        timeout: Duration,
        intervals: (Duration, Duration),
        journal: &'a mut Journal,
    ) -> Self {
        let now = Instant::from_micros(plan.start_us);
        let group = Failover::with_window(config, &plan.endpoints(), now).unwrap();
        journal.call(|| {
            "let mut group = Failover::<8, 16, _>::with_window(/* as planned */, at(0));"
                .to_string()
        });
        let timeout_us = micros(timeout);
        let request_us = plan.settings.request_timeout_us.unwrap_or(timeout_us);
        let settings = &plan.settings;
        let (first_quarantine_us, hold_down_us) = kept_spans_us(settings, &config);
        // "The request timeout ... is the interval of `active` or its longest timeout"
        let quick_us = timeout_us.min(request_us);
        let truths = plan
            .peers
            .iter()
            .map(|peer| Truth::new(peer, quick_us))
            .collect();
        Self {
            plan,
            active: group.active(),
            told: Told::new(&group),
            group,
            budget: plan
                .budget
                .map(|(percent, reserve)| RetryBudget::new(percent, reserve)),
            journal,
            bound_us: micros(config.bound()),
            // unless set, the request timeout is at most the interval
            timeout_us: match settings.request_timeout_us {
                Some(request_us) => timeout_us.max(request_us),
                None => micros(intervals.0),
            },
            standby_us: micros(intervals.0.max(intervals.1)),
            first_quarantine_us,
            hold_down_us,
            life_us: plan.life_us.min(u64::MAX - plan.start_us - 1),
            acts: acts(plan),
            arrivals: Queue::default(),
            truths,
            random: Random::new(plan.settings.active.seed),
            late_us: 0,
            probes: 0,
            switches: 0,
            flaps: 0,
            quarantines: 0,
            digest: 0,
            drains: 0,
            has_interfered: false,
            all_down: false,
            usable_us: None,
        }
    }

    pub(super) fn at(&self, true_us: u64) -> Instant {
        Instant::from_micros(self.plan.start_us.saturating_add(true_us))
    }

    pub(super) fn live(mut self) -> Result<u64, Violation> {
        self.stated()?;
        let (mut now_us, mut until_us) = (0, 0);
        loop {
            self.act(now_us);
            self.late_us += u64::saturating_sub(now_us, until_us);
            self.read(now_us);
            until_us = self.drain(now_us)?;
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

    pub(super) fn wake_us(&mut self, now_us: u64, until_us: u64) -> u64 {
        let due_us = [Some(until_us), self.arrivals.next_us(), self.acts.next_us()];
        let due_us = due_us.into_iter().flatten().min();
        let wake_us = due_us.unwrap_or(until_us).max(now_us + 1);
        let ours = &self.plan.ours;
        ours.looks_at_us(wake_us, &mut self.random, |_| {})
    }

    pub(super) fn poll(
        &mut self,
        now_us: u64,
    ) -> Output<failover::Probe, Event<failover::EventKind>> {
        self.journal.polls += 1;
        let now = self.at(now_us);
        let output = match &self.budget {
            Some(budget) => self.group.poll_with_budget(now, budget),
            None => self.group.poll(now),
        };
        self.told.look(&self.group);
        output
    }

    pub(super) fn drain(&mut self, now_us: u64) -> Result<u64, Violation> {
        self.drains += 1;
        self.state(now_us);
        let mut polls = 0;
        while polls < Failover::<MOST, 16, P>::MAX_DRAIN {
            polls += 1;
            match self.poll(now_us) {
                Output::Send(failover::Probe { endpoint, id }) => {
                    self.digest = mixed(self.digest, u64::from(id));
                    self.probe(endpoint, id, now_us)?;
                }
                Output::Event(event) => {
                    self.event(event, now_us)?;
                    if self.meddles(now_us) {
                        polls = 0;
                    }
                }
                Output::Wait(until) => {
                    self.journal
                        .call(|| format!("group.poll(at({now_us})); // Wait({until:?})"));
                    if until <= self.at(now_us) {
                        let kind = "a wait lies not in the future";
                        return Err(Violation::new(
                            Law::Progress,
                            kind,
                            now_us,
                            format!("{until:?}"),
                        ));
                    }
                    return Ok(until.as_micros().saturating_sub(self.plan.start_us));
                }
                Output::Idle => return Ok(u64::MAX / 2),
            }
        }
        Err(Violation::new(
            Law::Progress,
            "a drain does not end",
            now_us,
            self.drains,
        ))
    }

    /// Reads the plans that are stated for endpoints of which a verdict is awaited.
    pub(super) fn state(&mut self, now_us: u64) {
        let now = self.at(now_us);
        for (index, truth) in self.truths.iter_mut().enumerate() {
            if truth.waits()
                && let Some(status) = self.group.status(index, now)
            {
                truth.states(&status.monitor.path.plan);
            }
        }
    }
}
