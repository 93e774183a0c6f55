//! The planner, with the real monitor in the loop: what it costs, what it promises, and what it keeps.
//!
//! `SYSTOLE_DEEP=1` runs everything at full length (minutes, with `--release`); recorded networks are looked for in the folder that
//! `SYSTOLE_TRACES` names.

use core::time::Duration;
use systole_testkit::deep;
use systole_testkit::recorded;

use systole::pacing::Target;
use systole::{
    Config, Event, EventKind, Heartbeat, Instant, Monitor, Output, ProbeId, Verdict,
    config::Setting, plan::Infeasible,
};
use systole_lab::baseline::{Baseline, Planner};
use systole_lab::chen::{Requirement, configure_known};
use systole_lab::network::{
    Bernoulli, GilbertElliott, Layer, Lognormal, Outage, Queue, RttStep, Synthetic,
};
use systole_lab::sweep::{self, Candidate, Outcome};
use systole_lab::{Case, CrashTest, Network, Trace};

const fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// DESIGN.md's best settings of all families, chosen for each trace in hindsight.
const HINDSIGHT: [(u64, [(f64, f64); 5]); 2] = [
    (
        3,
        [
            (13.4, 0.594),
            (6.9, 0.750),
            (4.7, 0.839),
            (2.8, 1.07),
            (1.1, 1.85),
        ],
    ),
    (
        10,
        [
            (14.4, 0.116),
            (7.2, 0.145),
            (3.7, 0.175),
            (2.2, 0.239),
            (1.1, 0.380),
        ],
    ),
];

/// That row at any number of mistakes, straight in logarithms.
fn hindsight(row: &[(f64, f64); 5], avoidable: f64) -> f64 {
    let left = (0..3)
        .find(|&left| avoidable >= row[left + 1].0)
        .unwrap_or(3);
    let ((a, p), (b, q)) = (row[left], row[left + 1]);
    let part = (avoidable.max(0.5) / a).ln() / (b / a).ln();
    (p.ln() * (1.0 - part) + q.ln() * part).exp()
}

/// DESIGN.md's table: ours with nothing set but the target.
#[test]
fn the_row_of_the_table() {
    let Some(traces) = recorded::seven() else {
        return;
    };
    for (bound_s, row) in HINDSIGHT {
        let bound = secs(bound_s);
        let cases: Vec<Case<Trace>> = sweep::parallel(&traces, |(name, trace)| {
            Case::new(*name, trace.clone(), bound)
        });
        let planners = if deep::is_wanted() {
            Planner::sweep(bound)
        } else {
            vec![Planner::new(bound, secs(3_600)).unwrap()]
        };
        let candidates: Vec<Candidate> = planners.into_iter().map(Candidate::baseline).collect();
        println!("== D = {bound_s} s");
        for outcome in sweep::sweep(&cases, &candidates, |_| ()) {
            print_row(&outcome, &row);
        }
    }
}

fn print_row(outcome: &Outcome, row: &[(f64, f64); 5]) {
    let (a, p) = (outcome.avoidable(), outcome.probes_per_s());
    let excess: f64 = outcome
        .per_case
        .iter()
        .map(|qos| qos.excess_dead_s.mean)
        .sum();
    print!(
        "{:34} {a:5.1} @ {p:.3}  {:.2} of hindsight, excess dead {excess:.1} s  ",
        outcome.settings,
        p / hindsight(row, a)
    );
    for qos in &outcome.per_case {
        print!(" {:.1}@{:.2}", qos.avoidable.mean, qos.probes_per_s());
    }
    println!();
}

// ---- synthetic networks ----

/// Nothing but a bad hour now and then: silences of exponential length.
fn bursts(seed: u64, length: Duration, every_s: u64, mean_ms: u64) -> Synthetic {
    let states = GilbertElliott::new(secs(every_s), Duration::from_millis(mean_ms), length, seed);
    Synthetic::new(length)
        .with(Lognormal::new(Duration::from_millis(40), 0.25, seed ^ 1))
        .with(states.with_loss(0.003, 1.0))
}

