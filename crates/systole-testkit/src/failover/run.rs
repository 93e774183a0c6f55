//! One world of a group, from beginning to end.

use core::time::Duration;

use systole::pacing::Pacing;
use systole::{
    Condition, Config, Duty, Failover, FailoverConfig, FailoverEvent, FailoverOutput, Failure,
    GroupState, Instant, ProbeId, RetryBudget, Return, SwitchOn, SwitchReason,
};

use super::endpoint::Truth;
use super::plan::GroupPlan;
use crate::fleet::settings::{Built, Policy};
use crate::fleet::{Echo, OURS, down_spans, send};
use crate::world::{Journal, Kind, Law, Queue, Random, Violation, World};

/// The world of a group.
#[derive(Debug)]
pub struct FailoverWorld;

impl World for FailoverWorld {
    const NAME: &'static str = "failover";

    type Plan = GroupPlan;

    const SITUATIONS: &'static [&'static str] = &[
        "the active endpoint crashed",
        "the active endpoint crashed while polls are late",
        "the active endpoint crashed while nothing can be sent",
        "switched because it is dead",
        "switched because it is slow",
        "switched on suspicion",
        "switched back to a better one",
        "switched because it was barred",
        "switched on request",
        "a quarantine ended",
        "all endpoints were down at once",
        "out of service was told",
        "an outage was over",
        "resumed while an endpoint was down",
        "nothing could be sent for a while",
        "an endpoint was away and came back",
        "retries were held to a budget",
        "the clock ends",
    ];

    fn plan(random: &mut Random) -> GroupPlan {
        GroupPlan::draw(random)
    }

    fn simpler(plan: &GroupPlan) -> Vec<GroupPlan> {
        plan.simpler()
    }

    fn run(plan: &GroupPlan, journal: &mut Journal) -> Result<(), Violation> {
        let (active, standby) = (plan.settings.active, plan.settings.standby());
        match (Built::new(&active), Built::new(&standby)) {
            (Built::Every(active), Built::Every(standby)) => live(plan, active, standby, journal),
            (Built::Fixed(active), Built::Fixed(standby)) => live(plan, active, standby, journal),
            (Built::Target(active), Built::Target(standby)) => live(plan, active, standby, journal),
            (Built::Hostile(active), Built::Hostile(standby)) => {
                live(plan, active, standby, journal)
            }
            _ => unreachable!("both have one policy"),
        }
    }
}

