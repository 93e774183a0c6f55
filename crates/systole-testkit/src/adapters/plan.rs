//! How worlds of adapters are drawn and made simpler.

use systole::Retries;

use crate::fleet::settings::{Policy, Settings};
use crate::fleet::{PeerPlan, simpler_lives};
use crate::world::{Incident, Incidents, Jitter, Kind, OURS, Path, Random};

/// Everything that is drawn before the world runs.
#[derive(Clone, Debug)]
pub struct AdapterPlan {
    /// What is configured.
    pub settings: Settings,
    /// How long the world lasts.
    pub life_us: u64,
    /// Whom it probes.
    pub peers: Vec<PeerPlan>,
    /// What is our fault.
    pub ours: Incidents,
    /// The error of the operating system where we cannot send.
    pub errno: i32,
    /// How many probes may be under way at once.
    pub max_in_flight: usize,
    /// How many futures wait for a verdict that never comes.
    pub waiters: u64,
    /// How often the loop is dropped and started again, at most: never where 0.
    pub cancel_us: u64,
    /// Whether the handle is stopped at the end; else it is dropped.
    pub stops: bool,
}

/// What we lack, by the numbers of Linux: EPERM, EACCES, ENFILE, EMFILE, EADDRNOTAVAIL, ENETDOWN,
/// ENOBUFS.
const LACKS: [i32; 7] = [1, 13, 23, 24, 99, 100, 105];

/// The shortest timeout: timers are late by up to a millisecond, and so are answers.
const SHORTEST_US: u64 = 40_000;

impl AdapterPlan {
    /// Draws a world of `most` peers or fewer.
    pub fn draw(random: &mut Random, most: u32) -> Self {
        let base_us = random.pick(&[100_000, 500_000, 1_000_000, 5_000_000]);
        let settings = settings(random, base_us);
        let life_us = base_us * random.between(20, 90);
        let timeout_us = settings.timeouts_us.map_or(base_us / 10, |(_, min, _)| min);
        let count = u32::try_from(random.between(1, most.into())).unwrap_or(1);
        let troubled = random.between(0, 2);
        let peers =
            (0..count).map(|peer| draw_peer(random, peer, base_us, life_us, timeout_us, troubled));
        let peers = peers.collect();
        let ours = draw_ours(random, base_us, life_us, timeout_us);
        Self {
            settings,
            life_us,
            peers,
            ours,
            errno: random.pick(&LACKS),
            max_in_flight: random.pick(&[8, 8, 1, 2]),
            waiters: random.between(0, 6),
            cancel_us: if random.one_in(2) {
                random.magnitude(1_000, base_us)
            } else {
                0
            },
            stops: random.one_in(2),
        }
    }

    /// Simpler worlds, the simplest first.
    pub fn simpler(&self) -> Vec<Self> {
        let lives = simpler_lives(self.life_us, &self.peers, &self.ours).into_iter();
        let mut all = lives
            .map(|(life_us, peers, ours)| Self {
                life_us,
                peers,
                ours,
                ..self.clone()
            })
            .collect::<Vec<_>>();
        if self.peers.len() > 1 {
            all.extend((0..self.peers.len()).map(|out| {
                let mut fewer = self.clone();
                fewer.peers.remove(out);
                fewer
            }));
        }
        let settings = self.settings.simpler().into_iter();
        let settings = settings.filter(|it| it.timeouts_us.is_some());
        all.extend(settings.map(|settings| Self {
            settings,
            ..self.clone()
        }));
        if self.waiters > 0 {
            all.push(Self {
                waiters: self.waiters - 1,
                ..self.clone()
            });
        }
        if self.cancel_us > 0 {
            all.push(Self {
                cancel_us: 0,
                ..self.clone()
            });
        }
        if self.max_in_flight != 8 {
            all.push(Self {
                max_in_flight: 8,
                ..self.clone()
            });
        }
        all
    }
}

fn settings(random: &mut Random, base_us: u64) -> Settings {
    let policy = match random.below(3) {
        0 => Policy::Fixed(base_us),
        1 => Policy::Target(base_us * 4),
        _ => Policy::Every(base_us),
    };
    let min_us = random
        .between(SHORTEST_US.min(base_us / 3), base_us / 2)
        .max(SHORTEST_US);
    let first_us = random.between(min_us, min_us * 3);
    let retries = [
        Retries::NONE,
        Retries::fixed(2),
        Retries::exponential(2),
        Retries::fixed(1),
    ];
    Settings {
        policy,
        timeouts_us: Some((first_us, min_us, first_us * 2)),
        retries: random.one_in(2).then(|| random.pick(&retries)),
        within_us: random.one_in(2).then(|| base_us * random.between(2, 5)),
        jitter_percent: random.pick(&[0, 10]),
        rise: random.pick(&[1, 1, 2]),
        report_us: None,
        max_in_flight: random.one_in(2),
        seed: random.draw() | 1,
    }
}

fn draw_peer(
    random: &mut Random,
    peer: u32,
    base_us: u64,
    life_us: u64,
    timeout_us: u64,
    troubled: u64,
) -> PeerPlan {
    let quick = random.chance_ppm(700_000);
    let most_us = if quick { timeout_us / 5 } else { base_us };
    let jitter = match random.below(3) {
        0 => Jitter::Uniform {
            by_us: timeout_us / 10,
        },
        _ => Jitter::None,
    };
    let path = Path {
        seed: random.draw(),
        peer,
        each_way_us: random.magnitude(10, most_us),
        jitter,
        loss_ppm: if quick { 0 } else { random.pick(&[0, 50_000]) },
        duplicate_ppm: random.pick(&[0, 50_000]),
    };
    let mut all = Vec::new();
    for _ in 0..troubled {
        let from_us = random.below(life_us);
        let until_us = from_us + random.magnitude(base_us / 4, base_us * 30);
        let kind = match random.below(8) {
            0..=4 => Kind::Crash,
            5 => Kind::Hang,
            6 => Kind::Refuse,
            _ => Kind::Caller {
                what: u32::try_from(random.below(3)).unwrap_or(0),
            },
        };
        all.push(Incident {
            from_us,
            until_us,
            peer,
            kind,
        });
    }
    let added_us = if peer > 0 && random.one_in(4) {
        random.below(life_us)
    } else {
        0
    };
    let removed_us = (peer > 0 && random.one_in(8)).then(|| added_us + random.below(life_us));
    PeerPlan {
        added_us,
        removed_us,
        path,
        incidents: Incidents(all),
    }
}

fn draw_ours(random: &mut Random, base_us: u64, life_us: u64, timeout_us: u64) -> Incidents {
    let mut all = Vec::new();
    for _ in 0..random.pick(&[0, 1, 1, 2]) {
        let what = random.below(4);
        for _ in 0..random.pick(&[1, 2, 4]) {
            let from_us = random.below(life_us);
            let span_us = random.magnitude(base_us / 4, base_us * 20);
            let short_us = random.between(1_000, (timeout_us / 2).saturating_sub(8_000).max(2_000));
            let (kind, span_us) = match what {
                0 => (Kind::SendFails, span_us),
                1 => (Kind::Away { announced: false }, span_us),
                _ => (Kind::Overflow, short_us),
            };
            all.push(Incident {
                from_us,
                until_us: from_us + span_us,
                peer: OURS,
                kind,
            });
        }
    }
    Incidents(all)
}
