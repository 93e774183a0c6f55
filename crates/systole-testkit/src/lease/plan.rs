//! What is drawn before a world runs.

use std::time::Duration;

use systole::lease::Config;

use crate::world::{Incident, Incidents, Jitter, Kind, Path, Random};

/// The number of the server, for incidents that are about it.
pub(super) const SERVER: u32 = 1_000;

/// A world.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) seed: u64,
    pub(super) ttl_us: u64,
    pub(super) until_us: u64,
    pub(super) server: ServerPlan,
    pub(super) holders: Vec<HolderPlan>,
    /// Those of the server and of the paths.
    pub(super) incidents: Incidents,
}

/// How the server keeps leases.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerPlan {
    pub(super) drift_ppm: i32,
    /// Expiry is rounded down to a multiple of this.
    pub(super) resolution_us: u64,
    /// Whether a renewal sets the expiry, where others never move it earlier.
    pub(super) sets: bool,
    /// Whether it grants other TTLs than those it was asked for.
    pub(super) varies: bool,
    /// It forgets what it granted at this moment, and gives the lease away.
    pub(super) breaks_at_us: Option<u64>,
}

/// A process that wants the lease.
#[derive(Clone, Debug)]
pub(super) struct HolderPlan {
    pub(super) starts_us: u64,
    pub(super) clock_us: u64,
    pub(super) drift_ppm: i32,
    pub(super) path: Path,
    /// Its own trouble.
    pub(super) ours: Incidents,
}

impl Plan {
    pub(super) fn draw(random: &mut Random) -> Self {
        let ttl_us = random.magnitude(50_000, 60_000_000);
        let until_us = ttl_us * random.between(10, 150);
        let calm = random.one_in(4);
        let server = ServerPlan::draw(random, ttl_us, until_us, calm);
        let count = if calm { 1 } else { random.between(1, 3) };
        let holders = (0..count).map(|peer| HolderPlan::draw(random, peer, ttl_us, until_us, calm));
        let holders: Vec<_> = holders.collect();
        let incidents = match calm {
            true => Vec::new(),
            false => paths(random, count, ttl_us, until_us),
        };
        Self {
            seed: random.draw(),
            ttl_us,
            until_us,
            server,
            holders,
            incidents: Incidents(incidents),
        }
    }

    /// Whether nothing goes wrong but a few losses.
    pub(super) fn is_calm(&self) -> bool {
        let ours = self.holders.iter().any(|holder| !holder.ours.0.is_empty());
        let alone = self.holders.len() == 1;
        let kept = self.server.breaks_at_us.is_none() && !self.server.varies;
        alone && kept && !ours && self.incidents.0.is_empty()
    }

    /// Whether the server keeps what it granted.
    pub(super) fn is_faithful(&self) -> bool {
        self.server.breaks_at_us.is_none()
    }

    /// When the last incident is over.
    pub(super) fn calm_from_us(&self) -> u64 {
        let ours = self.holders.iter().flat_map(|holder| &holder.ours.0);
        let all = ours.chain(&self.incidents.0).map(|it| it.until_us);
        all.max().unwrap_or(0)
    }

    pub(super) fn config(&self, ttl_us: u64) -> Config {
        Config::renewed(Duration::from_micros(ttl_us))
            .resolution(Duration::from_micros(self.server.resolution_us))
            .seed(self.seed)
            .build()
            .expect("within range")
    }

    pub(super) fn simpler(&self) -> Vec<Self> {
        let mut all = Vec::new();
        if self.holders.len() > 1 {
            for drop in 0..self.holders.len() {
                let mut fewer = self.clone();
                fewer.holders.remove(drop);
                all.push(fewer);
            }
        }
        for incidents in self.incidents.reductions() {
            all.push(Self {
                incidents,
                ..self.clone()
            });
        }
        for (index, holder) in self.holders.iter().enumerate() {
            for ours in holder.ours.reductions() {
                let mut fewer = self.clone();
                fewer.holders[index].ours = ours;
                all.push(fewer);
            }
        }
        all
    }
}

impl ServerPlan {
    fn draw(random: &mut Random, ttl_us: u64, until_us: u64, calm: bool) -> Self {
        let breaks = !calm && random.one_in(6);
        let sets = random.one_in(2);
        Self {
            drift_ppm: drift(random),
            resolution_us: random.pick(&[0, 1, 1_000, ttl_us / 50]),
            sets,
            varies: !sets && !calm && random.one_in(2),
            breaks_at_us: breaks.then(|| random.below(until_us)),
        }
    }
}

