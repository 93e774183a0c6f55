//! How a world of a group is drawn and made simpler.

use core::time::Duration;

use systole::pacing::Pacing;
use systole::{Config, ConfigError, Duty, Endpoint, FailoverConfig, Preference, Return, SwitchOn};

use crate::fleet::settings::{Policy, Settings};
use crate::fleet::{PeerPlan, fewer_incidents};
use crate::world::{Incident, Incidents, Jitter, Kind, OURS, Path, Random};

/// What is configured of a group, spans in microseconds; what is refused is left as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct GroupSettings {
    pub active: Settings,
    /// How many times slower the others are probed.
    pub slower: u64,
    pub request_timeout_us: Option<u64>,
    pub retries: Option<u8>,
    pub quarantine_us: Option<(u64, u64)>,
    pub hold_down_us: Option<u64>,
    pub enabled: bool,
    pub preference: Preference,
    pub returning: Return,
    pub switch_on: SwitchOn,
}

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
    pub duties: Vec<(u16, Duty)>,
    /// What is our fault.
    pub ours: Incidents,
    /// Whether replies carry the moment at which they arrived, or that of reading them.
    pub stamps: bool,
    /// Whether retries are held to a budget: its percentage and reserve.
    pub budget: Option<(u8, u16)>,
    /// How often the group is polled again early: never where 0, else one time in so many.
    pub early: u64,
    /// Whether the world runs twice, to compare what comes out.
    pub twice: bool,
}

fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

impl GroupSettings {
    fn draw(random: &mut Random) -> Self {
        let active = Settings::draw(random);
        let scale_us = active.policy.scale_us();
        let quarantine_us = random.magnitude(scale_us, scale_us * 60);
        let longest_us = quarantine_us * random.pick(&[1, 2, 10]);
        let timeout_us = random.magnitude(scale_us / 100 + 1, scale_us * 2);
        Self {
            active,
            slower: random.pick(&[1, 2, 5, 5, 20]),
            request_timeout_us: random.chance_ppm(600_000).then_some(timeout_us),
            retries: random.one_in(2).then(|| random.pick(&[0, 1, 2, 5])),
            quarantine_us: random
                .chance_ppm(800_000)
                .then_some((quarantine_us, longest_us)),
            hold_down_us: random
                .chance_ppm(800_000)
                .then(|| random.magnitude(scale_us, scale_us * 60)),
            enabled: !random.one_in(10),
            preference: random.pick(&[Preference::Order, Preference::Rtt, Preference::Weight]),
            returning: random.pick(&[Return::Stay, Return::Prefer]),
            switch_on: random.pick(&[
                SwitchOn::Failure,
                SwitchOn::Failure,
                SwitchOn::Suspicion,
                SwitchOn::Warning,
            ]),
        }
    }

    /// How the endpoints that are not active are probed.
    pub fn standby(&self) -> Settings {
        let slower = |us: u64| us.saturating_mul(self.slower);
        let policy = match self.active.policy {
            Policy::Every(us) => Policy::Every(slower(us)),
            Policy::Fixed(us) => Policy::Fixed(slower(us)),
            Policy::Target(us) => Policy::Target(slower(us)),
            Policy::Hostile(min, max) => Policy::Hostile(slower(min), slower(max)),
        };
        let within_us = self.active.within_us.map(slower);
        Settings {
            policy,
            within_us,
            ..self.active
        }
    }

    /// Builds the configuration, as far as it accepts what is set.
    pub fn build<P: Pacing + Copy>(
        &self,
        active: Config<P>,
        standby: Config<P>,
    ) -> FailoverConfig<P> {
        let mut config = FailoverConfig::new(active, standby);
        let mut keep =
            |change: &dyn Fn(FailoverConfig<P>) -> Result<FailoverConfig<P>, ConfigError>| {
                config = change(config).unwrap_or(config);
            };
        keep(&|it| it.seed(self.active.seed));
        if let Some(timeout_us) = self.request_timeout_us {
            keep(&|it| it.request_timeout(us(timeout_us)));
        }
        if let Some(retries) = self.retries {
            keep(&|it| it.retries(retries));
        }
        if let Some((first, longest)) = self.quarantine_us {
            keep(&|it| it.quarantine(us(first), us(longest)));
        }
        if let Some(hold_down) = self.hold_down_us {
            keep(&|it| it.hold_down(us(hold_down)));
        }
        let config = config.enabled(self.enabled).preference(self.preference);
        config.returning(self.returning).switch_on(self.switch_on)
    }

