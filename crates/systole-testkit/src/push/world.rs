//! The world of a listener: it hears a sender over a path, and is polled, sooner or later.

use super::plan::Plan;
use super::run::Run;
use crate::world::{Journal, Random, Violation, World};

/// A `Listener` that hears a `Sender`, or a sender of somebody else's.
#[derive(Debug)]
pub struct ListenerWorld;

impl World for ListenerWorld {
    const NAME: &'static str = "listener";
    type Plan = Plan;
    const SITUATIONS: &'static [&'static str] = super::situations::SITUATIONS;

    fn plan(random: &mut Random) -> Plan {
        Plan::draw(random)
    }

    fn simpler(plan: &Plan) -> Vec<Plan> {
        plan.simpler()
    }

    fn run(plan: &Plan, journal: &mut Journal) -> Result<(), Violation> {
        let digest = Run::new(plan).live(journal)?;
        if plan.seed.is_multiple_of(64) {
            let again = Run::new(plan).live(&mut Journal::default())?;
            return super::oracle::same_twice(digest, again, plan.life_us);
        }
        Ok(())
    }
}
