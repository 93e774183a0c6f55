//! The world of a group: how it is drawn, run, and run again.

use systole::Config;
use systole::pacing::Pacing;

use super::plan::GroupPlan;
use super::run::Run;
use crate::fleet::settings::Built;
use crate::world::{Journal, Law, Random, Violation, World};

/// The world of a group.
#[derive(Debug)]
pub struct FailoverWorld;

impl World for FailoverWorld {
    const NAME: &'static str = "failover";

    type Plan = GroupPlan;

    const SITUATIONS: &'static [&'static str] = &[
        "the active endpoint crashed",
        "the active endpoint crashed while polls are late",
        "the active endpoint crashed while nothing can be sent",
        "switched because it is dead",
        "switched because it is slow",
        "switched on suspicion",
        "switched back to a better one",
        "switched because it was disabled",
        "switched on request",
        "a quarantine ended",
        "all endpoints were down at once",
        "out of service was told",
        "an outage was over",
        "resumed while an endpoint was down",
        "nothing could be sent for a while",
        "an endpoint was away and came back",
        "retries were held to a budget",
        "the clock ends",
        "the caller changed something in the middle of a drain",
    ];

    fn plan(random: &mut Random) -> GroupPlan {
        GroupPlan::draw(random)
    }

    fn simpler(plan: &GroupPlan) -> Vec<GroupPlan> {
        plan.simpler()
    }

    fn run(plan: &GroupPlan, journal: &mut Journal) -> Result<(), Violation> {
        let (active, standby) = (plan.settings.active, plan.settings.standby());
        match (Built::new(&active), Built::new(&standby)) {
            (Built::Every(active), Built::Every(standby)) => live(plan, active, standby, journal),
            (Built::Fixed(active), Built::Fixed(standby)) => live(plan, active, standby, journal),
            (Built::Target(active), Built::Target(standby)) => live(plan, active, standby, journal),
            (Built::Hostile(active), Built::Hostile(standby)) => {
                live(plan, active, standby, journal)
            }
            _ => unreachable!("both have one policy"),
        }
    }
}

fn live<P: Pacing + Copy>(
    plan: &GroupPlan,
    active: Config<P>,
    standby: Config<P>,
    journal: &mut Journal,
) -> Result<(), Violation> {
    let config = plan.settings.build(active, standby);
    let timeout = active.timeout_min().min(standby.timeout_min());
    let intervals = (active.interval_max(), standby.interval_max());
    let timeout = timeout.min(active.interval_min());
    let digest = Run::new(plan, config, timeout, intervals, journal).live()?;
    if plan.twice {
        let again = Run::new(plan, config, timeout, intervals, &mut Journal::default()).live()?;
        if digest != again {
            let kind = "the same inputs gave other outputs";
            return Err(Violation::new(Law::Determinism, kind, plan.life_us, ""));
        }
        let other = config
            .into_builder()
            .seed(plan.settings.active.seed ^ 0x5555_aaaa)
            .build()
            .unwrap_or(config);
        if format!("{config:?}") != format!("{other:?}") {
            let kind = "what a configuration of a group prints depends on its seed";
            return Err(Violation::new(Law::Secrets, kind, 0, format!("{config:?}")));
        }
    }
    Ok(())
}
