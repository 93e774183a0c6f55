//! The world of a fleet: how it is drawn, made simpler, and judged.

use systole::pacing::Pacing;
use systole::{Config, Fleet, Instant};

use super::plan::FleetPlan;
use crate::with_config;
use crate::world::{Journal, Law, Random, Violation, World};

use super::run::Run;

/// The world of a fleet.
#[derive(Debug)]
pub struct FleetWorld;

impl World for FleetWorld {
    const NAME: &'static str = "fleet";

    type Plan = FleetPlan;

    const SITUATIONS: &'static [&'static str] = &[
        "an overflow met a crash",
        "an overflow while polls are late",
        "a peer was added after an overflow",
        "a peer was added while polls are late",
        "a peer was removed while dead",
        "a place was used again",
        "a reply came for a peer that is gone",
        "a crash while polls are late",
        "a crash while nothing can be sent",
        "nothing could be sent for a bound",
        "away for longer than 71 minutes",
        "away while a peer crashed",
        "a dead peer came back",
        "a peer came back while suspected",
        "more was due than a drain takes",
        "the clock ends",
        "a false death was refuted",
        "a peer refused",
    ];

    fn plan(random: &mut Random) -> FleetPlan {
        FleetPlan::draw(random)
    }

    fn simpler(plan: &FleetPlan) -> Vec<FleetPlan> {
        plan.simpler()
    }

    fn run(plan: &FleetPlan, journal: &mut Journal) -> Result<(), Violation> {
        with_config!(plan.settings, |config| {
            let digest = Run::new(plan, &config, journal).live()?;
            if plan.twice {
                secrets(plan, &config)?;
                let again = Run::new(plan, &config, &mut Journal::default()).live()?;
                if digest != again {
                    let kind = "the same inputs gave other outputs";
                    return Err(Violation::new(Law::Determinism, kind, plan.life_us, ""));
                }
            }
            Ok(())
        })
    }
}

/// What is printed must not depend on the seed.
fn secrets<P: Pacing + Copy>(plan: &FleetPlan, config: &Config<P>) -> Result<(), Violation> {
    let other = config
        .into_builder()
        .seed(plan.settings.seed ^ 0x5555_aaaa)
        .build()
        .unwrap_or(*config);
    let printed = |config: &Config<P>| {
        let fleet = Fleet::<4, P>::with_window(*config, Instant::ZERO).unwrap();
        (format!("{config:?}"), format!("{fleet:?}"))
    };
    let (one, two) = (printed(config), printed(&other));
    let kind = match (one.0 == two.0, one.1 == two.1) {
        (true, true) => return Ok(()),
        (false, _) => "what a configuration prints depends on its seed",
        _ => "what a fleet prints depends on its seed",
    };
    Err(Violation::new(Law::Secrets, kind, 0, one.0))
}
