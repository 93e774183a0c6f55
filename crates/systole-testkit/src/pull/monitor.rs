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

    const SITUATIONS: &'static [&'static str] = &[
        "a peer is called dead",
        "a dead peer is alive again",
        "a peer is back, and still dead",
        "a late poll",
        "late beside a dead peer",
        "late during an episode",
        "a crash during an episode",
        "a crash while nothing can be sent",
        "a probe could not be sent",
        "sends fail during an episode",
        "sends fail while dead",
        "sends fail, and nothing was heard yet",
        "a probe is refused",
        "a reply that answers nothing",
        "an answer older than the bound",
        "answers overtake one another",
        "a round trip of more than eight intervals",
        "a clock is right again",
        "a clock ran back",
        "a clock near its end",
        "a wake beside a dead peer",
        "a wake of a live peer",
        "reconfigured during an episode",
        "reconfigured while dead",
        "pushed back during an episode",
        "restarted while dead",
        "restarted during an episode",
        "resumed during an episode",
        "resumed while dead",
        "a flow was lost during an episode",
        "traffic from a peer called dead",
        "traffic during an episode",
        "a retry was not granted",
        "a constant path settled",
        "replies without ids",
        "the policy is hostile",
    ];

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
