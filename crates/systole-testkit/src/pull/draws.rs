//! Parts of the plan of a monitor's world.

use crate::world::{Jitter, Kind, Path, Random};

use super::settings::SECOND;
use super::{Policy, Settings};

pub(super) fn draw_path(random: &mut Random, pace_us: u64) -> Path {
    let longest_us = (pace_us * 16).clamp(40, 10 * SECOND);
    let each_way_us = match random.below(8) {
        // many intervals long, so that more probes are under way than a monitor remembers
        0 => random
            .between(pace_us * 4, pace_us * 10)
            .clamp(10, 10 * SECOND),
        1 => random.magnitude(10, longest_us),
        _ => random.magnitude(10, (pace_us / 6).clamp(20, 10 * SECOND)),
    };
    let jitter = match random.below(4) {
        0 => Jitter::Uniform {
            by_us: random.magnitude(1, each_way_us),
        },
        1 => Jitter::Heavy {
            by_us: random.magnitude(1, each_way_us),
        },
        _ => Jitter::None,
    };
    let loss_ppm = match random.below(4) {
        0 => u32::try_from(random.magnitude(100, 300_000)).unwrap_or(0),
        _ => 0,
    };
    let duplicate_ppm = if random.one_in(8) { 100_000 } else { 0 };
    Path {
        seed: random.draw(),
        peer: 0,
        each_way_us,
        jitter,
        loss_ppm,
        duplicate_ppm,
    }
}

/// The same policy, as its type says, with other settings.
pub(super) fn draw_other(random: &mut Random, settings: Settings) -> Settings {
    let mut other = Settings::draw(random);
    other.policy = match settings.policy {
        Policy::Every { base_us }
        | Policy::Fixed {
            interval_us: base_us,
        } => {
            let changed_us = random.magnitude(base_us / 4 + 1, base_us * 4);
            match settings.policy {
                Policy::Every { .. } => Policy::Every {
                    base_us: changed_us,
                },
                _ => Policy::Fixed {
                    interval_us: changed_us,
                },
            }
        }
        policy => policy,
    };
    if matches!(other.policy, Policy::Target { .. }) {
        other.detect_us = None;
    }
    other
}

pub(super) fn draw_clock(random: &mut Random, life_us: u64) -> u64 {
    match random.below(8) {
        0 => 1_780_000_000_000_000,
        1 => u64::MAX - (life_us << 8).max(1 << 45),
        2 => random.draw() >> random.between(1, 40),
        _ => 0,
    }
}

pub(super) fn draw_kind(random: &mut Random, pace_us: u64) -> Kind {
    let ppm = random.pick(&[10_000, 100_000, 300_000, 1_000_000]);
    let announced = random.one_in(2);
    match random.below(27) {
        0..=4 => Kind::Crash,
        5 => Kind::Restart,
        6 => Kind::Hang,
        7 => Kind::Slow {
            by_us: random.magnitude(1, pace_us * 8),
        },
        8 => Kind::Refuse,
        9 => Kind::LossOut { ppm },
        10 => Kind::LossBack { ppm },
        11 => Kind::Stall,
        12 => Kind::RttStep {
            each_way_us: random.magnitude(10, (pace_us * 2).clamp(20, 10 * SECOND)),
        },
        13 => Kind::Duplicate,
        14 => Kind::Reorder {
            by_us: random.magnitude(1, pace_us),
        },
        15 | 16 => Kind::SendFails,
        17 | 18 => Kind::Late {
            by_us: random.magnitude(1, pace_us * 16),
        },
        19 => Kind::Away { announced },
        20 => Kind::ClockStep {
            by_us: i64::try_from(random.magnitude(1, pace_us * 64)).unwrap_or(1),
            announced,
        },
        21 => Kind::Suspend { announced },
        _ => Kind::Caller {
            what: u32::try_from(random.below(1 << 32)).unwrap_or(0),
        },
    }
}