    fn simpler(&self) -> Vec<Self> {
        let mut all = vec![
            Self { slower: 1, ..*self },
            Self {
                retries: None,
                ..*self
            },
            Self {
                quarantine_us: None,
                ..*self
            },
            Self {
                hold_down_us: None,
                ..*self
            },
            Self {
                preference: Preference::Order,
                ..*self
            },
            Self {
                returning: Return::Stay,
                ..*self
            },
            Self {
                switch_on: SwitchOn::Failure,
                ..*self
            },
        ];
        let active = self.active.simpler().into_iter();
        all.extend(active.map(|active| Self { active, ..*self }));
        all.retain(|it| it != self);
        all
    }
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
            0 => Duty::Pinned,
            1 => Duty::Barred,
            _ => Duty::Normal,
        };
        let mut duties = (0..count)
            .map(|_| (random.pick(&[1, 1, 2, 10]), duty(random)))
            .collect::<Vec<_>>();
        if duties.iter().all(|(_, duty)| *duty == Duty::Barred) {
            duties[0].1 = Duty::Normal;
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
        }
    }

    /// Simpler worlds, the simplest first.
    pub fn simpler(&self) -> Vec<Self> {
        let mut all = vec![
            Self {
                life_us: self.life_us / 2,
                ..self.clone()
            },
            Self {
                life_us: self.life_us * 7 / 8,
                ..self.clone()
            },
        ];
        let count = self.peers.len();
        if count > 1 {
            all.extend((0..count).map(|out| {
                let mut fewer = self.clone();
                fewer.peers.remove(out);
                fewer.duties.remove(out);
                fewer
            }));
        }
        all.extend(self.ours.reductions().into_iter().map(|ours| Self {
            ours,
            ..self.clone()
        }));
        all.extend(fewer_incidents(&self.peers).map(|peers| Self {
            peers,
            ..self.clone()
        }));
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
            if self.duties[index] != (1, Duty::Normal) {
                let mut plan = self.clone();
                plan.duties[index] = (1, Duty::Normal);
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
            ..self.clone()
        };
        if (self.start_us, self.early) != (0, 0) || self.budget.is_some() || !self.stamps {
            all.push(plain);
        }
        all.retain(|plan| plan.duties.iter().any(|(_, duty)| *duty != Duty::Barred));
        all
    }

    /// The endpoints as the group is told of them.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let endpoint = |(weight, duty): &(u16, Duty)| Endpoint::new().weight(*weight).duty(*duty);
        self.duties.iter().map(endpoint).collect()
    }
}

struct Draw<'a> {
    random: &'a mut Random,
    scale_us: u64,
    life_us: u64,
}

impl Draw<'_> {
    fn span(&mut self, to_us: u64) -> (u64, u64) {
        let from_us = self.random.below(self.life_us);
        (
            from_us,
            from_us + self.random.magnitude(self.scale_us / 8 + 1, to_us),
        )
    }

    fn peer(&mut self, peer: u32, quick: bool, timeout_us: u64, calm: bool) -> PeerPlan {
        let random = &mut *self.random;
        let each_way_us = if quick {
            random.magnitude(1, (timeout_us / 4).clamp(1, 10_000_000))
        } else {
            random.magnitude(1, self.scale_us.clamp(1, 10_000_000))
        };
        let jitter = match random.below(4) {
            0 => Jitter::Uniform {
                by_us: random.between(0, timeout_us / 4),
            },
            1 if !quick => Jitter::Heavy {
                by_us: each_way_us / 4,
            },
            _ => Jitter::None,
        };
        let loss_ppm = if quick {
            0
        } else {
            random.pick(&[0, 0, 10_000, 100_000])
        };
        let path = Path {
            seed: random.draw(),
            peer,
            each_way_us,
            jitter,
            loss_ppm,
            duplicate_ppm: 0,
        };
        let kinds = if calm {
            0
        } else {
            self.random.pick(&[0, 1, 1, 2])
        };
        let mut all = Vec::new();
        for _ in 0..kinds {
            let what = self.random.below(10);
            for _ in 0..self.random.pick(&[1, 1, 2, 6]) {
                all.push(self.incident(peer, what));
            }
        }
        PeerPlan {
            added_us: 0,
            removed_us: None,
            path,
            incidents: Incidents(all),
        }
    }

    fn incident(&mut self, peer: u32, what: u64) -> Incident {
        let (from_us, until_us) = self.span(self.scale_us.saturating_mul(40));
        let end_us = if self.random.one_in(3) {
            u64::MAX
        } else {
            until_us
        };
        let delay_us = self.random.magnitude(1, self.scale_us.clamp(2, 20_000_000));
        let (kind, until_us) = match what {
            0..=4 => (Kind::Crash, end_us),
            5 => (Kind::Hang, until_us),
            6 => (Kind::Slow { by_us: delay_us }, until_us),
            7 => (Kind::Refuse, end_us),
            8 => (Kind::Stall, until_us),
            _ => (
                Kind::Caller {
                    what: u32::try_from(self.random.below(8)).unwrap_or(0),
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

    fn ours(&mut self) -> Incidents {
        let mut all = Vec::new();
        for _ in 0..self.random.pick(&[0, 0, 1, 1, 2]) {
            let what = self.random.below(3);
            for _ in 0..self.random.pick(&[1, 2, 5]) {
                let (from_us, until_us) = self.span(self.scale_us.saturating_mul(20));
                let by_us = self.random.magnitude(1, self.scale_us.max(2));
                let by_us = self.random.pick(&[1, by_us]);
                let (from_us, until_us, kind) = match what {
                    0 if self.random.one_in(2) => (0, u64::MAX, Kind::Late { by_us }),
                    0 => (from_us, until_us, Kind::Late { by_us }),
                    1 => (
                        from_us,
                        until_us,
                        Kind::Away {
                            announced: self.random.one_in(2),
                        },
                    ),
                    _ => (from_us, until_us, Kind::SendFails),
                };
                all.push(Incident {
                    from_us,
                    until_us,
                    peer: OURS,
                    kind,
                });
            }
        }
        Incidents(all)
    }
}
