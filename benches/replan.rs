//! What saying the target costs over the fluctuation rule: one round each, plans included, amortised.
//!
//! A steady path is planned for every 64th sample, one with losses and slow answers more often: after every long silence, and until intervals
//! have lengthened again. `next_interval` measures the fluctuation rule beside other crates.

use core::hint::black_box;
use core::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use systole::pacing::Pacing;
use systole::{Config, Heartbeat};

const BASE: Duration = Duration::from_secs(5);

/// Round trips about 40 ms, the same in every run; every 50th is slow, and every 200th is lost where there is `trouble`.
fn answers(trouble: bool) -> Vec<Option<Duration>> {
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005) + 1;
        state >> 33
    };
    (0..4_000)
        .map(|k| match k {
            _ if trouble && k % 200 == 199 => None,
            _ if trouble && k % 50 == 49 => Some(Duration::from_micros(300_000 + draw() % 900_000)),
            _ => Some(Duration::from_micros(30_000 + draw() % 20_000)),
        })
        .collect()
}

fn round<P: Pacing>(heart: &mut Heartbeat<32, P>, answer: Option<Duration>) -> Duration {
    match answer {
        Some(rtt) => heart.next_interval(rtt),
        None => heart.missed(),
    }
}

fn replan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replan");
    for (path, trouble) in [("steady", false), ("troubled", true)] {
        let answers = answers(trouble);
        let mut rule = Heartbeat::new(Config::every(BASE).build().unwrap());
        let mut cycle = answers.iter().cycle();
        group.bench_function(format!("{path}/fluctuation rule"), |bencher| {
            bencher.iter(|| round(&mut rule, *black_box(cycle.next().unwrap())));
        });
        let mut target = Heartbeat::new(Config::target(BASE).build().unwrap());
        let mut cycle = answers.iter().cycle();
        group.bench_function(format!("{path}/target"), |bencher| {
            bencher.iter(|| round(&mut target, *black_box(cycle.next().unwrap())));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = replan
}
criterion_main!(benches);