fn clean(seed: u64, length: Duration) -> Synthetic {
    Synthetic::new(length).with(Lognormal::new(Duration::from_micros(800), 0.05, seed))
}

fn queues(seed: u64, length: Duration, held_ms: u64) -> Synthetic {
    let start = Instant::from_secs(13);
    Synthetic::new(length)
        .with(Lognormal::new(Duration::from_millis(40), 0.25, seed))
        .with(Queue::once(start, secs(4), Duration::from_millis(held_ms)).every(secs(97)))
}

const D: Duration = secs(3);

/// A constant interval on a network: its share of the bound, and what it came to.
struct Constant {
    share: f64,
    avoidable: f64,
    probes_per_s: f64,
}

/// Constant intervals of the planner's own shape.
fn constants<N: Network + Sync>(case: &Case<N>, shares: &[f64]) -> Vec<Constant> {
    sweep::parallel(shares, |&share| {
        let planner = Planner::new(D, APART)
            .unwrap()
            .without_adaptation(D.mul_f64(share));
        let qos = case.qos(|start| planner.detector(start));
        Constant {
            share,
            avoidable: qos.avoidable.mean,
            probes_per_s: qos.probes_per_s(),
        }
    })
}

/// The probes of the cheapest with no more avoidable mistakes.
fn cheapest(constants: &[Constant], avoidable: f64) -> f64 {
    let enough = constants.iter().filter(|c| c.avoidable <= avoidable + 1e-9);
    enough.map(|c| c.probes_per_s).fold(f64::INFINITY, f64::min)
}

/// The best interval for the target: a mistake is worth the probes of a third of the bounds that are to lie between two.
fn best_share(constants: &[Constant], length: Duration) -> f64 {
    let price = APART.as_secs_f64() / D.as_secs_f64() / 3.0;
    let cost = |c: &Constant| c.probes_per_s * length.as_secs_f64() + price * c.avoidable;
    let best = constants.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
    best.unwrap().share
}

fn shares(count: i32) -> Vec<f64> {
    (0..count)
        .map(|k| 0.93 * (0.05_f64 / 0.93).powf(f64::from(k) / f64::from(count - 1)))
        .collect()
}

/// Probes of the planner may be so many times those of the best constant interval.
const GOAL: f64 = 1.15;

/// The mistakes of the target: rarer ones are too few to judge by in the hours that are replayed.
const APART: Duration = secs(3_600);

/// Networks whose best intervals differ, with their names; the first four do for a fast form.
fn different(length: Duration) -> Vec<(&'static str, Synthetic)> {
    let mut networks = vec![
        ("clean", clean(1, length)),
        ("bursts of 1.2 s", bursts(4, length, 60, 1_200)),
        ("many of 1.5 s", bursts(6, length, 8, 1_500)),
        ("queues of 2.3 s", queues(7, length, 2_300)),
        ("bursts of 0.2 s", bursts(2, length, 60, 200)),
        ("bursts of 0.5 s", bursts(3, length, 60, 500)),
        ("queues of 1.6 s", queues(5, length, 1_600)),
    ];
    networks.truncate(if deep::is_wanted() { 7 } else { 4 });
    networks
}

