//! What is drawn before a world of a monitor runs.

use crate::world::{Incident, Incidents, Jitter, Kind, Path, Random};

use super::draws::{draw_clock, draw_kind, draw_other, draw_path};
use super::{Limits, Settings};

/// A device that sleeps between wakes; its clock stands still meanwhile, and it says `resumed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nap {
    /// How long it is awake each time.
    pub awake_us: u64,
    /// How long it sleeps in between.
    pub asleep_us: u64,
}

/// A monitor, its path and peer, its caller, and what goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What everything else is drawn from while the world runs.
    pub seed: u64,
    /// The configuration.
    pub settings: Settings,
    /// What `reconfigure` sets.
    pub other: Settings,
    /// The window: 1, or that of the policy.
    pub window: usize,
    /// The path.
    pub path: Path,
    /// How long the peer holds each probe.
    pub held_us: u64,
    /// What goes wrong, and what the caller does.
    pub incidents: Incidents,
    /// What the clock shows at the start.
    pub clock_us: u64,
    /// By how much the clock is fast.
    pub drift_ppm: i32,
    /// How long the world lasts.
    pub life_us: u64,
    /// Whether replies say which probe they answer.
    pub ids: bool,
    /// Whether the caller says how long the peer held a probe.
    pub says_held: bool,
    /// Whether the network stack says when something arrived; else it is the moment of reading.
    pub stamps: bool,
    /// How long a send takes.
    pub sending_us: u64,
    /// How often the peer sends something else.
    pub traffic_us: Option<u64>,
    /// Whether the device sleeps between wakes.
    pub nap: Option<Nap>,
    /// A retry budget: percent and reserve.
    pub budget: Option<(u8, u16)>,
    /// Whether the caller polls after each thing that it hands in, where it woke on time, or once after
    /// all.
    pub drains_each: bool,
    /// Whether it polls early now and then.
    pub early: bool,
    /// Only verdicts are judged: probes that come too often would otherwise always be found first.
    pub verdicts_only: bool,
}

impl Plan {
    /// A random world.
    pub fn draw(random: &mut Random) -> Self {
        let settings = Settings::draw(random);
        let pace_us = settings.policy.pace_us().max(1);
        let path = draw_path(random, pace_us);
        let life_us = pace_us.saturating_mul(random.between(60, 600));
        let mut plan = Self {
            seed: random.draw(),
            settings,
            other: draw_other(random, settings),
            window: if random.one_in(12) { 1 } else { 32 },
            path,
            held_us: 0,
            incidents: Incidents::default(),
            clock_us: draw_clock(random, life_us),
            drift_ppm: 0,
            life_us,
            ids: !random.one_in(5),
            says_held: false,
            stamps: random.one_in(2),
            sending_us: if random.one_in(6) {
                random.magnitude(1, pace_us / 64 + 1)
            } else {
                0
            },
            traffic_us: None,
            nap: None,
            budget: None,
            drains_each: random.one_in(2),
            early: random.one_in(4),
            verdicts_only: random.one_in(4),
        };
        plan.draw_rest(random, pace_us);
        plan
    }

    fn draw_rest(&mut self, random: &mut Random, pace_us: u64) {
        if random.one_in(8) {
            self.held_us = random.magnitude(1, pace_us / 4 + 1);
            self.says_held = random.one_in(2);
        }
        if random.one_in(4) {
            self.traffic_us = Some(random.between(pace_us / 8 + 1, pace_us * 8));
        }
        if random.one_in(10) {
            let percent = random.pick(&[0, 5, 10, 50, 100, 200]);
            self.budget = Some((percent, random.pick(&[0, 1, 3, 10, 1_000])));
        }
        if random.one_in(8) {
            self.drift_ppm = i32::try_from(random.below(1_001)).unwrap_or(0) - 500;
        }
        if random.one_in(12) {
            return self.draw_nap(random, pace_us);
        }
        for _ in 0..random.pick(&[0, 1, 1, 1, 2, 2, 3, 4]) {
            let kind = draw_kind(random, pace_us);
            let it = self.draw_incident(random, pace_us, kind);
            let of_clock = |kind| matches!(kind, Kind::ClockStep { .. } | Kind::Suspend { .. });
            // one at a time, as their order is not that of their drawing
            if !of_clock(kind) || !self.incidents.0.iter().any(|it| of_clock(it.kind)) {
                self.incidents.0.push(it);
            }
        }
        self.meet(random, pace_us);
        if !self.ids {
            // a duplicate of a reply that says nothing is taken for one to another probe
            self.path.duplicate_ppm = 0;
            self.incidents
                .0
                .retain(|it| !matches!(it.kind, Kind::Duplicate | Kind::Reorder { .. }));
        }
    }

    /// Lets what is ours begin soon after what is not, so that the two meet.
    fn meet(&mut self, random: &mut Random, pace_us: u64) {
        let of_others = |it: &&Incident| !it.is_ours();
        let Some(other) = self.incidents.0.iter().find(of_others).copied() else {
            return;
        };
        for it in self.incidents.0.iter_mut().filter(|it| it.is_ours()) {
            if random.one_in(2) {
                let length_us = it.until_us.saturating_sub(it.from_us);
                it.from_us = other.from_us + random.between(0, pace_us.saturating_mul(3));
                it.until_us = it.from_us.saturating_add(length_us);
            }
        }
    }

