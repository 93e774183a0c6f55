//! Random policies.

use crate::world::Random;

use super::settings::{HOUR, SECOND};

/// Which policy, with its own settings; spans in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// `Config::every`.
    Every {
        /// The base interval.
        base_us: u64,
    },
    /// One of the presets, by its place in the documentation.
    Preset(u8),
    /// `Config::fixed`.
    Fixed {
        /// The interval.
        interval_us: u64,
    },
    /// `Config::target`.
    Target {
        /// The bound.
        within_us: u64,
        /// `mistakes_at_most_one_per`.
        apart_us: Option<u64>,
        /// `probes_at_most`, in 1,000 s.
        probes: Option<u32>,
    },
    /// `Lifetime::at_most` around a fixed interval.
    AtMost {
        /// The fixed interval.
        interval_us: u64,
        /// Its ceiling.
        ceiling_us: u64,
    },
    /// `Config::lifetime`.
    Lifetime {
        /// Where the search begins.
        least_us: u64,
        /// Where it ends.
        most_us: u64,
        /// Whether trials on a second flow are made.
        second_flow: bool,
    },
    /// A policy that answers anything.
    Hostile {
        /// What it draws from.
        seed: u64,
        /// The configured limits of its intervals.
        min_us: u64,
        /// The longest.
        max_us: u64,
    },
}

impl Policy {
    pub(super) fn draw(random: &mut Random) -> Self {
        let interval_us = if random.one_in(3) {
            random.magnitude(1_000, 4 * HOUR)
        } else {
            random.magnitude(SECOND / 10, 30 * SECOND)
        };
        match random.below(16) {
            0..=4 => Self::Every {
                base_us: interval_us,
            },
            5 => Self::Preset(u8::try_from(random.below(5)).unwrap_or(0)),
            6..=8 => Self::Fixed { interval_us },
            9..=11 => Self::draw_target(random, interval_us.max(1_000)),
            12 => Self::AtMost {
                interval_us,
                ceiling_us: random.magnitude(interval_us / 4 + 1, interval_us * 4),
            },
            13 => Self::draw_lifetime(random),
            _ => Self::Hostile {
                seed: random.draw(),
                min_us: interval_us,
                max_us: random.magnitude(interval_us, (interval_us * 100).min(1 << 40)),
            },
        }
    }

    fn draw_target(random: &mut Random, within_us: u64) -> Self {
        let apart_us = random.magnitude(within_us.saturating_mul(10), 365 * 24 * HOUR);
        let least = 2_000 * SECOND / within_us + 1;
        let probes = random.magnitude(least, least * 32);
        Self::Target {
            within_us,
            apart_us: random.one_in(2).then_some(apart_us),
            probes: u32::try_from(probes).ok().filter(|_| random.one_in(6)),
        }
    }

    fn draw_lifetime(random: &mut Random) -> Self {
        let least_us = random.magnitude(15 * SECOND, HOUR / 4);
        Self::Lifetime {
            least_us,
            most_us: random.magnitude(least_us, 2 * HOUR),
            second_flow: random.one_in(2),
        }
    }

    /// About how far steady probes lie apart, for the length of a life.
    #[must_use]
    pub const fn pace_us(&self) -> u64 {
        const PRESETS: [u64; 5] = [SECOND, 5 * SECOND, 30 * SECOND, 15 * SECOND, HOUR];
        match *self {
            Self::Every { base_us } => base_us,
            Self::Preset(which) => PRESETS[which as usize],
            Self::Fixed { interval_us } | Self::AtMost { interval_us, .. } => interval_us,
            Self::Target { within_us, .. } => within_us / 5,
            Self::Lifetime { least_us, .. } => least_us,
            Self::Hostile { min_us, .. } => min_us,
        }
    }
}