/// (ii) Each network judged alone, against its own best constant setting; and no one constant does for all of them.
#[test]
fn each_network_gets_its_own_interval() {
    let length = secs(if deep::is_wanted() { 8 * 3_600 } else { 3_600 });
    let grid = shares(if deep::is_wanted() { 20 } else { 7 });
    let planner = Planner::new(D, APART).unwrap();
    let (mut best, mut targets) = (Vec::new(), Vec::new());
    for (name, network) in different(length) {
        let case = Case::new(name, network, D);
        let qos = case.qos(|start| planner.detector(start));
        let constants = constants(&case, &grid);
        let p = cheapest(&constants, qos.avoidable.mean);
        let share = best_share(&constants, length);
        let ratio = qos.probes_per_s() / p;
        println!(
            "{name:16} {:.1} @ {:.3}; as good a constant @ {p:.3}: {ratio:.2}; best constant {share:.2} D; floor {}",
            qos.avoidable.mean,
            qos.probes_per_s(),
            case.floor().len()
        );
        assert!(ratio <= GOAL, "{name}: {ratio:.2}");
        best.push(share);
        targets.push((case, qos.avoidable.mean, p));
    }
    let spread =
        best.iter().copied().fold(0.0, f64::max) / best.iter().copied().fold(1.0, f64::min);
    println!("best intervals differ {spread:.1} times");
    assert!(spread >= 4.0, "{spread:.2}");
    for share in grid {
        assert!(
            !does_for_all(&targets, share),
            "{share} D does for all networks"
        );
    }
}

/// Whether one constant interval is as good everywhere as the planner has to be.
fn does_for_all<N: Network>(targets: &[(Case<N>, f64, f64)], share: f64) -> bool {
    let planner = Planner::new(D, secs(3_600))
        .unwrap()
        .without_adaptation(D.mul_f64(share));
    targets.iter().all(|(case, avoidable, best)| {
        let qos = case.qos(|start| planner.detector(start));
        qos.avoidable.mean <= avoidable + 1e-9 && qos.probes_per_s() <= GOAL * best
    })
}

/// (iii) The bound, over crashes placed uniformly.
#[test]
fn every_crash_is_found_in_time() {
    let test = CrashTest::new(if deep::is_wanted() { 10_000 } else { 300 });
    for bound in [D, secs(10)] {
        let planner = Planner::new(bound, secs(3_600)).unwrap();
        let judge = |name: &str, network: &(dyn Network + Sync)| {
            let times = test.run(network, |start| planner.detector(start));
            println!(
                "{name:34} {bound:?}: mean {:?} p50 {:?} p99 {:?} max {:?}",
                times.mean(),
                times.quantile(0.5),
                times.quantile(0.99),
                times.max()
            );
            assert_eq!(times.violations(bound), 0, "{name}");
        };
        judge("bursts of 0.5 s", &bursts(7, secs(3_600), 60, 500));
        judge("queues of 1.6 s", &queues(8, secs(3_600), 1_600));
        for (name, trace) in recorded::seven().unwrap_or_default() {
            judge(name, &trace);
        }
    }
}

/// What a monitor did over a network.
struct Run {
    monitor: Monitor<32, Target>,
    /// When probes were sent, and when the peer was called dead.
    probes: Vec<Instant>,
    deaths: Vec<Instant>,
    broken: u32,
}

fn run(network: &impl Network, config: Config<Target>) -> Run {
    let mut now = network.start();
    let mut run = Run {
        monitor: Monitor::new(config, now).unwrap(),
        probes: Vec::new(),
        deaths: Vec::new(),
        broken: 0,
    };
    let mut flying: Vec<(Instant, ProbeId)> = Vec::new();
    while now < network.end() {
        flying.retain(|&(at, id)| {
            if at <= now {
                run.monitor.handle_reply(id, at);
            }
            at > now
        });
        let until = drain(&mut run, network, now, &mut flying);
        now = flying.iter().map(|&(at, _)| at).fold(until, Instant::min);
    }
    run
}

fn drain(
    run: &mut Run,
    network: &impl Network,
    now: Instant,
    flying: &mut Vec<(Instant, ProbeId)>,
) -> Instant {
    loop {
        match run.monitor.poll(now) {
            Output::Send(id) => {
                run.probes.push(now);
                flying.extend(network.answer(now).map(|rtt| (now.saturating_add(rtt), id)));
            }
            Output::Event(Event {
                kind: EventKind::Transition(turn),
                ..
            }) if turn.to == Verdict::Dead => {
                run.deaths.push(now);
            }
            Output::Event(Event {
                kind: EventKind::PromiseBroken,
                ..
            }) => run.broken += 1,
            Output::Event(_) => {}
            Output::Wait(until) => return until,
            Output::Idle => return Instant::MAX,
        }
    }
}

