//! How a world of a fleet is drawn and made simpler.

use systole::Fleet;

use super::settings::Settings;
use crate::with_config;
use crate::world::{Incident, Incidents, Jitter, Kind, OURS, Path, Random};

/// Everything that is drawn before the world runs.
#[derive(Clone, Debug)]
pub struct FleetPlan {
    /// What is configured.
    pub settings: Settings,
    /// What our clock shows at first.
    pub start_us: u64,
    /// How long the world lasts.
    pub life_us: u64,
    /// Who is in the fleet.
    pub peers: Vec<PeerPlan>,
    /// What is our fault.
    pub ours: Incidents,
    /// Whether replies carry the moment at which they arrived, or that of reading them.
    pub stamps: bool,
    /// Whether arrivals wake us; otherwise they are read at the next deadline.
    pub wakes: bool,
    /// How long the system takes to say that it cannot send.
    pub unsent_after_us: u64,
    /// How often the fleet is polled again early: never where 0, else one time in so many.
    pub early: u64,
    /// Whether the world runs twice, to compare what comes out.
    pub twice: bool,
}

/// A peer: when it is in the fleet, the path to it, and what happens to it.
#[derive(Clone, Debug)]
pub struct PeerPlan {
    /// When it is added.
    pub added_us: u64,
    /// When it is removed.
    pub removed_us: Option<u64>,
    /// The path to it.
    pub path: Path,
    /// What happens to it, to the path and about it.
    pub incidents: Incidents,
}

impl PeerPlan {
    /// The longest round trip without incidents.
    pub fn longest_rtt_us(&self) -> u64 {
        let most_us = match self.path.jitter {
            Jitter::None => 0,
            Jitter::Uniform { by_us } => by_us,
            Jitter::Heavy { by_us } => (by_us / 2) << 10,
        };
        2 * (self.path.each_way_us + most_us)
    }

    /// Whether the path loses nothing, and nothing happens to the peer but that it is down.
    pub fn is_clean(&self) -> bool {
        let harmless = |kind| {
            matches!(
                kind,
                Kind::Crash | Kind::Restart | Kind::Hang | Kind::Refuse | Kind::Caller { .. }
            )
        };
        self.path.loss_ppm == 0 && self.incidents.0.iter().all(|it| harmless(it.kind))
    }
}

/// What a simpler world of the same kind differs in: how long it lasts, whom it is about, what is
/// our fault.
pub type Simpler = (u64, Vec<PeerPlan>, Incidents);

/// Worlds that end sooner, in which less is our fault, or less happens to one of `peers`.
pub fn simpler_lives(life_us: u64, peers: &[PeerPlan], ours: &Incidents) -> Vec<Simpler> {
    let sooner = [life_us / 2, life_us * 7 / 8].map(|us| (us, peers.to_vec(), ours.clone()));
    let mut all = Vec::from(sooner);
    let fewer = ours.reductions().into_iter();
    all.extend(fewer.map(|ours| (life_us, peers.to_vec(), ours)));
    for (index, peer) in peers.iter().enumerate() {
        all.extend(peer.incidents.reductions().into_iter().map(|incidents| {
            let mut peers = peers.to_vec();
            peers[index].incidents = incidents;
            (life_us, peers, ours.clone())
        }));
    }
    all
}

/// The bound that a fleet states of a peer of which nothing is known.
pub fn first_bound_us(settings: Settings) -> u64 {
    with_config!(settings, |config| {
        let now = systole::Instant::ZERO;
        let mut fleet = Fleet::<4, _>::with_window(config, now).unwrap();
        let peer = fleet.add(now);
        let bound = fleet.status(peer, now).unwrap().path.plan.bound();
        u64::try_from(bound.as_micros()).unwrap_or(u64::MAX)
    })
}

/// The shortest timeout of the configuration.
fn shortest_timeout_us(settings: Settings) -> u64 {
    with_config!(settings, |config| {
        u64::try_from(config.timeout_min().as_micros()).unwrap_or(u64::MAX)
    })
}

