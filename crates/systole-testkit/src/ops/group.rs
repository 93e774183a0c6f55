//! A group of simulated endpoints in virtual time, and the laws that must hold after each step.

use core::time::Duration;

use systole::{
    Event, Failover, Failure, Instant, Output, ProbeId, RetryBudget,
    failover::{self, Condition, Endpoint, SwitchReason},
    path::Health,
};

pub const M: usize = 4;
pub type Group = Failover<M, 16>;

/// How an endpoint treats a probe.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Path {
    /// Answers after so long, in microseconds.
    Answers(u64),
    /// Nothing comes back: killed, stalled, a black hole, a cut link.
    Silent,
    /// Refuses at once.
    Refuses,
    /// What is sent cannot be sent.
    Unsent,
}

pub const UP: Path = Path::Answers(20_000);
pub const SLOW: Path = Path::Answers(2_020_000);

/// What becomes of a probe, by uniform draws.
pub type Drawn = fn([f64; 3]) -> Path;

pub struct World {
    pub group: Group,
    pub now: Instant,
    pub paths: [Path; M],
    /// Flips this endpoint between up and down this often.
    pub flapping: Option<(usize, Duration)>,
    /// What becomes of a probe to any endpoint, by uniform draws from [0, 1).
    pub drawn: Option<Drawn>,
    /// What its retries are held to.
    pub budget: Option<RetryBudget>,
    flying: Vec<(usize, ProbeId, Instant)>,
    pub wait: Instant,
    pub events: Vec<Event<failover::EventKind>>,
    /// Probes: to whom, when, and who was active.
    pub probes: Vec<(usize, Instant)>,
    number: u32,
}

impl World {
    pub fn new(config: failover::Config, endpoints: &[Endpoint]) -> Self {
        let now = Instant::from_secs(1);
        let group =
            Group::with_window(config, endpoints, now).unwrap_or_else(|error| panic!("{error}"));
        let mut world = Self {
            group,
            now,
            paths: [UP; M],
            flapping: None,
            drawn: None,
            budget: None,
            flying: Vec::new(),
            wait: now,
            events: Vec::new(),
            probes: Vec::new(),
            number: 0,
        };
        world.drain();
        world
    }

    /// Lets `span` pass, polled on time.
    pub fn run(&mut self, span: Duration) {
        let end = self.now.saturating_add(span);
        while self.now < end {
            self.beat(0, end);
        }
    }

    /// Sleeps until the deadline, the first arrival or `end`, and `late_us` longer; hands in what arrived, and drains.
    pub fn beat(&mut self, late_us: u64, end: Instant) {
        let arrivals = self.flying.iter().map(|&(.., at)| at);
        let wake = arrivals.fold(self.wait.min(end), Instant::min);
        let wake = wake.max(self.now.saturating_add(micros(1)));
        self.look_at(wake.saturating_add(micros(late_us)));
    }

    pub fn look_at(&mut self, now: Instant) {
        self.now = now;
        self.flying.sort_by_key(|&(.., at)| at);
        let landed = self.flying.partition_point(|&(.., at)| at <= now);
        for (endpoint, id, at) in self.flying.drain(..landed) {
            self.group.handle_reply(endpoint, id, at);
        }
        self.drain();
    }

    /// Law 2: a drain ends within `MAX_DRAIN` polls, its deadline lies in the future, and stays when polled early.
    pub fn drain(&mut self) {
        let mut polls = 0;
        loop {
            polls += 1;
            assert!(polls <= Group::MAX_DRAIN, "the drain does not end");
            match self.poll() {
                Output::Send(failover::Probe { endpoint, id }) => {
                    if self.send(endpoint, id) {
                        polls = 0; // something was handed in
                    }
                }
                Output::Event(event) => self.note(event),
                Output::Idle => {
                    assert_eq!(self.now, Instant::MAX);
                    return;
                }
                Output::Wait(until) => {
                    assert!(until > self.now, "no busy loop");
                    let again = self.poll();
                    assert_eq!(again, Output::Wait(until), "the deadline stays");
                    self.wait = until;
                    return self.check();
                }
            }
        }
    }

