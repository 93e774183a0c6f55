//! How a world of a group is drawn and made simpler.

use systole::failover::{Endpoint, EndpointMode};

use super::draw::Draw;
use super::settings::GroupSettings;
use crate::fleet::{PeerPlan, simpler_lives};
use crate::world::{Incidents, Jitter, Path, Random};

/// Everything that is drawn before the world runs.
#[derive(Clone, Debug)]
pub struct GroupPlan {
    /// What is configured.
    pub settings: GroupSettings,
    /// What our clock shows at first.
    pub start_us: u64,
    /// How long the world lasts.
    pub life_us: u64,
    /// The endpoints.
    pub peers: Vec<PeerPlan>,
    /// Their weights and duties.
    pub duties: Vec<(u16, EndpointMode)>,
    /// What is our fault.
    pub ours: Incidents,
    /// Whether replies carry the moment at which they arrived, or that of reading them.
    pub stamps: bool,
    /// Whether retries are held to a budget: its percentage and reserve.
    pub budget: Option<(u8, u16)>,
    /// How often the group is polled again early: never where 0, else one time in so many.
    pub early: u64,
    /// Whether the caller chooses endpoints and changes what the group may do in the middle of drains.
    pub meddles: bool,
    /// Whether the world runs twice, to compare what comes out.
    pub twice: bool,
}

impl GroupPlan {
    /// Draws a world.
    pub fn draw(random: &mut Random) -> Self {
        let settings = GroupSettings::draw(random);
        let count = random.pick(&[1_u32, 2, 2, 3, 3, 4, 6]);
        let scale_us = settings.active.policy.scale_us();
        let life_us = scale_us.saturating_mul(random.between(20, 400));
        let mut draw = Draw {
            random,
            scale_us,
            life_us,
        };
        let lone = draw
            .random
            .one_in(2)
            .then(|| draw.random.between(0, u64::from(count) - 1));
        let timeout_us = settings
            .active
            .timeouts_us
            .map_or(scale_us / 10, |(_, min, _)| min);
        let timeout_us = timeout_us.min(settings.request_timeout_us.unwrap_or(timeout_us));
        let quick = draw.random.chance_ppm(700_000);
        let peers = (0..count).map(|peer| {
            let calm = lone.is_some_and(|lone| lone != u64::from(peer));
            draw.peer(peer, quick, timeout_us, calm)
        });
        let peers = peers.collect::<Vec<_>>();
        let ours = draw.ours();
        let duty = |random: &mut Random| match random.below(10) {
            0 => EndpointMode::Pinned,
            1 => EndpointMode::Disabled,
            _ => EndpointMode::Normal,
        };
        let mut duties = (0..count)
            .map(|_| (random.pick(&[1, 1, 2, 10]), duty(random)))
            .collect::<Vec<_>>();
        if duties
            .iter()
            .all(|(_, duty)| *duty == EndpointMode::Disabled)
        {
            duties[0].1 = EndpointMode::Normal;
        }
        Self {
            settings,
            start_us: random.pick(&[0, 1_796_000_000_000_000, u64::MAX - life_us / 2]),
            life_us,
            peers,
            duties,
            ours,
            stamps: random.chance_ppm(700_000),
            budget: random
                .one_in(5)
                .then(|| (random.pick(&[0, 10, 50]), random.pick(&[0, 1, 10]))),
            early: random.pick(&[0, 0, 1, 7]),
            twice: random.one_in(16),
            meddles: random.one_in(10),
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
        let count = self.peers.len();
        if count > 1 {
            all.extend((0..count).map(|out| {
                let mut fewer = self.clone();
                fewer.peers.remove(out);
                fewer.duties.remove(out);
                fewer
            }));
        }
        for index in 0..count {
            let path = self.peers[index].path;
            let plain = Path {
                jitter: Jitter::None,
                loss_ppm: 0,
                duplicate_ppm: 0,
                ..path
            };
            if plain != path {
                let mut plan = self.clone();
                plan.peers[index].path = plain;
                all.push(plan);
            }
            if self.duties[index] != (1, EndpointMode::Normal) {
                let mut plan = self.clone();
                plan.duties[index] = (1, EndpointMode::Normal);
                all.push(plan);
            }
        }
        let settings = self.settings.simpler().into_iter();
        all.extend(settings.map(|settings| Self {
            settings,
            ..self.clone()
        }));
        let plain = Self {
            start_us: 0,
            stamps: true,
            budget: None,
            early: 0,
            meddles: false,
            ..self.clone()
        };
        if (self.start_us, self.early, self.meddles) != (0, 0, false)
            || self.budget.is_some()
            || !self.stamps
        {
            all.push(plain);
        }
        all.retain(|plan| {
            plan.duties
                .iter()
                .any(|(_, duty)| *duty != EndpointMode::Disabled)
        });
        all
    }

    /// The endpoints as the group is told of them.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let endpoint =
            |(weight, duty): &(u16, EndpointMode)| Endpoint::new().weight(*weight).mode(*duty);
        self.duties.iter().map(endpoint).collect()
    }
}
