//! The world of an `EarlyWarning`: paths that stay as they are, and one that gets worse.

use systole::path::{EarlyWarning, Health};

use crate::world::{Journal, Law, Random, Violation, World};

use super::us;

/// How round trips are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// All alike, up to this percentage more.
    Even {
        /// In percent of the usual one.
        percent: u64,
    },
    /// One in so many takes so many times as long.
    Slow {
        /// How rare.
        one_in: u64,
        /// How much longer.
        times: u64,
    },
    /// Multiplied by the product of so many draws from 1/2 to 2, which is nearly lognormal.
    Product {
        /// How many.
        draws: u64,
    },
    /// Uniform from nothing to twice the usual.
    Uniform,
}

/// A stationary path, and what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarningPlan {
    /// What round trips are drawn from.
    pub seed: u64,
    /// The usual round trip.
    pub rtt_us: u64,
    /// Their spread.
    pub spread: Spread,
    /// How many are lost.
    pub loss_ppm: u32,
    /// How many are lost in a row, on average; 1: independently.
    pub burst: u64,
    /// `warn_above`, unless it is the default.
    pub above: Option<u16>,
    /// How many samples.
    pub samples: u64,
    /// How many are far worse than anything before, then.
    pub trouble: u64,
}

/// An early warning beside a path.
#[derive(Debug)]
pub struct WarningWorld;

/// "After 1,000 answers."
const LEARNT: u64 = 1_000;

impl World for WarningWorld {
    const NAME: &'static str = "early_warning";

    type Plan = WarningPlan;

    const SITUATIONS: &'static [&'static str] = &[
        "a path was degraded",
        "a warning ended",
        "what is new was told",
        "a low threshold",
        "a lossy path",
        "losses in bursts",
    ];

    fn plan(random: &mut Random) -> WarningPlan {
        let spread = match random.below(5) {
            0 => Spread::Slow {
                one_in: random.between(3, 100),
                times: random.between(2, 100),
            },
            1 => Spread::Product {
                draws: random.between(1, 6),
            },
            2 => Spread::Uniform,
            _ => Spread::Even {
                percent: random.magnitude(1, 100),
            },
        };
        let lossy = random.one_in(3);
        WarningPlan {
            seed: random.draw(),
            rtt_us: random.magnitude(100, 1_000_000),
            spread,
            loss_ppm: if lossy {
                u32::try_from(random.magnitude(1_000, 300_000)).unwrap_or(0)
            } else {
                0
            },
            burst: if lossy && random.one_in(2) {
                random.magnitude(2, 1_000)
            } else {
                1
            },
            above: random
                .one_in(4)
                .then(|| u16::try_from(random.below(3_000)).unwrap_or(0)),
            samples: random.between(3_000, 6_000),
            trouble: random.between(2, 200),
        }
    }

    fn simpler(plan: &WarningPlan) -> Vec<WarningPlan> {
        let all = [
            WarningPlan {
                loss_ppm: 0,
                ..*plan
            },
            WarningPlan { burst: 1, ..*plan },
            WarningPlan {
                spread: Spread::Even { percent: 0 },
                ..*plan
            },
            WarningPlan {
                above: None,
                ..*plan
            },
            WarningPlan {
                trouble: 20,
                ..*plan
            },
            WarningPlan {
                samples: plan.samples / 2,
                ..*plan
            },
            WarningPlan {
                rtt_us: 40_000,
                ..*plan
            },
        ];
        all.into_iter().filter(|simpler| simpler != plan).collect()
    }

    fn run(plan: &WarningPlan, journal: &mut Journal) -> Result<(), Violation> {
        let mut warning = EarlyWarning::new();
        if let Some(above) = plan.above {
            journal.coverage.saw("a low threshold");
            warning = warning.warn_above(above);
        }
        journal.coverage.saw_if(plan.loss_ppm > 0, "a lossy path");
        journal.coverage.saw_if(plan.burst > 1, "losses in bursts");
        stationary(plan, &mut warning, journal)?;
        if plan.above.is_none() {
            worse(plan, &mut warning, journal)?;
        }
        calm(plan, &mut warning, journal)
    }
}