impl HolderPlan {
    fn draw(random: &mut Random, peer: u64, ttl_us: u64, until_us: u64, calm: bool) -> Self {
        let each_way_us = random.magnitude(ttl_us / 10_000 + 1, ttl_us / if calm { 20 } else { 5 });
        let jitter = match random.below(3) {
            0 => Jitter::None,
            1 => Jitter::Uniform { by_us: each_way_us },
            _ => Jitter::Heavy {
                by_us: each_way_us / if calm { 64 } else { 4 },
            },
        };
        let loss_ppm = if calm { 5_000 } else { 100_000 };
        let path = Path {
            seed: random.draw(),
            peer: u32::try_from(peer).unwrap_or(0),
            each_way_us,
            jitter,
            loss_ppm: random.pick(&[0, loss_ppm / 10, loss_ppm]),
            duplicate_ppm: random.pick(&[0, 10_000]),
        };
        let ours = if calm {
            Vec::new()
        } else {
            own(random, ttl_us, until_us)
        };
        Self {
            starts_us: if peer == 0 {
                0
            } else {
                random.below(until_us / 4)
            },
            clock_us: start(random),
            drift_ppm: drift(random),
            path,
            ours: Incidents(ours),
        }
    }
}

/// Clocks start anywhere: at 0, at Unix time, near the end.
fn start(random: &mut Random) -> u64 {
    let far_us = u64::MAX - 1_000_000_000_000;
    random.pick(&[0, 1_000_000, 1_700_000_000_000_000, far_us])
}

fn drift(random: &mut Random) -> i32 {
    let any = i32::try_from(random.below(1_001)).unwrap_or(0) - 500;
    random.pick(&[-500, 500, 0, any])
}

fn span(random: &mut Random, ttl_us: u64, until_us: u64, peer: u32, kind: Kind) -> Incident {
    let from_us = random.below(until_us);
    let lasts_us = random.magnitude(ttl_us / 100, ttl_us * 4);
    Incident {
        from_us,
        until_us: from_us + lasts_us,
        peer,
        kind,
    }
}

fn paths(random: &mut Random, holders: u64, ttl_us: u64, until_us: u64) -> Vec<Incident> {
    let draw = |random: &mut Random| {
        let peer = u32::try_from(random.below(holders)).unwrap_or(0);
        let by_us = random.magnitude(ttl_us / 100, ttl_us * 2);
        let (peer, kind) = match random.below(9) {
            0 => (SERVER, Kind::Crash),
            1 => (SERVER, Kind::Hang),
            2 => (peer, Kind::LossOut { ppm: 1_000_000 }),
            3 => (peer, Kind::LossBack { ppm: 1_000_000 }),
            4 => (peer, Kind::LossOut { ppm: 500_000 }),
            5 => (peer, Kind::Stall),
            6 => (peer, Kind::Reorder { by_us }),
            7 => (peer, Kind::Duplicate),
            _ => (
                peer,
                Kind::RttStep {
                    each_way_us: random.magnitude(ttl_us / 1_000, ttl_us / 4),
                },
            ),
        };
        span(random, ttl_us, until_us, peer, kind)
    };
    (0..random.between(0, 10)).map(|_| draw(random)).collect()
}

fn own(random: &mut Random, ttl_us: u64, until_us: u64) -> Vec<Incident> {
    let draw = |random: &mut Random| {
        let by_us = random.magnitude(ttl_us / 1_000, ttl_us * 2);
        let leap_us = i64::try_from(by_us).unwrap_or(i64::MAX);
        let what = u32::try_from(random.draw() >> 32).unwrap_or(0);
        let kind = match random.below(9) {
            0 => Kind::Late { by_us },
            1 => Kind::Away { announced: false },
            2 => Kind::SendFails,
            3 => Kind::ClockStep {
                by_us: leap_us,
                announced: false,
            },
            4 | 5 => Kind::ClockStep {
                by_us: -leap_us,
                announced: random.one_in(2),
            },
            _ => Kind::Caller { what },
        };
        span(random, ttl_us, until_us, crate::world::OURS, kind)
    };
    (0..random.between(0, 8)).map(|_| draw(random)).collect()
}