    fn poll(&mut self) -> Output<failover::Probe, Event<failover::EventKind>> {
        match &self.budget {
            Some(budget) => self.group.poll_with_budget(self.now, budget),
            None => self.group.poll(self.now),
        }
    }

    fn send(&mut self, endpoint: usize, id: ProbeId) -> bool {
        let condition = self.group.condition(endpoint);
        let left_alone = matches!(
            condition,
            Some(Condition::Quarantined(_) | Condition::Disabled)
        );
        assert!(!left_alone, "a probe to {endpoint}, {condition:?}");
        self.probes.push((endpoint, self.now));
        match self.path(endpoint) {
            Path::Answers(us) => {
                let at = self.now.saturating_add(micros(us));
                self.flying.push((endpoint, id, at));
                return false;
            }
            Path::Silent => return false,
            Path::Refuses => {
                let refused = Failure::Refused;
                self.group.handle_failure(endpoint, id, refused, self.now);
            }
            Path::Unsent => {
                self.group.handle_unsent(endpoint, id, self.now);
            }
        }
        true
    }

    fn path(&self, endpoint: usize) -> Path {
        if let Some(path) = self.drawn {
            return path(self.draws());
        }
        match self.flapping {
            Some((which, every)) if which == endpoint => {
                let turn = u128::from(self.now.as_micros()) / every.as_micros();
                [UP, Path::Silent][usize::from(turn % 2 == 1)]
            }
            _ => self.paths[endpoint],
        }
    }

    /// Other ones for each probe.
    fn draws(&self) -> [f64; 3] {
        let mut state = (self.probes.len() as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
        [(); 3].map(|()| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            f64::from((mixed >> 32) as u32) / 4_294_967_296.0
        })
    }

    /// A switch for a warning leaves a path that is worse than usual.
    fn note(&mut self, event: Event<failover::EventKind>) {
        if let failover::EventKind::Switched {
            from,
            reason: SwitchReason::Degraded,
            ..
        } = event.kind
            && event.at == self.now
        {
            let left = self.group.status(from, event.at).map(|one| one.health);
            assert_eq!(left, Some(Health::Degraded));
        }
        assert!(event.number > self.number, "event numbers rise");
        self.number = event.number;
        self.events.push(event);
    }

    /// The laws that hold at any moment.
    fn check(&self) {
        assert!(self.group.is_valid(), "{:?}", self.group);
        // switches that the caller makes without polling may be told as one
        assert!(self.group.switches() as usize >= self.switches().len());
        let told = self.quarantines().len();
        assert_eq!(self.group.quarantines() as usize, told);
        let active = self.group.condition(self.group.active());
        assert!(
            !matches!(
                active,
                Some(Condition::Quarantined(_) | Condition::Disabled)
            ),
            "{active:?}"
        );
    }

    // ---- what happened ----

    pub fn switches(&self) -> Vec<(usize, usize, SwitchReason, Instant)> {
        let events = self.events.iter();
        let switches = events.filter_map(|event| match event.kind {
            failover::EventKind::Switched { from, to, reason } => {
                Some((from, to, reason, event.at))
            }
            _ => None,
        });
        switches.collect()
    }

    pub fn quarantines(&self) -> Vec<(usize, Duration, Instant)> {
        let events = self.events.iter();
        let quarantines = events.filter_map(|event| match event.kind {
            failover::EventKind::Quarantined { endpoint, span } => Some((endpoint, span, event.at)),
            _ => None,
        });
        quarantines.collect()
    }

    pub fn downs(&self) -> Vec<failover::Outage> {
        let events = self.events.iter();
        let downs = events.filter_map(|event| match event.kind {
            failover::EventKind::Down { outage, .. } => Some(outage),
            _ => None,
        });
        downs.collect()
    }
}

pub const fn micros(us: u64) -> Duration {
    Duration::from_micros(us)
}

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