/// "No more than one sample in 256 is called degraded, and 224 beside", "at every threshold"; at the
/// default, "where samples are independent it is 0.4 to 0.8 % from the first 1,000 answers on".
fn stationary(
    plan: &WarningPlan,
    warning: &mut EarlyWarning,
    journal: &mut Journal,
) -> Result<(), Violation> {
    let mut random = Random::of(plan.seed, 5, 0);
    let (mut degraded, mut judged, mut lost) = (0, 0, false);
    for sample in 0..plan.samples {
        lost = plan.is_lost(lost, &mut random);
        let health = if lost {
            warning.overdue()
        } else {
            warning.answered(us(plan.draw(&mut random)))
        };
        journal.polls += 1;
        if sample >= LEARNT {
            judged += 1;
            degraded += u64::from(health == Health::Degraded);
        }
    }
    journal.coverage.saw_if(degraded > 0, "a path was degraded");
    // one in a hundred, and what may be saved up for bursts, or one cluster may add by chance
    let independent = plan.burst == 1 && plan.above.is_none();
    let beside = if independent { 20 } else { 224 };
    if degraded * 100 > judged + 100 * beside {
        let kind = "a stationary path is worse than usual";
        let detail = format!("{degraded} of {judged} samples, {plan:?}");
        return Err(Violation::new(Law::NoLockOut, kind, plan.samples, detail));
    }
    Ok(())
}

/// "What is new is told": twenty answers a thousand times as long as the longest usual ones.
fn worse(
    plan: &WarningPlan,
    warning: &mut EarlyWarning,
    journal: &mut Journal,
) -> Result<(), Violation> {
    let longest_us = plan.rtt_us.saturating_mul(100).min(60_000_000);
    let new = longest_us / plan.rtt_us >= 64 && matches!(plan.spread, Spread::Even { .. });
    for _ in 0..plan.trouble {
        warning.answered(us(longest_us));
    }
    let told = warning.health() == Health::Degraded || warning.score() > 0;
    journal
        .coverage
        .saw_if(warning.health() == Health::Degraded, "what is new was told");
    if new && (20..60).contains(&plan.trouble) && !told && plan.loss_ppm == 0 {
        let kind = "what is new is not told";
        return Err(Violation::new(
            Law::NoLockOut,
            kind,
            plan.samples,
            format!("{plan:?}"),
        ));
    }
    Ok(())
}

/// "Eight other answers in a row end it", at every threshold.
fn calm(
    plan: &WarningPlan,
    warning: &mut EarlyWarning,
    journal: &mut Journal,
) -> Result<(), Violation> {
    let mut calm = 0;
    while warning.health() == Health::Degraded {
        calm += 1;
        warning.answered(us(plan.rtt_us));
        if calm > 8 {
            let kind = "a warning does not end";
            let detail = format!("{plan:?}");
            return Err(Violation::new(Law::NoLockOut, kind, plan.samples, detail));
        }
    }
    journal.coverage.saw_if(calm > 0, "a warning ended");
    Ok(())
}

impl WarningPlan {
    fn is_lost(&self, lost: bool, random: &mut Random) -> bool {
        if self.burst > 1 && lost {
            return !random.one_in(self.burst);
        }
        let loss_ppm = u64::from(self.loss_ppm);
        let starts_ppm = match self.burst {
            ..=1 => loss_ppm,
            burst => loss_ppm * 1_000_000 / (1_000_000 - loss_ppm) / burst,
        };
        random.chance_ppm(u32::try_from(starts_ppm).unwrap_or(u32::MAX))
    }

    fn draw(&self, random: &mut Random) -> u64 {
        let usual_us = self.rtt_us;
        match self.spread {
            Spread::Even { percent } => usual_us + random.below(usual_us * percent / 100 + 1),
            Spread::Slow { one_in, times } => {
                let us = usual_us + random.below(usual_us / 5 + 1);
                if random.one_in(one_in) {
                    us * times
                } else {
                    us
                }
            }
            Spread::Product { draws } => (0..draws).fold(usual_us, |us, _| {
                let octave = random.between(512, 2_048);
                (us * octave / 1_024).max(1)
            }),
            Spread::Uniform => random.between(1, usual_us * 2),
        }
    }
}