fn live<P: Pacing + Copy>(
    plan: &GroupPlan,
    active: Config<P>,
    standby: Config<P>,
    journal: &mut Journal,
) -> Result<(), Violation> {
    let config = plan.settings.build(active, standby);
    let timeout = active.timeout_min().min(standby.timeout_min());
    let intervals = (active.interval_max(), standby.interval_max());
    let timeout = timeout.min(active.interval_min());
    let digest = Run::new(plan, config, timeout, intervals, journal).live()?;
    if plan.twice {
        let again = Run::new(plan, config, timeout, intervals, &mut Journal::default()).live()?;
        if digest != again {
            let kind = "the same inputs gave other outputs";
            return Err(Violation::new(Law::Determinism, kind, plan.life_us, ""));
        }
        let other = config
            .seed(plan.settings.active.seed ^ 0x5555_aaaa)
            .unwrap_or(config);
        if format!("{config:?}") != format!("{other:?}") {
            let kind = "what a configuration of a group prints depends on its seed";
            return Err(Violation::new(Law::Secrets, kind, 0, format!("{config:?}")));
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Goes,
    Comes,
    Call(u32),
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    endpoint: usize,
    id: ProbeId,
    number: u64,
    sent_us: u64,
    echo: Echo,
}

const MOST: usize = 8;

/// A world ends after so many drains, however long it was to last.
const LONGEST: u64 = 20_000;

struct Run<'a, P: Pacing> {
    plan: &'a GroupPlan,
    group: Failover<MOST, 16, P>,
    budget: Option<RetryBudget>,
    journal: &'a mut Journal,
    /// The bound that the group states.
    bound_us: u64,
    timeout_us: u64,
    standby_us: u64,
    first_quarantine_us: u64,
    hold_down_us: u64,
    life_us: u64,
    acts: Queue<(usize, Act)>,
    arrivals: Queue<Arrival>,
    truths: Vec<Truth>,
    active: usize,
    random: Random,
    late_us: u64,
    number: u32,
    probes: u64,
    switches: u32,
    /// Switches that a failure of the active endpoint caused, or a return from one.
    flaps: u64,
    quarantines: u32,
    has_gap: bool,
    digest: u64,
    drains: u64,
    /// Whether the caller chose an endpoint, or changed what the group may do.
    has_interfered: bool,
    /// Since when not all endpoints in service are down, while it matters.
    all_down: bool,
    usable_us: Option<(u64, u64)>,
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

const fn mix(sum: u64, value: u64) -> u64 {
    (sum.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95)
}

impl<'a, P: Pacing + Copy> Run<'a, P> {
    fn new(
        plan: &'a GroupPlan,
        config: FailoverConfig<P>,
        timeout: Duration,
        intervals: (Duration, Duration),
        journal: &'a mut Journal,
    ) -> Self {
        let now = Instant::from_micros(plan.start_us);
        let group = Failover::new(config, &plan.endpoints(), now).unwrap();
        journal.call(|| {
            "let mut group = Failover::<8, 16, _>::new(/* as planned */, at(0));".to_string()
        });
        let timeout_us = micros(timeout);
        let request_us = plan.settings.request_timeout_us.unwrap_or(timeout_us);
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
        let us = Duration::from_micros;
        let settings = &plan.settings;
        // what was refused is as it was: 30 s
        let is_kept = |(first, longest)| config.quarantine(us(first), us(longest)).is_ok();
        let quarantine = settings.quarantine_us.filter(|&it| is_kept(it));
        let hold_down = settings
            .hold_down_us
            .filter(|&it| config.hold_down(us(it)).is_ok());
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
            first_quarantine_us: quarantine.map_or(30_000_000, |(first, _)| first),
            hold_down_us: hold_down.unwrap_or(30_000_000),
            life_us: plan.life_us.min(u64::MAX - plan.start_us - 1),
            acts,
            arrivals: Queue::default(),
            truths,
            random: Random::new(plan.settings.active.seed),
            late_us: 0,
            number: 0,
            probes: 0,
            switches: 0,
            flaps: 0,
            quarantines: 0,
            has_gap: false,
            digest: 0,
            drains: 0,
            has_interfered: false,
            all_down: false,
            usable_us: None,
        }
    }

    fn at(&self, true_us: u64) -> Instant {
        Instant::from_micros(self.plan.start_us.saturating_add(true_us))
    }

    fn live(mut self) -> Result<u64, Violation> {
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

    /// A bound that is much longer than what the plan of the active endpoint needs helps nobody.
    fn stated(&self) -> Result<(), Violation> {
        let settings = &self.plan.settings;
        let is_hostile = matches!(settings.active.policy, Policy::Hostile(..));
        let is_set = settings.request_timeout_us.is_some() || settings.active.timeouts_us.is_some();
        if is_hostile || is_set {
            return Ok(());
        }
        let status = self.group.status(self.active, self.at(0));
        let plan_us = status.map_or(0, |it| micros(it.monitor.heart.plan.bound()));
        // "the longest interval and the longest timeouts": a path that is not steady
        if self.bound_us <= plan_us.saturating_mul(4) + self.standby_us {
            return Ok(());
        }
        let detail = format!(
            "{} us stated, where the first plan needs {plan_us} us",
            self.bound_us
        );
        Err(Violation::new(
            Law::Detection,
            "a group without a request timeout states a bound of no use",
            0,
            detail,
        ))
    }

    fn wake_us(&mut self, now_us: u64, until_us: u64) -> u64 {
        let due_us = [Some(until_us), self.arrivals.next_us(), self.acts.next_us()];
        let due_us = due_us.into_iter().flatten().min();
        let mut wake_us = due_us.unwrap_or(until_us).max(now_us + 1);
        while let Some(away) = self
            .plan
            .ours
            .find(wake_us, OURS, |it| matches!(it, Kind::Away { .. }))
        {
            wake_us = away.until_us;
        }
        let late = self
            .plan
            .ours
            .at(wake_us, OURS)
            .find_map(|it| match it.kind {
                Kind::Late { by_us } => Some(by_us),
                _ => None,
            });
        let by_us = late.map_or(0, |by_us| {
            if by_us < 10 {
                by_us
            } else {
                self.random.between(0, by_us)
            }
        });
        wake_us.saturating_add(by_us)
    }

    fn act(&mut self, now_us: u64) {
        while let Some((at_us, (index, act))) = self.acts.pop_due(now_us) {
            match act {
                Act::Goes => self.turn(index, true, at_us),
                Act::Comes => self.turn(index, false, at_us),
                Act::Call(what) => self.call(index, what, now_us),
            }
        }
    }

    fn turn(&mut self, index: usize, is_down: bool, at_us: u64) {
        let is_active = index == self.active;
        let truth = &mut self.truths[index];
        truth.turns(is_down, is_active, at_us, self.late_us);
        let coverage = &mut self.journal.coverage;
        if is_down && is_active {
            coverage.saw("the active endpoint crashed");
            coverage.saw_if(
                self.late_us > 0,
                "the active endpoint crashed while polls are late",
            );
            coverage.saw_if(
                truth.blocked_us.is_some(),
                "the active endpoint crashed while nothing can be sent",
            );
        }
        coverage.saw_if(!is_down, "an endpoint was away and came back");
        self.usable(at_us);
    }

    /// Notes when the first endpoint is back after all were down.
    fn usable(&mut self, at_us: u64) {
        let duties = &self.plan.duties;
        let mut served = self
            .truths
            .iter()
            .zip(duties)
            .filter(|(_, (_, duty))| *duty != Duty::Barred);
        if served.all(|(truth, _)| truth.down_us.is_some()) {
            self.all_down = true;
            self.usable_us = None;
            self.journal.coverage.saw("all endpoints were down at once");
        } else if self.all_down {
            self.all_down = false;
            self.usable_us = Some((at_us, self.late_us));
        }
    }

    fn call(&mut self, index: usize, what: u32, now_us: u64) {
        let now = self.at(now_us);
        match what {
            0 => {
                self.journal
                    .call(|| format!("group.probe_now({index}, at({now_us}));"));
                self.group.probe_now(index, now);
            }
            1 => self.resumed(now_us),
            2 => {
                self.journal
                    .call(|| format!("group.switch_to({index}, at({now_us}));"));
                self.group.switch_to(index, now);
                self.has_interfered = true;
            }
            3 => {
                let duty = self
                    .random
                    .pick(&[Duty::Normal, Duty::Pinned, Duty::Barred]);
                self.journal
                    .call(|| format!("group.set_duty({index}, Duty::{duty:?}, at({now_us}));"));
                self.has_interfered = true;
                if self.group.set_duty(index, duty, now) {
                    self.truths[index].anew();
                }
            }
            4 => {
                self.journal
                    .call(|| format!("group.restarted({index}, at({now_us}));"));
                self.group.restarted(index, now);
                self.truths[index].anew();
                self.truths[index].excuse(now_us);
            }
            5 => {
                let load = u8::try_from(self.random.below(256)).ok();
                self.journal
                    .call(|| format!("group.handle_load({index}, {load:?}, at({now_us}));"));
                self.group.handle_load(index, load, now);
            }
            6 => {
                let id = ProbeId::from(self.random.draw());
                self.journal
                    .call(|| format!("group.handle_reply({index}, {id:?}, at({now_us}));"));
                self.group.handle_reply(index, id, now);
                self.group.handle_reply(index + MOST, id, now);
            }
            _ => {
                let id = ProbeId::from(self.random.draw());
                self.journal.call(|| {
                    format!("group.handle_failure({index}, {id:?}, Failure::Reset, at({now_us}));")
                });
                self.group.handle_failure(index, id, Failure::Reset, now);
            }
        }
    }

    fn resumed(&mut self, now_us: u64) {
        self.journal
            .call(|| format!("group.resumed(at({now_us}));"));
        self.group.resumed(self.at(now_us));
        for truth in &mut self.truths {
            self.journal.coverage.saw_if(
                truth.down_us.is_some(),
                "resumed while an endpoint was down",
            );
            truth.excuse(now_us);
        }
    }

    fn read(&mut self, now_us: u64) {
        while let Some((at_us, it)) = self.arrivals.pop_due(now_us) {
            let at_us = if self.plan.stamps { at_us } else { now_us };
            let Arrival {
                endpoint,
                id,
                number,
                sent_us,
                echo,
            } = it;
            let at = self.at(at_us);
            match echo {
                Echo::Reply => {
                    self.journal.call(|| {
                        format!("group.handle_reply({endpoint}, ids[{number}], at({at_us}));")
                    });
                    self.group.handle_reply(endpoint, id, at);
                    let rise = self.plan.settings.active.rise;
                    self.truths[endpoint].heard(sent_us, rise);
                }
                Echo::Refused => {
                    self.journal.call(|| format!("group.handle_failure({endpoint}, ids[{number}], Failure::Refused, at({at_us}));"));
                    self.group
                        .handle_failure(endpoint, id, Failure::Refused, at);
                }
            }
        }
    }

    fn poll(&mut self, now_us: u64) -> FailoverOutput {
        self.journal.polls += 1;
        let now = self.at(now_us);
        match &self.budget {
            Some(budget) => self.group.poll_within(now, budget),
            None => self.group.poll(now),
        }
    }

    fn drain(&mut self, now_us: u64) -> Result<u64, Violation> {
        self.drains += 1;
        self.state(now_us);
        for _ in 0..Failover::<MOST, 16, P>::MAX_DRAIN {
            match self.poll(now_us) {
                FailoverOutput::Probe { endpoint, id } => {
                    self.digest = mix(self.digest, u64::from(id));
                    self.probe(endpoint, id, now_us)?;
                }
                FailoverOutput::Event(event) => self.event(event, now_us)?,
                FailoverOutput::Wait(until) => {
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
                FailoverOutput::Idle => return Ok(u64::MAX / 2),
            }
        }
        Err(Violation::new(
            Law::Progress,
            "a drain does not end",
            now_us,
            self.drains,
        ))
    }

    /// Reads the bounds that are stated for endpoints that do not answer.
    fn state(&mut self, now_us: u64) {
        let now = self.at(now_us);
        for (index, truth) in self.truths.iter_mut().enumerate() {
            if (truth.down_us.is_some() || truth.blocked_us.is_some())
                && let Some(status) = self.group.status(index, now)
            {
                truth.states(micros(status.monitor.heart.plan.bound()));
            }
        }
    }

    fn probe(&mut self, endpoint: usize, id: ProbeId, now_us: u64) -> Result<(), Violation> {
        let number = self.probes;
        self.probes += 1;
        self.journal
            .call(|| format!("group.poll(at({now_us})); // Probe {{ {endpoint}, ids[{number}] }}"));
        let condition = self.group.condition(endpoint);
        if matches!(
            condition,
            None | Some(Condition::Quarantined(_) | Condition::Barred)
        ) {
            let kind = "an endpoint is probed that is not in service";
            return Err(Violation::new(
                Law::Intervals,
                kind,
                now_us,
                format!("{endpoint}: {condition:?}"),
            ));
        }
        let truth = &mut self.truths[endpoint];
        if condition == Some(Condition::Unknown) && truth.quarantined_us.is_some() {
            truth.anew(); // before its event is read
        }
        if truth.attempted_us.replace(now_us) == Some(now_us) {
            let kind = "an endpoint is probed twice in one drain";
            return Err(Violation::new(Law::Progress, kind, now_us, endpoint));
        }
        if self
            .plan
            .ours
            .find(now_us, OURS, |it| it == Kind::SendFails)
            .is_some()
        {
            self.journal
                .coverage
                .saw("nothing could be sent for a while");
            truth.blocked_us.get_or_insert(now_us);
            self.journal
                .call(|| format!("group.handle_unsent({endpoint}, ids[{number}], at({now_us}));"));
            self.group.handle_unsent(endpoint, id, self.at(now_us));
            return Ok(());
        }
        truth.sent(now_us);
        let arrivals = &mut self.arrivals;
        send(&self.plan.peers[endpoint], number, now_us, |at_us, echo| {
            arrivals.push(
                at_us,
                Arrival {
                    endpoint,
                    id,
                    number,
                    sent_us: now_us,
                    echo,
                },
            );
        });
        Ok(())
    }

    fn event(&mut self, event: FailoverEvent, now_us: u64) -> Result<(), Violation> {
        self.journal
            .call(|| format!("group.poll(at({now_us})); // {event:?}"));
        if self.plan.twice {
            self.digest = format!("{event:?}")
                .bytes()
                .fold(self.digest, |sum, byte| mix(sum, byte.into()));
        }
        self.has_gap |= event.number() != self.number.wrapping_add(1);
        if event.number() <= self.number {
            return Err(Violation::new(
                Law::Accounts,
                "event numbers do not rise",
                now_us,
                format!("{event:?}"),
            ));
        }
        self.number = event.number();
        match event {
            FailoverEvent::Switched {
                from, to, reason, ..
            } => self.switched(from, to, reason, now_us)?,
            FailoverEvent::Quarantined { endpoint, span, .. } => {
                self.quarantined(endpoint, span, now_us)?
            }
            FailoverEvent::Released { endpoint, .. } => {
                self.journal.coverage.saw("a quarantine ended");
                if self.truths[endpoint].quarantined_us.is_some() {
                    self.truths[endpoint].anew();
                }
            }
            FailoverEvent::Down { .. } => {
                self.journal.coverage.saw("out of service was told");
                if self.truths.iter().all(Truth::is_fine) {
                    let kind = "out of service, where all endpoints answer in time";
                    return Err(Violation::new(
                        Law::LocalTrouble,
                        kind,
                        now_us,
                        format!("{event:?}"),
                    ));
                }
            }
            FailoverEvent::Restored { .. } => self.journal.coverage.saw("an outage was over"),
            _ => {}
        }
        Ok(())
    }

    fn switched(
        &mut self,
        from: usize,
        to: usize,
        reason: SwitchReason,
        now_us: u64,
    ) -> Result<(), Violation> {
        self.switches += 1;
        let coverage = &mut self.journal.coverage;
        let by_failure = matches!(
            reason,
            SwitchReason::Dead | SwitchReason::Slow | SwitchReason::Suspected
        );
        self.flaps += u64::from(by_failure || reason == SwitchReason::Preferred);
        coverage.saw(match reason {
            SwitchReason::Dead => "switched because it is dead",
            SwitchReason::Slow => "switched because it is slow",
            SwitchReason::Suspected => "switched on suspicion",
            SwitchReason::Preferred => "switched back to a better one",
            SwitchReason::Barred => "switched because it was barred",
            SwitchReason::Requested => "switched on request",
            _ => "switched for another reason",
        });
        let detail = || format!("from {from} to {to}, {reason:?}");
        if from != self.active && !self.has_gap {
            return Err(Violation::new(
                Law::Accounts,
                "a switch from an endpoint that was not active",
                now_us,
                detail(),
            ));
        }
        self.active = to;
        if by_failure && self.truths[from].is_fine() {
            let kind = "an endpoint is left that answers in time";
            return Err(Violation::new(Law::LocalTrouble, kind, now_us, detail()));
        }
        Ok(())
    }

    fn quarantined(
        &mut self,
        endpoint: usize,
        span: Duration,
        now_us: u64,
    ) -> Result<(), Violation> {
        self.quarantines += 1;
        let truth = &mut self.truths[endpoint];
        truth.quarantined_us = Some(now_us.saturating_add(micros(span)));
        let detail = || format!("endpoint {endpoint} for {span:?}");
        if truth.is_fine() {
            let kind = "an endpoint is quarantined that answers in time";
            return Err(Violation::new(Law::LocalTrouble, kind, now_us, detail()));
        }
        if micros(span) < self.first_quarantine_us {
            let kind = "a quarantine is shorter than the first";
            return Err(Violation::new(Law::Intervals, kind, now_us, detail()));
        }
        if !self.plan.settings.enabled {
            return Err(Violation::new(
                Law::Accounts,
                "a quarantine where fail-over is off",
                now_us,
                detail(),
            ));
        }
        Ok(())
    }

    fn judge(&mut self, now_us: u64) -> Result<(), Violation> {
        self.state(now_us);
        let active = self.group.active();
        if active != self.active && !self.has_gap {
            return Err(Violation::new(
                Law::Accounts,
                "a switch without an event",
                now_us,
                active,
            ));
        }
        self.active = active;
        if matches!(
            self.group.condition(active),
            Some(Condition::Barred | Condition::Quarantined(_)) | None
        ) {
            return Err(Violation::new(
                Law::Accounts,
                "the active endpoint is not in service",
                now_us,
                active,
            ));
        }
        if !self.group.is_valid() {
            return Err(Violation::new(
                Law::Accounts,
                "the group is not valid",
                now_us,
                "",
            ));
        }
        let start_us = self.plan.start_us;
        for (index, truth) in self.truths.iter_mut().enumerate() {
            let condition = self.group.condition(index).unwrap();
            // two quarantines of one drain have one event: "the latest event of a kind stays"
            if let Condition::Quarantined(until) = condition {
                truth.quarantined_us = Some(until.as_micros().saturating_sub(start_us));
            }
            truth.judge(index, condition, now_us, self.late_us)?;
        }
        self.judge_active(now_us)?;
        self.judge_outage(now_us)
    }

    /// Whether nothing happens to any other endpoint than `index`, and they answer in time.
    fn is_lone(&self, index: usize) -> bool {
        let others = self
            .truths
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index);
        others.clone().count() > 0
            && others.zip(0..).all(|((other, truth), _)| {
                truth.is_quick && self.plan.peers[other].incidents.0.is_empty()
            })
            && self
                .plan
                .duties
                .iter()
                .all(|(_, duty)| *duty != Duty::Barred)
    }

    /// "The switch follows as soon as another endpoint has answered a probe sent since the suspicion."
    fn judge_active(&self, now_us: u64) -> Result<(), Violation> {
        let truth = &self.truths[self.active];
        let settings = &self.plan.settings;
        if !settings.enabled
            || self.has_interfered
            || !truth.was_active
            || !self.is_lone(self.active)
        {
            return Ok(());
        }
        let Some(by_us) = truth.dead_by_us(self.late_us) else {
            return Ok(());
        };
        let rtt_us = self.truths.iter().map(|it| it.rtt_us).max().unwrap_or(0);
        // the others may not have been heard yet, and are asked "as soon as the timeout allows"
        let by_us = by_us
            .max(self.standby_us)
            .saturating_add(self.timeout_us + rtt_us);
        if now_us <= by_us {
            return Ok(());
        }
        let detail = format!(
            "active {}, down since {:?}, left by {by_us}",
            self.active, truth.down_us
        );
        Err(Violation::new(
            Law::Detection,
            "a dead endpoint stays active beside one that answers",
            now_us,
            detail,
        ))
    }

    /// After all were down, "takes the first that is back".
    fn judge_outage(&mut self, now_us: u64) -> Result<(), Violation> {
        let Some((at_us, late_at_us)) = self.usable_us else {
            return Ok(());
        };
        let is_fine = self.truths[self.active].down_us.is_none();
        let is_serving = self.group.state() == GroupState::Serving;
        let quiet = self
            .truths
            .iter()
            .all(|it| it.is_quick && it.blocked_us.is_none());
        if is_fine && is_serving || self.has_interfered || !quiet || !self.plan.settings.enabled {
            self.usable_us = None;
            return Ok(());
        }
        // probes of every endpoint, `rise` answers, two request timeouts, and one switch in a hold-down
        let rise = u64::from(self.plan.settings.active.rise);
        let probes_us = (self.standby_us + self.timeout_us) * (rise + 1);
        let longest_us = self
            .truths
            .iter()
            .filter_map(|it| it.quarantined_us)
            .max()
            .unwrap_or(0);
        let by_us = at_us
            .max(longest_us)
            .saturating_add(probes_us + 2 * self.timeout_us + 2 * self.hold_down_us);
        let by_us = by_us
            .saturating_add(self.late_us - late_at_us)
            .saturating_add(self.bound_us);
        if now_us <= by_us {
            return Ok(());
        }
        let detail = format!(
            "active {} is {:?}, the group {:?}, an endpoint is back since {at_us}, so in use by {by_us}",
            self.active,
            self.group.condition(self.active),
            self.group.state(),
        );
        Err(Violation::new(
            Law::NoLockOut,
            "an outage does not end",
            now_us,
            detail,
        ))
    }

    /// "Early calls are harmless and answer the same deadline."
    fn early(&mut self, now_us: u64, until_us: u64) -> Result<(), Violation> {
        if self.plan.early == 0 || !self.random.one_in(self.plan.early) || now_us < 2 {
            return Ok(());
        }
        let early_us = (now_us - 1).min(until_us - 1);
        let is_due = self
            .arrivals
            .next_us()
            .is_some_and(|at_us| at_us <= early_us);
        if is_due || until_us >= u64::MAX / 2 {
            return Ok(());
        }
        self.journal
            .call(|| format!("group.poll(at({early_us})); // early"));
        let output = self.poll(early_us);
        if output == FailoverOutput::Wait(self.at(until_us)) {
            return Ok(());
        }
        let detail = format!("{output:?}, {until_us} before");
        Err(Violation::new(
            Law::Progress,
            "an early poll answers another deadline",
            early_us,
            detail,
        ))
    }

    fn finish(&mut self, now_us: u64) -> Result<(), Violation> {
        self.journal
            .coverage
            .saw_if(self.budget.is_some(), "retries were held to a budget");
        let told = (self.switches, self.quarantines);
        let counted = (self.group.switches(), self.group.quarantines());
        if told != counted && !self.has_gap {
            let detail = format!("{told:?} told, {counted:?} counted");
            return Err(Violation::new(
                Law::Accounts,
                "switches or quarantines are miscounted",
                now_us,
                detail,
            ));
        }
        let settings = &self.plan.settings;
        let lone = (0..self.truths.len())
            .find(|&index| self.is_lone(index) && self.truths[index].is_quick);
        if lone.is_none() || self.has_interfered || settings.switch_on == SwitchOn::Warning {
            return Ok(());
        }
        let most = match settings.returning {
            Return::Stay => 1,
            // and one to the better endpoint, before anything failed
            Return::Prefer => 2 + 2 * now_us / (self.first_quarantine_us + self.hold_down_us),
        };
        if self.flaps <= most {
            return Ok(());
        }
        let detail = format!("{} switches, {most} at most", self.flaps);
        Err(Violation::new(
            Law::Intervals,
            "an endpoint that goes up and down causes too many switches",
            now_us,
            detail,
        ))
    }
}
