//! What a beat costs in a fleet of listeners: handed in, judged, and the next deadline set.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use systole::fleet::ListenerFleet;
use systole::{Beat, Instant, listener};

const SECOND: Duration = Duration::from_secs(1);

fn beats(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("listener fleet");
    group.throughput(Throughput::Elements(1));
    for senders in [1_000_u64, 100_000] {
        let config = listener::Config::builder().build().unwrap();
        let mut fleet = ListenerFleet::new(config, 7, Instant::ZERO).unwrap();
        for id in 1..=senders {
            fleet.add(id, Some(SECOND), Instant::ZERO).unwrap();
        }
        let mut turn = 0;
        group.bench_function(BenchmarkId::new("beat", senders), |bencher| {
            bencher.iter(|| {
                let sequence = u32::try_from(turn / senders).unwrap();
                let beat = Beat::new(sequence, SECOND).with_id(1 + turn * 7_919 % senders);
                let now = Instant::from_micros(turn * 1_000_000 / senders);
                turn += 1;
                let outcome = fleet.handle_beat(black_box(&beat), now);
                if turn % 64 == 0 {
                    let _ = black_box(fleet.poll(now));
                    fleet.events().for_each(drop);
                }
                outcome
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = beats
}
criterion_main!(benches);
