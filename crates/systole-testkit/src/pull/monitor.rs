//! The world of a `Monitor`.

use crate::world::{Journal, Law, Random, Violation, World};

use super::run::Run;
use super::{Plan, secrets, written};

/// One monitor of one peer.
#[derive(Debug)]
pub struct MonitorWorld;

impl World for MonitorWorld {
    const NAME: &'static str = "monitor";

    type Plan = Plan;

    const SITUATIONS: &'static [&'static str] =
        &["a peer is called dead", "a dead peer is alive again"];

    fn plan(random: &mut Random) -> Plan {
        Plan::draw(random)
    }

    fn simpler(plan: &Plan) -> Vec<Plan> {
        plan.simpler()
    }

    fn run(plan: &Plan, journal: &mut Journal) -> Result<(), Violation> {
        if plan.seed.is_multiple_of(16) {
            secrets::check(plan)?;
        }
        if plan.seed % 16 == 1 {
            written::check(&mut Random::new(plan.seed))?;
        }
        let digest = Run::new(plan, journal).go()?;
        if plan.seed.is_multiple_of(16) {
            let again = Run::new(plan, &mut Journal::default()).go()?;
            if again != digest {
                let kind = "the same calls give other outputs";
                return Err(Violation::new(Law::Determinism, kind, 0, ""));
            }
        }
        Ok(())
    }
}
