//! The world of a `Target` on constant paths: what it costs, and that nobody is suspected.

use systole::{Config, Instant, Monitor, Output, ProbeId, Verdict};

use crate::world::{Journal, Law, Queue, Random, Violation, World};

use super::us;

/// A target, and a path that delays every datagram alike and loses none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannerPlan {
    /// The seed of the monitor.
    pub seed: u64,
    /// The bound.
    pub within_us: u64,
    /// The round trip.
    pub rtt_us: u64,
    /// How rare mistakes are to be, in bounds; a day unless set.
    pub apart: Option<u64>,
    /// How many bounds it lasts.
    pub bounds: u64,
}

/// One target on neighbouring paths.
#[derive(Debug)]
pub struct PlannerWorld;

impl World for PlannerWorld {
    const NAME: &'static str = "planner";

    type Plan = PlannerPlan;

    const SITUATIONS: &'static [&'static str] = &[
        "a round trip of more than an eighth of the bound",
        "a round trip of more than half of the bound",
        "a crash is found",
    ];

    fn plan(random: &mut Random) -> PlannerPlan {
        let within_us = if random.one_in(2) {
            random.pick(&[1, 3, 10, 60]) * 1_000_000
        } else {
            random.magnitude(10_000, 600_000_000)
        };
        let rtt_us = if random.one_in(2) {
            random.between(within_us / 20, within_us / 10 * 8)
        } else {
            random.magnitude(1, within_us / 10)
        };
        PlannerPlan {
            seed: random.draw() | 1,
            within_us,
            rtt_us: rtt_us.min(20_000_000),
            apart: random.one_in(3).then(|| random.magnitude(10, 10_000_000)),
            bounds: random.between(1_000, 3_000),
        }
    }

    fn simpler(plan: &PlannerPlan) -> Vec<PlannerPlan> {
        let all = [
            PlannerPlan {
                apart: None,
                ..*plan
            },
            PlannerPlan {
                bounds: plan.bounds / 2,
                ..*plan
            },
            PlannerPlan { seed: 1, ..*plan },
        ];
        all.into_iter().filter(|simpler| simpler != plan).collect()
    }

    fn run(plan: &PlannerPlan, journal: &mut Journal) -> Result<(), Violation> {
        let here = cost(plan, journal)?;
        let slower = PlannerPlan {
            rtt_us: plan.rtt_us + plan.rtt_us / 20 + 1,
            ..*plan
        };
        // "RTT 1 us to 80 % of D"
        if slower.rtt_us <= plan.within_us / 5 * 4 {
            let there = cost(&slower, journal)?;
            neighbours(&here, &there, "a round trip 5 % longer", plan)?;
        }
        let laxer = PlannerPlan {
            within_us: plan.within_us + plan.within_us / 20,
            apart: None,
            ..*plan
        };
        let here = cost(
            &PlannerPlan {
                apart: None,
                ..*plan
            },
            journal,
        )?;
        let there = cost(&laxer, journal)?;
        // a laxer bound costs less: the other way round
        neighbours(&there, &here, "a bound 5 % shorter", plan)
    }
}

/// Probes in a million seconds of the second half.
struct Cost(u64);

/// "Neighbouring points of a grid (steps of 5 % …) differ by at most 1.25 x in probes and never in the
/// wrong direction by more than 2 %." What is asked for is harder at the second point.
fn neighbours(
    first: &Cost,
    second: &Cost,
    what: &str,
    plan: &PlannerPlan,
) -> Result<(), Violation> {
    let (first, second) = (first.0, second.0);
    let detail = || format!("{first} and {second} probes in 1e6 s: {what}, {plan:?}");
    let broken = |kind| Err(Violation::new(Law::NoLockOut, kind, 0, detail()));
    // what a probe more or less at either end of the half is
    let one = 2_000_000_000_000 / (plan.bounds / 2 * plan.within_us).max(1) + 2;
    if second > first / 100 * 125 + first / 80 + one {
        return broken("the cost of a planner leaps between neighbouring paths");
    }
    if second + second / 50 + one < first {
        return broken("a harder path costs a planner less");
    }
    Ok(())
}

