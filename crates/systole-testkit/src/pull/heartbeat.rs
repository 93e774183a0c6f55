//! The world of a `Heartbeat` in the README's loop.

use crate::world::{Journal, Kind, Law, Random, Violation, World};

use super::pinger::heartbeat;
use super::pings::Pings;
use super::{Plan, Settings, slower};

/// One loop that pings one peer: it waits for each answer up to the timeout, then sleeps.
#[derive(Debug)]
pub struct HeartbeatWorld;

impl World for HeartbeatWorld {
    const NAME: &'static str = "heartbeat";

    /// Of a monitor's plan: `stamps` says whether the loop hears answers that come after their
    /// timeout; ids, clock and traffic are of no meaning.
    type Plan = Plan;

    const SITUATIONS: &'static [&'static str] = &[
        "a peer is called dead",
        "a dead peer is alive again",
        "a ping is refused",
        "an answer is late",
        "a crash during an episode",
        "a loop sleeps too long",
        "a slower path is learnt in time",
    ];

    fn plan(random: &mut Random) -> Plan {
        let mut plan = Plan::draw(random);
        plan.nap = None;
        plan.ids = true;
        plan.incidents.0.retain(|it| {
            let late = matches!(it.kind, Kind::Late { .. });
            late || !it.is_ours()
        });
        if random.one_in(8) {
            slower::draw(&mut plan, random);
        }
        plan
    }

    fn simpler(plan: &Plan) -> Vec<Plan> {
        plan.simpler()
    }

    fn run(plan: &Plan, journal: &mut Journal) -> Result<(), Violation> {
        if plan.seed.is_multiple_of(16) {
            secrets(plan)?;
        }
        let digest = Pings::new(plan, journal).go()?;
        let again = plan.seed.is_multiple_of(16);
        if again && Pings::new(plan, &mut Journal::default()).go()? != digest {
            let kind = "the same calls give other outputs";
            return Err(Violation::new(Law::Determinism, kind, 0, ""));
        }
        Ok(())
    }
}

fn secrets(plan: &Plan) -> Result<(), Violation> {
    let jitter = Some(0);
    let print = |seed| {
        let settings = Settings {
            seed,
            jitter,
            ..plan.settings
        };
        format!("{:?}", heartbeat(&settings, plan.window).0)
    };
    if print(plan.seed | 1) == print(plan.seed.rotate_left(17) | 1) {
        return Ok(());
    }
    let kind = "a heartbeat prints its seed";
    Err(Violation::new(Law::Secrets, kind, 0, print(1)))
}