impl Run {
    fn probes_per_s(&self, from_s: u64, until_s: u64) -> f64 {
        let (from, until) = (Instant::from_secs(from_s), Instant::from_secs(until_s));
        self.probes
            .iter()
            .filter(|&&at| at >= from && at < until)
            .count() as f64
            / (until_s - from_s) as f64
    }
}

fn config(apart: Duration) -> Config<Target> {
    Planner::new(D, apart).unwrap().config()
}

/// (iv) The time between mistakes, all of them, lies between once and ten times what was promised.
#[test]
fn promises_are_kept() {
    let apart = secs(300);
    let length = secs(if deep::is_wanted() { 30_000 } else { 12_000 });
    let seeds = if deep::is_wanted() { 10 } else { 3 };
    let mut within = 0;
    let mut all = 0;
    for (name, every_s, mean_ms) in [
        ("bursts of 0.5 s", 60, 500),
        ("bursts of 0.6 s", 60, 600),
        ("bursts of 0.8 s", 120, 800),
    ] {
        let ratios: Vec<f64> = sweep::parallel(&(1..=seeds).collect::<Vec<_>>(), |&seed| {
            let run = run(&bursts(seed, length, every_s, mean_ms), config(apart));
            length.as_secs_f64() / apart.as_secs_f64() / run.deaths.len() as f64
        });
        println!("{name}: achieved / promised {ratios:.2?}");
        within += ratios
            .iter()
            .filter(|&&ratio| (1.0..=10.0).contains(&ratio))
            .count();
        all += ratios.len();
    }
    println!("{within} of {all} within 1 to 10");
    assert!(within * 10 >= all * 9);
}

/// So many times what is allowed may go unsaid: chance, and an assumed tail that may exaggerate.
const UNSAID: f64 = 3.0;

/// A round trip of this part of the bound, and nothing else.
fn slow(share: f64, length: Duration) -> Synthetic {
    Synthetic::new(length).with(Lognormal::new(D.mul_f64(share), 0.05, 3))
}

/// The fewest mistakes of any constant interval within `budget`, in probes per 1,000 s, as a search
/// over plans finds them. An interval that the bound shortened is not within the budget.
fn fewest_mistakes(network: &Synthetic, budget: Option<u32>) -> usize {
    let shortest = budget.map_or(Duration::ZERO, |probes| secs(1_000) / probes);
    let intervals = shares(if deep::is_wanted() { 16 } else { 6 })
        .into_iter()
        .map(|share| D.mul_f64(share));
    intervals
        .filter(|&interval| interval >= shortest)
        .filter_map(|interval| {
            let constant = Planner::new(D, secs(600)).unwrap();
            let run = run(network, constant.without_adaptation(interval).config());
            let plan = run.monitor.snapshot(network.end()).path.plan;
            let is_kept = run.monitor.verdict() != Verdict::Dead && plan.interval() >= shortest;
            is_kept.then_some(run.deaths.len())
        })
        .min()
        .unwrap_or(usize::MAX)
}

fn within_budget(config: Config<Target>, budget: Option<u32>) -> Config<Target> {
    budget.map_or(config, |probes| {
        config
            .into_builder()
            .probes_at_most(probes)
            .build()
            .unwrap()
    })
}

/// What the planner says of a target after it has watched the network for four of the times between mistakes or more.
fn said(network: &Synthetic, config: Config<Target>) -> Option<Infeasible> {
    let run = run(network, config);
    let promise = run.monitor.snapshot(network.end()).path.promise.unwrap();
    promise.infeasible
}

