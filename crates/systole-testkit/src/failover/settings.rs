//! What is configured of a group.

use core::time::Duration;

use systole::pacing::Pacing;
use systole::{
    Config, ConfigError,
    failover::{self, Failback, Preference, SwitchOn},
};

use crate::fleet::settings::{Policy, Settings};
use crate::world::Random;

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
    pub returning: Failback,
    pub switch_on: SwitchOn,
}

fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

impl GroupSettings {
    pub(super) fn draw(random: &mut Random) -> Self {
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
            returning: random.pick(&[Failback::Stay, Failback::Prefer]),
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
    ) -> failover::Config<P> {
        let mut config = failover::Config::probing(active, standby).build().unwrap();
        let mut keep =
            |change: &dyn Fn(failover::Config<P>) -> Result<failover::Config<P>, ConfigError>| {
                config = change(config).unwrap_or(config);
            };
        keep(&|it| it.into_builder().seed(self.active.seed).build());
        if let Some(timeout_us) = self.request_timeout_us {
            keep(&|it| it.into_builder().request_timeout(us(timeout_us)).build());
        }
        if let Some(retries) = self.retries {
            keep(&|it| it.into_builder().retries(retries).build());
        }
        if let Some((first, longest)) = self.quarantine_us {
            keep(&|it| it.into_builder().quarantine(us(first), us(longest)).build());
        }
        if let Some(hold_down) = self.hold_down_us {
            keep(&|it| it.into_builder().hold_down(us(hold_down)).build());
        }
        config
            .into_builder()
            .enabled(self.enabled)
            .preference(self.preference)
            .failback(self.returning)
            .switch_on(self.switch_on)
            .build()
            .unwrap()
    }

    pub(super) fn simpler(&self) -> Vec<Self> {
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
                returning: Failback::Stay,
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
