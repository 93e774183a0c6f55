//! What it costs to keep a flow open through NATs that forget after 30 s to an hour: the search beside an oracle, the rule of Mars and
//! intervals that do not learn.
//!
//! `cargo run --release -p systole-lab --example nats -- 30 40 2026` (days; lifetimes of each kind; their seed). `all` as a fourth word prints every run.

use std::time::Duration;

use systole::ConfigError;
use systole::pacing::LifetimeRange;
use systole_lab::nat::{Mars, Named, Steady, Tally, Way, gallery, keep, watch};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const COLUMNS: [&str; 7] = [
    "second flow",
    "alone",
    "Mars 4.5-15 min",
    "Mars 3.5-10 min",
    "Mars, our range",
    "29 min",
    "15 s",
];

fn main() -> Result<(), ConfigError> {
    let mut args = std::env::args().skip(1);
    let mut number = |unless: u32| args.next().map_or(Ok(unless), |arg| arg.parse());
    let (Ok(days), Ok(drawn), Ok(seed)) = (number(30), number(40), number(2026)) else {
        eprintln!("nats [DAYS [LIFETIMES [SEED [all]]]]");
        return Ok(());
    };
    let verbose = args.next().is_some();
    let length = HOUR * 24 * days;
    println!(
        "{days} days at 0.5 % loss: packets by those of an oracle, mean and worst, and flows lost a run\n"
    );
    println!(
        "{:<22} runs {}",
        "",
        COLUMNS.map(|name| format!("{name:>19}")).join("")
    );
    let mut kinds: Vec<(&str, Vec<Run>)> = Vec::new();
    for (n, named) in (0_u64..).zip(gallery(length, drawn.into(), seed.into())) {
        let run = run(&named, n ^ u64::from(seed) << 32, length)?;
        if verbose {
            println!("{}", line(&named.name, &[run]));
        }
        match kinds.last_mut() {
            Some((kind, runs)) if *kind == named.kind => runs.push(run),
            _ => kinds.push((named.kind, vec![run])),
        }
    }
    kinds.sort_by_key(|&(kind, _)| kind);
    let mut all = Vec::new();
    for chunk in kinds.chunk_by(|(one, _), (other, _)| one == other) {
        let runs: Vec<Run> = chunk.iter().flat_map(|(_, runs)| runs.clone()).collect();
        println!(
            "{}",
            line(chunk.first().map_or("", |(kind, _)| kind), &runs)
        );
        all.extend(runs);
    }
    println!("{}", line("all", &all));
    Ok(())
}

/// The oracle, and the columns.
type Run = (Tally, [Tally; 7]);

fn run(named: &Named, seed: u64, length: Duration) -> Result<Run, ConfigError> {
    let way = Way::new(named.nat.clone(), seed).with_loss(0.005);
    let reach = LifetimeRange::between(15 * SECOND, HOUR)?;
    let steady = |mut keeper: Steady| keep(&way, &mut keeper, length);
    let mars = |mut keeper: Mars| keep(&way, &mut keeper, length);
    let oracle = steady(Steady::oracle(named.nat.clone()));
    let others = [
        watch(&way, reach.with_second_flow(), length)?,
        watch(&way, reach, length)?,
        mars(Mars::first()),
        mars(Mars::newer()),
        mars(Mars::between(15 * SECOND, HOUR)),
        steady(Steady::every(29 * 60 * SECOND)),
        steady(Steady::every(15 * SECOND)),
    ];
    Ok((oracle, others))
}

fn line(name: &str, runs: &[Run]) -> String {
    let cell = |column: usize| {
        let of = |run: &Run| run.1.get(column).copied().unwrap_or_default();
        let shares = runs
            .iter()
            .map(|run| of(run).packets() as f64 / run.0.packets() as f64);
        let mean = shares.clone().sum::<f64>() / runs.len() as f64;
        let worst = shares.fold(0.0, f64::max);
        let lost = runs.iter().map(|run| of(run).lost).sum::<u64>() as f64 / runs.len() as f64;
        format!("{mean:>6.2}{worst:>6.2}{lost:>7.1}")
    };
    let cells: Vec<_> = (0..COLUMNS.len()).map(cell).collect();
    format!("{name:<22} {:>4} {}", runs.len(), cells.join(""))
}