/// (iv) What no plan can keep is said with the requirement that binds, and only that: against a search over constant plans.
#[test]
fn a_target_is_infeasible_where_no_constant_plan_keeps_it() {
    let length = secs(if deep::is_wanted() {
        8 * 3_600
    } else {
        2 * 3_600
    });
    let networks = [
        ("clean", clean(1, length)),
        ("bursts of 0.1 s", bursts(9, length, 60, 100)),
        ("bursts of 0.5 s", bursts(9, length, 60, 500)),
        ("bursts of 0.8 s", bursts(9, length, 60, 800)),
        ("bursts of 1.5 s", bursts(9, length, 60, 1_500)),
        ("many of 1.5 s", bursts(9, length, 8, 1_500)),
        ("0.2 D away", slow(0.2, length)),
        ("0.4 D away", slow(0.4, length)),
        ("0.6 D away", slow(0.6, length)),
        ("1.2 D away", slow(1.2, length)),
    ];
    let budgets = [None, Some(700), Some(1_500)];
    let cells: Vec<_> = networks
        .iter()
        .step_by(if deep::is_wanted() { 1 } else { 3 })
        .flat_map(|(name, network)| budgets.map(|budget| (*name, network, budget)))
        .collect();
    let judged = sweep::parallel(&cells, |&(name, network, budget)| {
        let fewest = fewest_mistakes(network, budget);
        let says = [secs(600), length / 4]
            .map(|apart| (apart, said(network, within_budget(config(apart), budget))));
        (name, budget, fewest, says)
    });
    for (name, budget, fewest, says) in judged {
        for (apart, infeasible) in says {
            let allowed = length.as_secs_f64() / apart.as_secs_f64();
            println!("{name}, one a {apart:?}, {budget:?}: {fewest} of {allowed}: {infeasible:?}");
            let fewest = fewest as f64;
            assert!(
                fewest > allowed / 2.0 || infeasible.is_none(),
                "{name}: it can be kept"
            );
            assert!(
                fewest < UNSAID * allowed || infeasible.is_some(),
                "{name}: nothing keeps it"
            );
        }
    }
}

/// (iv) The requirement that is named is the one that binds: what it says would be feasible is.
#[test]
fn the_nearest_feasible_target_is_feasible() {
    let length = secs(8 * 3_600);
    let far = slow(0.95, length);
    let silent = bursts(9, length, 8, 1_500);
    let costly = bursts(9, length, 60, 600);
    let cells = [
        (Setting::DetectWithin, &far, secs(600), None),
        (Setting::MistakeRecurrence, &silent, secs(600), None),
        (Setting::ProbeBudget, &costly, secs(4_000), Some(700)),
    ];
    for (requirement, network, apart, budget) in cells {
        let asked = within_budget(config(apart), budget);
        let infeasible = said(network, asked).unwrap();
        println!("{infeasible:?}");
        assert_eq!(infeasible.requirement, requirement);
        let nearest = Duration::from_micros(infeasible.nearest);
        let granted = match requirement {
            Setting::DetectWithin => Planner::new(nearest, apart).unwrap().config(),
            Setting::MistakeRecurrence => config(nearest),
            _ => within_budget(config(apart), u32::try_from(infeasible.nearest).ok()),
        };
        assert_eq!(said(network, granted), None, "{requirement:?}");
    }
}

/// A layer for some time.
#[derive(Debug)]
struct During<L>(u64, u64, L);

impl<L: Layer> Layer for During<L> {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        let within = sent_at >= Instant::from_secs(self.0) && sent_at < Instant::from_secs(self.1);
        if within {
            self.2.pass(sent_at, rtt)
        } else {
            Some(rtt)
        }
    }
}

