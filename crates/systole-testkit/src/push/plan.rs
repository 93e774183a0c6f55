//! What is drawn before a world of a listener runs.

use super::settings::{Settings, kept_us};
use super::trouble;
use crate::world::{Clock, Incident, Incidents, Jitter, Kind, Path, Random};

/// Whose sender it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The crate's own.
    Own,
    /// Somebody else's, which keeps another pace than it says.
    Foreign,
}

/// The sending side.
#[derive(Clone, Debug)]
pub struct SenderPlan {
    pub style: Style,
    pub interval_us: u64,
    /// How much slower than it says a foreign one is, in parts per million; faster if negative.
    pub slope_ppm: i32,
    /// From when on it is another, and which.
    pub slopes: Vec<(u64, i32)>,
    /// When an own one is asked for another interval, and for which.
    pub paces: Vec<(u64, u64)>,
    /// The advertised deadline of a foreign one, in eighths of an interval after the next slot.
    pub eighths: u8,
    /// How late it sends at most.
    pub late_us: u64,
    pub incarnation: u32,
    pub first_sequence: u32,
    pub clock_start_us: u64,
    pub drift_ppm: i32,
    pub leaves_us: Option<u64>,
}

/// Whether something is there that can be left out, and how.
type Detail = (bool, fn(&mut Plan));

/// A world of a listener.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) seed: u64,
    pub(super) life_us: u64,
    pub(super) settings: Settings,
    pub(super) sender: SenderPlan,
    pub(super) path: Path,
    pub(super) clock_start_us: u64,
    pub(super) drift_ppm: i32,
    /// Whether arrivals have the time stamp of the network stack, or that of reading them.
    pub(super) stamped: bool,
    /// How often the listener is polled before it asked for that, in a million calls.
    pub(super) eager_ppm: u32,
    /// Strangers' datagrams come this far apart.
    pub(super) strangers_us: Option<u64>,
    pub(super) incidents: Incidents,
}

impl Plan {
    pub(super) fn draw(random: &mut Random) -> Self {
        let interval_us = kept_us(random.magnitude(1_000, 3_600_000_000));
        let settings = Settings::draw(random, interval_us);
        let sender = draw_sender(random, interval_us);
        let beats = if random.one_in(20) {
            4_000
        } else {
            random.magnitude(40, 600)
        };
        let last = sender.paces.last().map_or((0, interval_us), |it| *it);
        let life_us = last.0 + last.1 * beats;
        let mut plan = Self {
            seed: random.draw(),
            life_us,
            path: draw_path(random, interval_us),
            clock_start_us: clock_start(random, life_us),
            drift_ppm: drift(random),
            stamped: random.one_in(2),
            eager_ppm: random.pick(&[0, 0, 100_000, 1_000_000]),
            strangers_us: random
                .one_in(6)
                .then(|| random.magnitude(last.1.min(interval_us), (last.1.max(interval_us)) * 20)),
            incidents: Incidents::default(),
            settings,
            sender,
        };
        trouble::add(random, &mut plan);
        plan
    }

    /// How much slower than it says a foreign sender is from `now_us` on.
    pub(super) fn slope_ppm_at(&self, now_us: u64) -> i32 {
        let begun = |change: &&(u64, i32)| change.0 <= now_us;
        let last = self.sender.slopes.iter().rev().find(begun);
        last.map_or(self.sender.slope_ppm, |change| change.1)
    }

    /// The listener's clock.
    pub(super) fn clock(&self) -> Clock {
        let mut clock = Clock::new(self.clock_start_us, self.drift_ppm);
        for it in &self.incidents.0 {
            match it.kind {
                Kind::ClockStep { by_us, announced } => {
                    clock.step(it.from_us, by_us);
                    if announced {
                        clock.step(it.until_us, -by_us);
                    }
                }
                Kind::Suspend { .. } => clock.stand(it.from_us, it.until_us),
                _ => {}
            }
        }
        clock
    }

    /// The most by which the delay of one beat exceeds that of another, stalls and steps apart.
    pub(super) fn noise_us(&self) -> u64 {
        let jitter_us = match self.path.jitter {
            Jitter::None => 0,
            Jitter::Uniform { by_us } => by_us,
            Jitter::Heavy { by_us } => by_us * 512,
        };
        let more = self.incidents.0.iter().map(|it| match it.kind {
            Kind::Reorder { by_us } | Kind::Slow { by_us } => by_us,
            _ => 0,
        });
        jitter_us + self.sender.late_us + more.max().unwrap_or(0)
    }

    /// Simpler worlds, the simplest first.
    pub(super) fn simpler(&self) -> Vec<Self> {
        let change = |change: &dyn Fn(&mut Self)| {
            let mut simpler = self.clone();
            change(&mut simpler);
            simpler
        };
        let mut all = Vec::new();
        for incidents in self.incidents.reductions() {
            all.push(change(&|it| it.incidents = incidents.clone()));
        }
        if self.life_us > 4 * self.sender.interval_us {
            all.push(change(&|it| it.life_us /= 2));
            all.push(change(&|it| it.life_us -= it.life_us / 8));
        }
        for (wanted, simplify) in self.details() {
            if wanted {
                all.push(change(&simplify));
            }
        }
        for settings in self.settings.simpler() {
            all.push(change(&|it| it.settings = settings.clone()));
        }
        all
    }