/// Runs a life on the path; then the peer crashes.
fn cost(plan: &PlannerPlan, journal: &mut Journal) -> Result<Cost, Violation> {
    let config = Config::target(us(plan.within_us))
        .build()
        .expect("in range");
    let apart_us = plan.within_us.saturating_mul(plan.apart.unwrap_or(0));
    let config = config
        .into_builder()
        .mistakes_at_most_one_per(us(apart_us))
        .build()
        .unwrap_or(config);
    let config = config.into_builder().seed(plan.seed).build().expect("odd");
    let mut monitor = Monitor::new(config, Instant::ZERO).expect("it has a seed");
    let mut replies: Queue<ProbeId> = Queue::default();
    let life_us = plan.within_us * plan.bounds;
    let (mut now_us, mut half, mut last_us) = (0, None, 0);
    while now_us < life_us + 2 * plan.within_us {
        let now = Instant::from_micros(now_us);
        while let Some((at_us, id)) = replies.pop_due(now_us) {
            monitor.handle_reply(id, Instant::from_micros(at_us));
        }
        let wait = loop {
            journal.polls += 1;
            match monitor.poll(now) {
                Output::Send(id) if now_us < life_us => {
                    last_us = now_us;
                    replies.push(now_us + plan.rtt_us, id);
                }
                Output::Wait(until) => break until.as_micros(),
                Output::Idle => break u64::MAX,
                _ => {}
            }
        };
        let counters = monitor.snapshot(now).counters;
        if half.is_none() && now_us > life_us / 2 {
            half = Some((counters.probes, counters.suspect, now_us));
        }
        if now_us < life_us {
            quiet(plan, now_us, counters.suspect, counters.dead, half)?;
        }
        if monitor.verdict() == Verdict::Dead {
            journal.coverage.saw("a crash is found");
            break;
        }
        now_us = wait.min(replies.next_us().unwrap_or(u64::MAX));
    }
    if monitor.verdict() != Verdict::Dead || now_us > last_us + plan.within_us {
        let detail = format!(
            "{:?} {} us after the last answered probe, {plan:?}",
            monitor.verdict(),
            now_us - last_us
        );
        return Err(Violation::new(
            Law::Detection,
            "a target is not kept",
            now_us,
            detail,
        ));
    }
    let eighth = plan.rtt_us > plan.within_us / 8;
    journal
        .coverage
        .saw_if(eighth, "a round trip of more than an eighth of the bound");
    let most = plan.rtt_us > plan.within_us / 2;
    journal
        .coverage
        .saw_if(most, "a round trip of more than half of the bound");
    let (probes, _, since_us) = half.unwrap_or_default();
    let counted = u128::from(
        monitor
            .snapshot(Instant::from_micros(now_us))
            .counters
            .probes
            - probes,
    );
    let span_us = u128::from(now_us - since_us).max(1);
    Ok(Cost(
        u64::try_from(counted * 1_000_000_000_000 / span_us).unwrap_or(u64::MAX),
    ))
}

/// "At most 3 suspicions in 10 h", and nobody is called dead once the path is known.
fn quiet(
    plan: &PlannerPlan,
    now_us: u64,
    suspect: u32,
    dead: u32,
    half: Option<(u32, u32, u64)>,
) -> Result<(), Violation> {
    let broken = |kind| {
        let detail = format!("{suspect} suspicions, {dead} deaths, {plan:?}");
        Err(Violation::new(Law::NoLockOut, kind, now_us, detail))
    };
    let first = half.map_or(suspect, |(_, before, _)| before);
    if suspect > first + 3 {
        return broken("a planner suspects a peer on a constant path");
    }
    if half.is_none() && suspect > 100 {
        return broken("a planner learns a constant path too slowly");
    }
    Ok(())
}