impl FleetPlan {
    /// Draws a world.
    pub fn draw(random: &mut Random) -> Self {
        let mut settings = Settings::draw(random);
        let crowd = random.one_in(40);
        settings.max_in_flight |= crowd && random.one_in(2);
        let bound_us = first_bound_us(settings);
        let timeout_us = shortest_timeout_us(settings);
        let count = if crowd {
            let most = random.pick(&[300, 600]);
            random.between(130, most)
        } else {
            random.pick(&[1, 1, 2, 3, 5, 8])
        };
        let scale_us = settings.policy.scale_us();
        let most_us = scale_us.saturating_mul(3_000 / count.min(100));
        let life_us = (bound_us * random.between(4, 30)).min(most_us);
        let mut draw = Draw {
            random,
            settings,
            bound_us,
            life_us,
        };
        let ours = draw.ours();
        let peers = (0..u32::try_from(count).unwrap_or(0))
            .map(|peer| draw.peer(peer))
            .collect();
        let random = draw.random;
        let starts_us = [
            0,
            1,
            1_796_000_000_000_000,
            u64::MAX - 2 * life_us,
            u64::MAX - life_us / 2,
        ];
        Self {
            settings,
            start_us: random.pick(&starts_us),
            life_us,
            peers,
            ours,
            stamps: random.chance_ppm(700_000),
            wakes: random.chance_ppm(800_000),
            // told before the probe could be overdue
            unsent_after_us: random.pick(&[0, 0, 1, 2_000]).min(timeout_us / 2),
            early: random.pick(&[0, 0, 1, 7]),
            twice: random.one_in(16),
        }
    }

    /// Simpler worlds, the simplest first.
    pub fn simpler(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let count = self.peers.len();
        if count > 1 {
            let halves = [0..count / 2, count / 2..count];
            all.extend(halves.map(|part| Self {
                peers: self.peers[part].to_vec(),
                ..self.clone()
            }));
        }
        if (2..12).contains(&count) {
            all.extend((0..count).map(|out| {
                let mut fewer = self.clone();
                fewer.peers.remove(out);
                fewer
            }));
        }
        all.push(Self {
            life_us: self.life_us / 2,
            ..self.clone()
        });
        all.push(Self {
            life_us: self.life_us * 7 / 8,
            ..self.clone()
        });
        all.extend(self.ours.reductions().into_iter().map(|ours| Self {
            ours,
            ..self.clone()
        }));
        for index in 0..count.min(12) {
            all.extend(self.simpler_peers(index));
        }
        all.extend(self.simpler_ways());
        all
    }

    fn simpler_peers(&self, index: usize) -> Vec<Self> {
        let peer = &self.peers[index];
        let with = |peer: PeerPlan| {
            let mut plan = self.clone();
            plan.peers[index] = peer;
            plan
        };
        let fewer = peer.incidents.reductions().into_iter();
        let mut all = fewer
            .map(|incidents| {
                with(PeerPlan {
                    incidents,
                    ..peer.clone()
                })
            })
            .collect::<Vec<_>>();
        let plain = Path {
            jitter: Jitter::None,
            loss_ppm: 0,
            duplicate_ppm: 0,
            ..peer.path
        };
        if plain != peer.path {
            all.push(with(PeerPlan {
                path: plain,
                ..peer.clone()
            }));
        }
        if peer.removed_us.is_some() {
            all.push(with(PeerPlan {
                removed_us: None,
                ..peer.clone()
            }));
        }
        if peer.added_us > 0 {
            all.push(with(PeerPlan {
                added_us: 0,
                ..peer.clone()
            }));
        }
        all
    }

    fn simpler_ways(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let settings = self.settings.simpler().into_iter();
        all.extend(settings.map(|settings| Self {
            settings,
            ..self.clone()
        }));
        if self.start_us > 0 {
            all.push(Self {
                start_us: 0,
                ..self.clone()
            });
        }
        if self.early > 0 {
            all.push(Self {
                early: 0,
                ..self.clone()
            });
        }
        if !self.stamps {
            all.push(Self {
                stamps: true,
                ..self.clone()
            });
        }
        if !self.wakes {
            all.push(Self {
                wakes: true,
                ..self.clone()
            });
        }
        if self.unsent_after_us > 0 {
            all.push(Self {
                unsent_after_us: 0,
                ..self.clone()
            });
        }
        all
    }
}

struct Draw<'a> {
    random: &'a mut Random,
    settings: Settings,
    bound_us: u64,
    life_us: u64,
}

