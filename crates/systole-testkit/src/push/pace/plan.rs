//! What is drawn before a world of a sender runs.

use crate::world::Random;

/// Something that the caller does to a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    SetInterval {
        us: u64,
    },
    /// One that is out of range.
    Refused {
        us: u64,
    },
    SetLoad(Option<u8>),
    /// Polls with a moment that lies so much before the last one.
    Back {
        us: u64,
    },
    Goodbye,
}

/// A world of a sender.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) seed: u64,
    pub(super) start_us: u64,
    pub(super) interval_us: u64,
    pub(super) incarnation: u32,
    pub(super) spread: Option<u64>,
    pub(super) beats: u64,
    /// Polls are late by up to this part of the shortest interval, in sixteenths.
    pub(super) late_sixteenths: u64,
    pub(super) early_ppm: u32,
    /// In the order of time, since the start.
    pub(super) acts: Vec<(u64, Act)>,
}

/// The longest interval that a sender takes, as its documentation says, in microseconds.
const LONGEST_US: u64 = 1_099_511_627_776;

impl Plan {
    pub(super) fn draw(random: &mut Random) -> Self {
        let interval_us = random.magnitude(1, LONGEST_US);
        let beats = random.between(10, 300);
        let mut plan = Self {
            seed: random.draw(),
            start_us: random.pick(&[0, 1, 1_790_000_000_000_000, u64::MAX / 2]),
            interval_us,
            incarnation: random.pick(&[0, 7, u32::MAX]),
            spread: random.one_in(4).then(|| random.draw()),
            beats,
            late_sixteenths: random.pick(&[0, 0, 1, 2, 8, 16, 64]),
            early_ppm: random.pick(&[0, 0, 300_000]),
            acts: Vec::new(),
        };
        if random.one_in(10) {
            plan.start_us = u64::MAX - interval_us.saturating_mul(beats / 2);
        }
        let (mut at_us, mut current_us) = (0_u64, interval_us);
        for _ in 0..random.pick(&[0, 1, 1, 2, 5, 30]) {
            let gap_us = current_us.saturating_mul(random.pick(&[0, 1, 5, 20]));
            at_us = at_us
                .saturating_add(gap_us)
                .saturating_add(random.below(current_us));
            let act = draw_act(random, current_us);
            if let Act::SetInterval { us } = act {
                current_us = us;
            }
            plan.acts.push((at_us, act));
        }
        plan
    }

    /// The shortest interval that is ever asked for.
    pub(super) fn shortest_us(&self) -> u64 {
        let asked = self.acts.iter().map(|(_, act)| match act {
            Act::SetInterval { us } => *us,
            _ => u64::MAX,
        });
        asked.min().unwrap_or(u64::MAX).min(self.interval_us)
    }

    /// How late polls are at most.
    pub(super) fn late_us(&self) -> u64 {
        (self.shortest_us() / 16).saturating_mul(self.late_sixteenths)
    }

    pub(super) fn simpler(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut add = |change: &dyn Fn(&mut Self)| {
            let mut simpler = self.clone();
            change(&mut simpler);
            all.push(simpler);
        };
        for index in 0..self.acts.len() {
            add(&|it| {
                it.acts.remove(index);
            });
        }
        if self.beats > 3 {
            add(&|it| it.beats /= 2);
            add(&|it| it.beats -= 1);
        }
        if self.late_sixteenths > 0 {
            add(&|it| it.late_sixteenths = 0);
        }
        if self.early_ppm > 0 {
            add(&|it| it.early_ppm = 0);
        }
        if self.spread.is_some() {
            add(&|it| it.spread = None);
        }
        if self.start_us > 0 {
            add(&|it| it.start_us = 0);
        }
        all
    }
}

fn draw_act(random: &mut Random, current_us: u64) -> Act {
    match random.below(12) {
        0..7 => {
            let least_us = (current_us / 1_000).max(1);
            let most_us = current_us.saturating_mul(1_000).min(LONGEST_US);
            let us = random.magnitude(least_us, most_us);
            Act::SetInterval { us }
        }
        7 => Act::Refused {
            us: random.pick(&[0, LONGEST_US + 1, u64::MAX]),
        },
        8 | 9 => Act::SetLoad(random.pick(&[None, Some(0), Some(255), Some(40)])),
        10 => Act::Back {
            us: random.magnitude(1, current_us.saturating_mul(4)),
        },
        _ => Act::Goodbye,
    }
}
