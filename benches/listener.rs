//! What one pushed heartbeat costs: bytes off the wire, the beat taken in, the drain, the verdict.
//!
//! In the same run: a published phi accrual detector, for one heartbeat and one phi, without a wire.

use core::hint::black_box;
use core::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use phi_detector::PingWindow;
use systole::{Beat, Instant, Listener, Output, Verdict, listener, wire};

const SECOND: Duration = Duration::from_secs(1);

/// Delays about 40 ms, the same in every run.
fn delays() -> Vec<u64> {
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005) + 1;
        state >> 33
    };
    (0..4_096).map(|_| 30_000 + draw() % 20_000).collect()
}

/// A key of SipHash-2-4.
struct Key([u8; 16]);

impl wire::Mac for Key {
    fn tag(&self, message: &[u8; wire::SIGNED]) -> [u8; 16] {
        let siphash = siphasher::sip128::SipHasher24::new_with_key(&self.0);
        siphash.hash(message).as_bytes()
    }
}

/// Beats of a peer, one after the other, and their arrivals.
struct Peer {
    delays: Vec<u64>,
    sequence: u32,
}

impl Peer {
    fn next(&mut self) -> (Beat, Instant) {
        let sequence = self.sequence;
        self.sequence += 1;
        let delay = self.delays[sequence as usize % self.delays.len()];
        let at = Instant::from_micros(u64::from(sequence) * 1_000_000 + delay);
        (Beat::new(sequence, SECOND), at)
    }
}

fn beat<const N: usize>(listener: &mut Listener<N>, beat: &Beat, at: Instant) -> bool {
    listener.handle_beat(beat, at);
    while let Output::Event(event) = listener.poll(at) {
        black_box(event);
    }
    listener.verdict() == Verdict::Alive
}

fn listen<const N: usize>(criterion: &mut Criterion) {
    let mut peer = Peer {
        delays: delays(),
        sequence: 0,
    };
    let mut listener =
        Listener::<N>::with_window(listener::Config::builder().build().unwrap(), Instant::ZERO);
    let id = BenchmarkId::new("systole", N);
    criterion
        .benchmark_group("beat")
        .bench_function(id, |bencher| {
            bencher.iter(|| {
                let (next, at) = peer.next();
                beat(&mut listener, black_box(&next), at)
            });
        });
}

fn codec(criterion: &mut Criterion) {
    let key = Key(*b"of this pair and");
    let beat = Beat::new(41, SECOND).with_load(7);
    let (plain, tagged) = (wire::encode(&beat), wire::seal(&beat, 0, &key));
    let mut group = criterion.benchmark_group("wire");
    group.bench_function("encode", |bencher| {
        bencher.iter(|| wire::encode(black_box(&beat)));
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| wire::decode(black_box(&plain)));
    });
    group.bench_function("open, SipHash-2-4", |bencher| {
        bencher.iter(|| wire::open(black_box(&tagged), 0, &key));
    });
    group.finish();
}

fn phi_detector(criterion: &mut Criterion) {
    let mut window = PingWindow::new(SECOND);
    let delays = delays();
    let mut arrivals = delays.iter().cycle();
    let id = BenchmarkId::new("phi-detector", 10_000);
    criterion
        .benchmark_group("beat")
        .bench_function(id, |bencher| {
            bencher.iter(|| {
                window.add_ping(Duration::from_micros(960_000 + arrivals.next().unwrap()));
                window.normal_dist().phi(black_box(SECOND))
            });
        });
}

fn beats(criterion: &mut Criterion) {
    listen::<32>(criterion);
    listen::<1_024>(criterion);
    phi_detector(criterion);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = beats, codec
}
criterion_main!(benches);