impl Draw<'_> {
    fn span(&mut self, from_us: u64, to_us: u64) -> (u64, u64) {
        let from = self.random.below(self.life_us);
        (
            from,
            from + self.random.magnitude(from_us.max(1), to_us.max(2)),
        )
    }

    /// What is our fault: mostly one kind alone.
    fn ours(&mut self) -> Incidents {
        let kinds = self.random.pick(&[0, 1, 1, 1, 2, 3]);
        let mut all = Vec::new();
        for _ in 0..kinds {
            let what = self.random.below(5);
            let times = self.random.pick(&[1, 1, 2, 5]);
            let whole_life = self.random.one_in(2);
            for _ in 0..times {
                all.push(self.our_trouble(what, whole_life));
            }
        }
        Incidents(all)
    }

    fn our_trouble(&mut self, what: u64, whole_life: bool) -> Incident {
        let bound_us = self.bound_us;
        let (from_us, until_us) = self.span(1, bound_us.saturating_mul(3));
        let late_us = self.random.magnitude(1, bound_us / 2 + 2);
        let late_us = self.random.pick(&[1, 1, late_us]);
        let (kind, from_us, until_us) = match what {
            0 if whole_life => (Kind::Late { by_us: late_us }, 0, u64::MAX),
            0 => (Kind::Late { by_us: late_us }, from_us, until_us),
            1 => {
                let hours_us = self
                    .random
                    .magnitude(bound_us, bound_us.max(2 * 3_600_000_000));
                let span_us = self.random.pick(&[until_us - from_us, hours_us]);
                (Kind::Away { announced: false }, from_us, from_us + span_us)
            }
            2 => (Kind::SendFails, from_us, until_us),
            _ => {
                let short_us = self.random.magnitude(1, bound_us / 4 + 2);
                (Kind::Overflow, from_us, from_us + short_us)
            }
        };
        Incident {
            from_us,
            until_us,
            peer: OURS,
            kind,
        }
    }

    fn peer(&mut self, peer: u32) -> PeerPlan {
        let life_us = self.life_us;
        let added_us = if self.random.one_in(4) {
            self.random.below(life_us)
        } else {
            0
        };
        let stays_us = self.random.below(life_us);
        let removed_us = self.random.one_in(6).then_some(added_us + stays_us);
        let path = self.path(peer);
        let incidents = self.happens(peer);
        PeerPlan {
            added_us,
            removed_us,
            path,
            incidents,
        }
    }

    /// Half of the paths answer within the shortest timeout, and lose nothing.
    fn path(&mut self, peer: u32) -> Path {
        let timeout_us = shortest_timeout_us(self.settings);
        let quick = self.random.one_in(2);
        let most_us = if quick {
            timeout_us / 4
        } else {
            self.bound_us / 3
        };
        let each_way_us = self.random.magnitude(1, most_us.clamp(1, 10_000_000));
        let by_us = if quick { timeout_us / 4 } else { each_way_us };
        let jitter = match self.random.below(4) {
            0 => Jitter::Uniform {
                by_us: by_us.min(self.random.magnitude(1, 1_000_000)),
            },
            1 if !quick => Jitter::Heavy { by_us: by_us / 8 },
            _ => Jitter::None,
        };
        let loss_ppm = if quick {
            0
        } else {
            self.random.pick(&[0, 0, 10_000, 200_000])
        };
        let duplicate_ppm = self.random.pick(&[0, 0, 0, 50_000]);
        let seed = self.random.draw();
        Path {
            seed,
            peer,
            each_way_us,
            jitter,
            loss_ppm,
            duplicate_ppm,
        }
    }

    fn happens(&mut self, peer: u32) -> Incidents {
        let kinds = self.random.pick(&[0, 0, 1, 1, 1, 2]);
        let mut all = Vec::new();
        for _ in 0..kinds {
            let what = self.random.below(12);
            for _ in 0..self.random.pick(&[1, 1, 2, 4]) {
                all.push(self.incident(peer, what));
            }
        }
        Incidents(all)
    }

    fn incident(&mut self, peer: u32, what: u64) -> Incident {
        let bound_us = self.bound_us;
        let (from_us, until_us) = self.span(bound_us / 16, bound_us * 4);
        let for_good = self.random.one_in(3);
        let end_us = if for_good { u64::MAX } else { until_us };
        let delay_us = self.random.magnitude(1, bound_us.clamp(2, 20_000_000));
        let (kind, until_us) = match what {
            0..=4 => (Kind::Crash, end_us),
            5 => (Kind::Hang, until_us),
            6 => (Kind::Slow { by_us: delay_us }, until_us),
            7 => (Kind::Refuse, end_us),
            8 => (Kind::LossBack { ppm: 500_000 }, until_us),
            9 => (Kind::Stall, until_us),
            10 => (
                Kind::RttStep {
                    each_way_us: delay_us,
                },
                until_us,
            ),
            _ => (
                Kind::Caller {
                    what: u32::try_from(self.random.below(4)).unwrap_or(0),
                },
                from_us,
            ),
        };
        Incident {
            from_us,
            until_us,
            peer,
            kind,
        }
    }
}