    /// What can be left out: whether it is there, and how.
    fn details(&self) -> [Detail; 12] {
        [
            (self.strangers_us.is_some(), |it| it.strangers_us = None),
            (self.path.loss_ppm > 0, |it| it.path.loss_ppm = 0),
            (self.path.duplicate_ppm > 0, |it| it.path.duplicate_ppm = 0),
            (self.path.jitter != Jitter::None, |it| {
                it.path.jitter = Jitter::None;
            }),
            (self.sender.late_us > 0, |it| it.sender.late_us = 0),
            (self.eager_ppm > 0, |it| it.eager_ppm = 0),
            (self.drift_ppm != 0, |it| it.drift_ppm = 0),
            (self.sender.drift_ppm != 0, |it| it.sender.drift_ppm = 0),
            (!self.sender.slopes.is_empty(), |it| {
                it.sender.slopes.clear();
            }),
            (!self.sender.paces.is_empty(), |it| {
                it.sender.paces.pop();
            }),
            (self.sender.leaves_us.is_some(), |it| {
                it.sender.leaves_us = None;
            }),
            (self.clock_start_us != 0, |it| it.clock_start_us = 0),
        ]
    }

    /// The incidents of a kind that `matches`, begun at `now_us` or before.
    pub(super) fn begun(&self, now_us: u64, matches: impl Fn(Kind) -> bool) -> Option<&Incident> {
        let begun = |it: &&Incident| it.from_us <= now_us && matches(it.kind);
        self.incidents.0.iter().rev().find(begun)
    }
}

fn draw_sender(random: &mut Random, interval_us: u64) -> SenderPlan {
    let style = random.pick(&[Style::Own, Style::Foreign]);
    let slope = |random: &mut Random| match random.below(4) {
        0 => 0,
        1 => i32::try_from(random.below(100_000)).unwrap_or(0) - 50_000,
        _ => i32::try_from(random.below(440_001)).unwrap_or(0) - 200_000,
    };
    let mut sender = SenderPlan {
        style,
        interval_us,
        slope_ppm: slope(random),
        slopes: Vec::new(),
        paces: Vec::new(),
        eighths: random.pick(&[1, 1, 1, 0, 2, 4]),
        late_us: match random.below(4) {
            0 => random.between(0, interval_us / 8),
            _ => 0,
        },
        incarnation: random.pick(&[0, 1, 7, u32::MAX / 2, u32::MAX - 100]),
        first_sequence: random.pick(&[0, 0, 1, u32::MAX - 20, u32::MAX / 2 - 10]),
        clock_start_us: clock_start(random, interval_us * 2_000),
        drift_ppm: drift(random),
        leaves_us: random.one_in(8).then(|| random.below(interval_us * 600)),
    };
    if style == Style::Own && random.one_in(2) {
        let mut at_us = 0;
        let mut current_us = interval_us;
        for _ in 0..random.between(1, 3) {
            at_us += current_us * random.between(10, 120) + random.below(current_us);
            let factor = random.magnitude(2, 200);
            let room = current_us < 3_600_000_000 / factor;
            let slower = room && (random.one_in(2) || current_us < 1_000 * factor);
            let changed = if slower {
                current_us * factor
            } else {
                current_us / factor
            };
            current_us = kept_us(changed.max(100));
            sender.paces.push((at_us, current_us));
        }
    }
    if style == Style::Foreign && random.one_in(4) {
        let at_us = interval_us * random.between(20, 300);
        sender.slopes.push((at_us, slope(random)));
    }
    sender
}

fn draw_path(random: &mut Random, interval_us: u64) -> Path {
    let most_us = interval_us.saturating_mul(20).clamp(1_000, 10_000_000);
    let jitter = match random.below(8) {
        0..4 => Jitter::None,
        4 | 5 => Jitter::Uniform {
            by_us: random.magnitude(1, (interval_us / 20).max(1)),
        },
        6 => Jitter::Uniform {
            by_us: random.magnitude(1, interval_us * 2),
        },
        _ => Jitter::Heavy {
            by_us: random.magnitude(2, (interval_us / 256).max(2)),
        },
    };
    Path {
        seed: random.draw(),
        peer: 0,
        each_way_us: random.magnitude(20, most_us),
        jitter,
        loss_ppm: random.pick(&[0, 0, 0, 1_000, 30_000, 200_000]),
        duplicate_ppm: random.pick(&[0, 0, 0, 50_000]),
    }
}

fn clock_start(random: &mut Random, life_us: u64) -> u64 {
    match random.below(8) {
        0..4 => 0,
        4 | 5 => 1_790_000_000_000_000,
        6 => u64::MAX - life_us.saturating_mul(4),
        _ => u64::MAX - life_us / 2,
    }
}

fn drift(random: &mut Random) -> i32 {
    match random.below(3) {
        0 => i32::try_from(random.below(1_001)).unwrap_or(0) - 500,
        1 => random.pick(&[-500, 500, 300, -300]),
        _ => 0,
    }
}
