//! The network between us and a peer.

use super::{Incidents, Kind, Random};

/// How much the time under way varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Not at all.
    None,
    /// Uniform, up to this much more.
    Uniform {
        /// In microseconds.
        by_us: u64,
    },
    /// Uniform up to half of this, doubled again and again by the toss of a coin, ten times at most.
    Heavy {
        /// In microseconds.
        by_us: u64,
    },
}

/// A path with its usual delay, variation and losses; incidents change it for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// What it draws from, beside the number of the datagram.
    pub seed: u64,
    /// Which peer it leads to, for incidents.
    pub peer: u32,
    /// The least time under way, each way.
    pub each_way_us: u64,
    /// How much more it is.
    pub jitter: Jitter,
    /// How often a datagram is lost, each way.
    pub loss_ppm: u32,
    /// How often one arrives twice.
    pub duplicate_ppm: u32,
}

/// When a datagram arrives: never, once or twice.
pub type Arrivals = [Option<u64>; 2];

impl Path {
    /// Whether it delays every datagram alike and loses none, incidents apart.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.jitter == Jitter::None && self.loss_ppm == 0
    }

    /// When datagram `number`, sent by us at `sent_us`, arrives at the peer.
    #[must_use]
    pub fn out(&self, number: u64, sent_us: u64, incidents: &Incidents) -> Arrivals {
        let loss = |kind| match kind {
            Kind::LossOut { ppm } => ppm,
            _ => 0,
        };
        self.cross(Random::of(self.seed, 1, number), sent_us, incidents, loss)
    }

    /// When datagram `number`, sent by the peer at `sent_us`, arrives at us.
    #[must_use]
    pub fn back(&self, number: u64, sent_us: u64, incidents: &Incidents) -> Arrivals {
        let loss = |kind| match kind {
            Kind::LossBack { ppm } => ppm,
            _ => 0,
        };
        self.cross(Random::of(self.seed, 2, number), sent_us, incidents, loss)
    }

    /// The least time under way, each way, of what is sent at `now_us`.
    #[must_use]
    pub fn least_us(&self, now_us: u64, incidents: &Incidents) -> u64 {
        let begun = |it: &&super::Incident| it.peer == self.peer && it.from_us <= now_us;
        let steps = incidents.0.iter().filter(begun);
        let last = steps.filter_map(|it| match it.kind {
            Kind::RttStep { each_way_us } => Some((it.from_us, each_way_us)),
            _ => None,
        });
        last.max().map_or(self.each_way_us, |(_, us)| us)
    }

    fn cross(
        &self,
        mut random: Random,
        sent_us: u64,
        incidents: &Incidents,
        loss_of: impl Fn(Kind) -> u32,
    ) -> Arrivals {
        let (mut extra_ppm, mut twice) = (0, false);
        for it in incidents.at(sent_us, self.peer) {
            extra_ppm = extra_ppm.max(loss_of(it.kind));
            twice |= it.kind == Kind::Duplicate;
        }
        let lost = random.chance_ppm(self.loss_ppm.max(extra_ppm));
        twice |= random.chance_ppm(self.duplicate_ppm);
        if lost {
            return [None, None];
        }
        let first = self.arrival(&mut random, sent_us, incidents);
        [
            Some(first),
            twice.then(|| self.arrival(&mut random, sent_us, incidents)),
        ]
    }

    fn arrival(&self, random: &mut Random, sent_us: u64, incidents: &Incidents) -> u64 {
        let varied_us = self.jitter.draw_us(random);
        let reorder = incidents
            .at(sent_us, self.peer)
            .find_map(|it| match it.kind {
                Kind::Reorder { by_us } => Some(random.between(0, by_us)),
                _ => None,
            });
        let least_us = self.least_us(sent_us, incidents);
        let at_us = sent_us + least_us + varied_us + reorder.unwrap_or(0);
        let stall = incidents.find(at_us, self.peer, |kind| kind == Kind::Stall);
        // in the order of arrival: a microsecond for each second that it was held
        stall.map_or(at_us, |it| it.until_us + (at_us - it.from_us) / 1_000_000)
    }
}

impl Jitter {
    /// The most that it adds, each way.
    #[must_use]
    pub const fn most_us(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Uniform { by_us } => by_us,
            Self::Heavy { by_us } => by_us / 2 * 1_024,
        }
    }

    fn draw_us(self, random: &mut Random) -> u64 {
        match self {
            Self::None => 0,
            Self::Uniform { by_us } => random.between(0, by_us),
            Self::Heavy { by_us } => {
                let doublings = random.draw().trailing_ones().min(10);
                random.between(0, by_us / 2) << doublings
            }
        }
    }
}
