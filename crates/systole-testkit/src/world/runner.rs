//! Runs worlds, and reduces the first that breaks a law.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use super::{Coverage, Journal, Law, Random, Violation};

/// A machine in its world: how a world is drawn, run and made simpler.
pub trait World {
    /// The name of the machine, for reports.
    const NAME: &'static str;

    /// Everything that is drawn before the world runs.
    type Plan: Clone + Debug;

    /// Situations that a run of many worlds has to meet.
    const SITUATIONS: &'static [&'static str];

    /// Draws a world.
    fn plan(random: &mut Random) -> Self::Plan;

    /// Simpler worlds, the simplest first: with fewer incidents, a shorter life, less variation.
    fn simpler(plan: &Self::Plan) -> Vec<Self::Plan>;

    /// Runs a world to its end.
    ///
    /// # Errors
    /// The first law that it saw broken.
    fn run(plan: &Self::Plan, journal: &mut Journal) -> Result<(), Violation>;
}

/// What a run of many worlds did.
#[derive(Debug, Default)]
pub struct Totals {
    /// How many worlds.
    pub worlds: u64,
    /// How many polls.
    pub polls: u64,
    /// How many broke a law, as is known.
    pub unmended: u64,
    /// What occurred.
    pub coverage: Coverage,
}

impl Totals {
    fn add(&mut self, journal: &Journal) {
        self.worlds += 1;
        self.polls += journal.polls;
        self.coverage.add(&journal.coverage);
    }

    fn print(&self, name: &str) {
        let Self {
            worlds,
            polls,
            unmended,
            ..
        } = self;
        println!("{name}: {worlds} worlds, {polls} polls, {unmended} with a known breach");
        for (situation, count) in self.coverage.iter() {
            println!("{name}: {count:>12} {situation}");
        }
    }
}

/// The seed of the first world.
const FIRST_SEED: u64 = 1;

/// What reducing a failure may take.
const REDUCTIONS: usize = 3_000;
const REDUCING: Duration = Duration::from_secs(20);

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.replace('_', "").parse().ok()
}

/// Runs `worlds` worlds, and fails at the first that breaks a law, with its seed, its reduced plan
/// and the last calls; or at the end, where one of its situations never occurred.
///
/// Worlds whose breach is known and not mended yet are listed by seed in `unmended.txt`. They are run
/// and counted, and do not end the run. One that breaks nothing any more is told, so that it is taken
/// off the list; nothing is ever added but the seeds of a world that is new or was drawn anew.
///
/// `SYSTOLE_WORLDS=N` sets the number of worlds, `SYSTOLE_POLLS=N` goes on until so many polls,
/// `SYSTOLE_SEED=S` runs that world alone, `SYSTOLE_SURVEY=1` counts breaches instead of stopping.
///
/// # Panics
/// Where a law is broken, or a situation was not met.
pub fn check<W: World>(worlds: u64) {
    if let Some(seed) = setting("SYSTOLE_SEED") {
        return run_or_fail::<W>(seed, &mut Journal::default());
    }
    let worlds = setting("SYSTOLE_WORLDS").unwrap_or(worlds);
    if setting("SYSTOLE_SURVEY").is_some() {
        return survey::<W>(worlds);
    }
    let totals = many::<W>(worlds, setting("SYSTOLE_POLLS").unwrap_or(0));
    totals.print(W::NAME);
    for situation in W::SITUATIONS {
        let met = totals.coverage.count(situation) > 0;
        assert!(met, "{}: no world met \"{situation}\"", W::NAME);
    }
}

fn many<W: World>(worlds: u64, polls: u64) -> Totals {
    let (mut totals, unmended) = (Totals::default(), unmended(W::NAME));
    while totals.worlds < worlds || totals.polls < polls {
        let (seed, mut journal) = (FIRST_SEED + totals.worlds, Journal::default());
        match run::<W>(seed, &mut journal) {
            Ok(()) if unmended.contains(&seed) => println!("{}: seed {seed} is mended", W::NAME),
            Err(violation) if !unmended.contains(&seed) => fail::<W>(seed, &violation),
            Err(_) => totals.unmended += 1,
            Ok(()) => {}
        }
        totals.add(&journal);
    }
    totals
}

/// The seeds of worlds of the machine called `name` that break a law, as is known and not mended yet.
fn unmended(name: &str) -> Vec<u64> {
    let lines = include_str!("unmended.txt").lines();
    let mut those = lines.filter_map(|line| line.split_once(": "));
    let seeds = those
        .find(|(of, _)| *of == name)
        .map_or("", |(_, seeds)| seeds);
    seeds.split_whitespace().flat_map(str::parse).collect()
}

fn run<W: World>(seed: u64, journal: &mut Journal) -> Result<(), Violation> {
    W::run(&W::plan(&mut Random::new(seed)), journal)
}

fn run_or_fail<W: World>(seed: u64, journal: &mut Journal) {
    if let Err(violation) = run::<W>(seed, journal) {
        fail::<W>(seed, &violation);
    }
}

/// Runs `worlds` worlds to the end, whatever they break, and prints the kinds of breaches: how many
/// worlds each ended, and after how many worlds the first came.
pub fn survey<W: World>(worlds: u64) {
    let mut found: BTreeMap<(Law, &'static str), (Vec<u64>, String)> = BTreeMap::new();
    let mut totals = Totals::default();
    for seed in FIRST_SEED..FIRST_SEED + worlds {
        let mut journal = Journal::default();
        if let Err(it) = run::<W>(seed, &mut journal) {
            let first = || (Vec::new(), it.detail.clone());
            let seeds = found.entry((it.law, it.kind)).or_insert_with(first);
            seeds.0.push(seed);
        }
        totals.add(&journal);
    }
    totals.print(W::NAME);
    let mut all: Vec<_> = found.values().flat_map(|(seeds, _)| seeds).collect();
    all.sort();
    println!("{}: breaking: {all:?}", W::NAME);
    for ((law, kind), (seeds, detail)) in found {
        let (name, count) = (W::NAME, seeds.len());
        let first = &seeds[..count.min(6)];
        println!("{name}: {law:?}: {kind}: {count} worlds, first seeds {first:?}: {detail}");
    }
}

/// Reduces the world of `seed` for as long as it breaks the same law in the same way, and panics
/// with what is left.
fn fail<W: World>(seed: u64, violation: &Violation) -> ! {
    let plan = reduced::<W>(W::plan(&mut Random::new(seed)), violation);
    let mut journal = Journal::recording();
    let reduced = W::run(&plan, &mut journal).err();
    let reduced = reduced.as_ref().unwrap_or(violation);
    panic!(
        "{}: seed {seed}: {violation}\nreduced: {reduced}\n{plan:#?}\nlast calls:\n{}\nagain: SYSTOLE_SEED={seed}",
        W::NAME,
        journal.calls()
    )
}

fn reduced<W: World>(mut plan: W::Plan, violation: &Violation) -> W::Plan {
    let breaks = |plan: &W::Plan| {
        let result = W::run(plan, &mut Journal::default());
        result.is_err_and(|it| (it.law, it.kind) == (violation.law, violation.kind))
    };
    let (mut tries, began) = (0, Instant::now());
    loop {
        let simpler = W::simpler(&plan).into_iter().find(|simpler| {
            tries += 1;
            tries < REDUCTIONS && began.elapsed() < REDUCING && breaks(simpler)
        });
        match simpler {
            Some(simpler) => plan = simpler,
            None => return plan,
        }
    }
}