    fn draw_nap(&mut self, random: &mut Random, pace_us: u64) {
        let rtt_us = 2 * self.path.each_way_us + self.held_us;
        let awake_us = random.magnitude(rtt_us * 10 + 1_000, (rtt_us * 10 + 1_000).max(pace_us));
        let asleep_us = random.magnitude(pace_us / 4 + 1, pace_us * 64);
        self.nap = Some(Nap {
            awake_us,
            asleep_us,
        });
        self.path.jitter = Jitter::None;
        self.path.loss_ppm = 0;
        self.traffic_us = None;
        self.stamps = true;
        self.drift_ppm = 0;
        self.life_us = (awake_us + asleep_us) * random.between(60, 120);
        if random.one_in(2) {
            let from_us = self.life_us / 3;
            self.incidents.0.push(forever(from_us, Kind::Crash));
        }
    }

    fn draw_incident(&self, random: &mut Random, pace_us: u64, kind: Kind) -> Incident {
        let life_us = self.life_us;
        let from_us = random.between(0, life_us * 3 / 4);
        let longest_us = (life_us / 3).max(pace_us);
        let length_us = random.magnitude(pace_us / 4 + 1, longest_us);
        let lasting = match kind {
            Kind::Crash | Kind::SendFails => random.one_in(2),
            Kind::RttStep { .. } => true,
            Kind::Late { .. } | Kind::LossBack { .. } | Kind::LossOut { .. } => random.one_in(3),
            _ => false,
        };
        if lasting {
            return forever(from_us, kind);
        }
        Incident {
            from_us,
            until_us: from_us + length_us,
            peer: 0,
            kind,
        }
    }

    /// The least round trip at the start.
    #[must_use]
    pub const fn rtt_us(&self) -> u64 {
        2 * self.path.each_way_us + self.held_us
    }

    /// When nothing that is about peer or path begins or ends any more: the greatest of these moments.
    #[must_use]
    pub fn settled_us(&self) -> Option<u64> {
        let slowest_us = self.incidents.0.iter().map(|it| match it.kind {
            Kind::RttStep { each_way_us } => 2 * each_way_us,
            _ => 0,
        });
        let longest_us = self.rtt_us() + slowest_us.max().unwrap_or(0);
        let mut last_us = 0;
        for it in self.incidents.0.iter().filter(|it| !it.is_ours()) {
            last_us = last_us.max(match it.kind {
                // what is under way then still takes as long as before
                Kind::RttStep { .. } => it.from_us + longest_us,
                Kind::Duplicate if self.ids => 0,
                _ => it.until_us,
            });
        }
        (last_us < self.life_us).then_some(last_us)
    }

    /// When the peer is back for good, and nothing else goes wrong from then on, so that its answers
    /// count; the delays of the start still hold.
    pub(super) fn back_us(&self, limits: &Limits) -> Option<u64> {
        let most_us = self.rtt_us() + 2 * self.path.jitter.most_us();
        let fits = limits
            .bound_us
            .is_none_or(|bound_us| most_us < bound_us / 2);
        let fits = fits && most_us < limits.timeout_min_us && self.path.loss_ppm == 0;
        let crashed = self.incidents.0.iter().any(|it| it.kind == Kind::Crash);
        let stepped = |it: &Incident| {
            let kind = it.kind;
            matches!(
                kind,
                Kind::RttStep { .. } | Kind::Caller { .. } | Kind::ClockStep { .. }
            )
        };
        if !fits || !crashed || self.incidents.0.iter().any(stepped) {
            return None;
        }
        let last_us = self.incidents.0.iter().map(|it| it.until_us).max()?;
        // what was stalled comes a while after the end
        (last_us < self.life_us).then(|| last_us + most_us)
    }

    /// Simpler worlds, the simplest first.
    #[must_use]
    pub fn simpler(&self) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for incidents in self.incidents.reductions() {
            all.push(Self {
                incidents,
                ..self.clone()
            });
        }
        let mut with = |change: &dyn Fn(&mut Self)| {
            let mut plan = self.clone();
            change(&mut plan);
            if plan != *self {
                all.push(plan);
            }
        };
        with(&|it| it.life_us /= 2);
        with(&|it| it.life_us = it.life_us / 8 * 7);
        with(&|it| it.path.jitter = Jitter::None);
        with(&|it| it.path.loss_ppm = 0);
        with(&|it| it.path.duplicate_ppm = 0);
        with(&|it| it.traffic_us = None);
        with(&|it| it.budget = None);
        with(&|it| it.drift_ppm = 0);
        with(&|it| it.clock_us = 0);
        with(&|it| it.sending_us = 0);
        with(&|it| it.held_us = 0);
        with(&|it| it.early = false);
        with(&|it| it.nap = None);
        with(&|it| it.drains_each = false);
        with(&|it| it.stamps = true);
        with(&|it| it.ids = true);
        with(&|it| it.window = 32);
        for settings in self.settings.simpler() {
            all.push(Self {
                settings,
                ..self.clone()
            });
        }
        for other in self.other.simpler() {
            all.push(Self {
                other,
                ..self.clone()
            });
        }
        all
    }
}

const fn forever(from_us: u64, kind: Kind) -> Incident {
    Incident {
        from_us,
        until_us: u64::MAX,
        peer: 0,
        kind,
    }
}