/// (v) A step in the round-trip time, losses, an outage: each with a return, and forgotten within an hour.
#[test]
fn trouble_is_forgotten_within_an_hour() {
    let length = secs(5 * 3_600);
    let path = || bursts(11, length, 120, 300);
    let (from, until) = (2 * 3_600, 2 * 3_600 + 900);
    let troubles = [
        (
            "round trips x 10",
            path().with(During(
                from,
                until,
                RttStep {
                    at: Instant::ZERO,
                    factor: 10.0,
                },
            )),
        ),
        (
            "10 % loss",
            path().with(During(from, until, Bernoulli::new(0.1, 12))),
        ),
        (
            "an outage of 60 s",
            path().with(Outage::once(Instant::from_secs(until - 60), secs(60))),
        ),
    ];
    for (name, network) in troubles {
        let run = run(&network, config(secs(3_600)));
        let before = run.probes_per_s(from - 3_600, from);
        let after = run.probes_per_s(until + 3_600, until + 7_200);
        println!(
            "{name}: {before:.3} before, {:.3} during, {:.3} in the hour after, {after:.3} then",
            run.probes_per_s(from, until),
            run.probes_per_s(until, until + 3_600)
        );
        assert!(after <= 1.2 * before, "{name}");
        let locked_out = run
            .deaths
            .iter()
            .filter(|at| {
                **at >= Instant::from_secs(from + 600) && **at < Instant::from_secs(until - 60)
            })
            .count();
        assert_eq!(locked_out, 0, "{name}");
    }
}

/// (vi) What a sample costs, plans included.
#[test]
#[allow(clippy::disallowed_methods, reason = "measures how long it takes")]
fn a_sample_is_cheap() {
    let samples = 1_000_000_u32;
    let mut heart = Heartbeat::new(config(secs(3_600)));
    let mut rule = Heartbeat::new(Config::every(secs(1)).build().unwrap());
    let rtt =
        |k: u32| Duration::from_micros(u64::from(40_000 + k.wrapping_mul(2_654_435_761) % 20_000));
    let begin = std::time::Instant::now();
    for k in 0..samples {
        core::hint::black_box(heart.next_interval(rtt(k)));
    }
    let target = begin.elapsed() / samples;
    let begin = std::time::Instant::now();
    for k in 0..samples {
        core::hint::black_box(rule.next_interval(rtt(k)));
    }
    println!(
        "{target:?} a sample; the fluctuation rule {:?}; state {} bytes",
        begin.elapsed() / samples,
        size_of::<systole::pacing::TargetState>()
    );
    println!(
        "Heartbeat<32, Target> {} bytes, Monitor<32, Target> {} bytes",
        size_of::<Heartbeat<32, Target>>(),
        size_of::<Monitor<32, Target>>()
    );
}

/// Of a path without a sample nothing is known but the loss rate after Jeffreys, 1/2: Chen's configurator and the planner then
/// choose the same interval.
#[test]
fn a_new_path_starts_as_chens_configurator_says() {
    let within = Duration::from_secs(10);
    for apart in [100_u32, 600, 3_600, 86_400] {
        let wish = Requirement {
            detect_within: 10.0,
            mistake_recurrence: f64::from(apart),
            mistake_duration: 1e9,
        };
        let chen = configure_known(&wish, 0.5, |x| f64::from(u8::from(x < 0.0))).unwrap();
        let config = Config::target(within)
            .mistakes_at_most_one_per(Duration::from_secs(apart.into()))
            .jitter_percent(0)
            .seed(7)
            .without_initial_delay()
            .build()
            .unwrap();
        let mut monitor = Monitor::new(config, Instant::ZERO).unwrap();
        assert!(matches!(monitor.poll(Instant::ZERO), Output::Send(_)));
        let plan = monitor.snapshot(Instant::ZERO).path.plan;
        let interval = plan.interval().as_secs_f64();
        let exact = chen.interval;
        assert!(
            (interval / exact - 1.0).abs() < 1e-3,
            "{apart}: {interval} {exact}"
        );
    }
}
