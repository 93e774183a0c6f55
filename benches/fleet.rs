//! What an event of a fleet costs: a probe handed out, or a reply taken in, in virtual time. An event a peer every half second, answers after 20 ms.
//!
//! In the same run, at 100,000 peers: monitors behind a `BinaryHeap` of deadlines, and one tokio task a peer.

use core::cell::Cell;
use core::cmp::Reverse;
use core::hint::black_box;
use core::time::Duration;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use systole::pacing::Fixed;
use systole::{
    Config, Fleet, Instant, Monitor, Output, ProbeId,
    fleet::{self, PeerKey},
};
use tokio::runtime::Runtime;
use tokio::task::LocalSet;
use tokio::time::sleep_until;

const ROUND_TRIP: Duration = Duration::from_millis(20);
const EVENTS: u64 = 100_000;

fn config(seed: u64) -> Config<Fixed> {
    Config::fixed(Duration::from_secs(1))
        .seed(seed)
        .build()
        .unwrap()
}

/// Answers under way; all take the same time.
struct Network<K>(VecDeque<(Instant, K, ProbeId)>);

impl<K> Network<K> {
    fn send(&mut self, now: Instant, peer: K, id: ProbeId) {
        self.0.push_back((now.saturating_add(ROUND_TRIP), peer, id));
    }

    fn receive(&mut self, now: Instant) -> Option<(K, ProbeId)> {
        self.0.front().filter(|(at, ..)| *at <= now)?;
        let (_, peer, id) = self.0.pop_front()?;
        Some((peer, id))
    }

    fn next(&self) -> Instant {
        self.0.front().map_or(Instant::MAX, |&(at, ..)| at)
    }
}

trait World {
    /// Goes on for so many events.
    fn run(&mut self, events: u64);
}

struct Wheel {
    fleet: Fleet<4, Fixed>,
    network: Network<PeerKey>,
    now: Instant,
}

impl Wheel {
    fn new(peers: usize) -> Self {
        let mut fleet = Fleet::with_window(config(7), Instant::ZERO).unwrap();
        for _ in 0..peers {
            fleet.add(Instant::ZERO);
        }
        Self {
            fleet,
            network: Network(VecDeque::new()),
            now: Instant::ZERO,
        }
    }
}

impl World for Wheel {
    fn run(&mut self, events: u64) {
        let mut left = events;
        while left > 0 {
            while let Some((peer, id)) = self.network.receive(self.now) {
                self.fleet.handle_reply(peer, id, self.now);
                left = left.saturating_sub(1);
            }
            self.now = loop {
                match self.fleet.poll(self.now) {
                    Output::Send(fleet::Probe { peer, id, .. }) => {
                        self.network.send(self.now, peer, id);
                        left = left.saturating_sub(1);
                    }
                    Output::Wait(until) => break until.min(self.network.next()),
                    Output::Idle => return,
                }
            };
            black_box(self.fleet.events().count());
        }
    }
}

/// Whole monitors; an entry of the heap is void where its monitor has another deadline by now.
struct Heap {
    monitors: Vec<(Monitor<4, Fixed>, Instant)>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    network: Network<usize>,
    now: Instant,
}

impl Heap {
    fn new(peers: usize) -> Self {
        let start = |seed| Monitor::with_window(config(seed), Instant::ZERO).unwrap();
        let monitors = (1..=peers as u64).map(|seed| (start(seed), Instant::ZERO));
        Self {
            monitors: monitors.collect(),
            due: (0..peers)
                .map(|peer| Reverse((Instant::ZERO, peer)))
                .collect(),
            network: Network(VecDeque::new()),
            now: Instant::ZERO,
        }
    }

    /// Drains one monitor; returns how many probes it sent.
    fn drain(&mut self, peer: usize) -> u64 {
        let (monitor, due) = &mut self.monitors[peer];
        let mut probes = 0;
        let until = loop {
            match monitor.poll(self.now) {
                Output::Send(id) => {
                    self.network.send(self.now, peer, id);
                    probes += 1;
                }
                Output::Event(event) => drop(black_box(event)),
                Output::Wait(until) => break until,
                Output::Idle => break Instant::MAX,
            }
        };
        if *due != until {
            *due = until;
            self.due.push(Reverse((until, peer)));
        }
        probes
    }
}

impl World for Heap {
    fn run(&mut self, events: u64) {
        let mut left = events;
        while left > 0 {
            while let Some((peer, id)) = self.network.receive(self.now) {
                self.monitors[peer].0.handle_reply(id, self.now);
                left = left.saturating_sub(1 + self.drain(peer));
            }
            while let Some(&Reverse((due, peer))) =
                self.due.peek().filter(|top| top.0.0 <= self.now)
            {
                self.due.pop();
                if self.monitors[peer].1 == due {
                    self.monitors[peer].1 = Instant::MAX;
                    left = left.saturating_sub(self.drain(peer));
                }
            }
            let due = self.due.peek().map_or(Instant::MAX, |top| top.0.0);
            self.now = due.min(self.network.next());
        }
    }
}

/// A task a peer, on one thread and a clock that leaps to the next timer.
struct Tasks {
    runtime: Runtime,
    local: LocalSet,
    events: Rc<Cell<u64>>,
}

impl Tasks {
    fn new(peers: usize) -> Self {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        let (tasks, events) = (LocalSet::new(), Rc::new(Cell::new(0)));
        for seed in 1..=peers as u64 {
            tasks.spawn_local(beat(seed, Rc::clone(&events)));
        }
        Self {
            runtime,
            local: tasks,
            events,
        }
    }
}

impl World for Tasks {
    fn run(&mut self, events: u64) {
        let (counted, end) = (&self.events, self.events.get() + events);
        self.runtime.block_on(self.local.run_until(async {
            while counted.get() < end {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }));
    }
}

async fn beat(seed: u64, events: Rc<Cell<u64>>) {
    let start = tokio::time::Instant::now();
    let now = || Instant::ZERO.saturating_add(start.elapsed());
    let mut monitor = Monitor::<4, Fixed>::with_window(config(seed), Instant::ZERO).unwrap();
    let mut answer = None;
    loop {
        let until = loop {
            match monitor.poll(now()) {
                Output::Send(id) => {
                    answer = Some((now().saturating_add(ROUND_TRIP), id));
                    events.set(events.get() + 1);
                }
                Output::Event(event) => drop(black_box(event)),
                Output::Wait(until) => break until,
                Output::Idle => return,
            }
        };
        let wake = answer.map_or(until, |(at, _)| until.min(at));
        sleep_until(start + wake.saturating_duration_since(Instant::ZERO)).await;
        if let Some((_, id)) = answer.take_if(|(at, _)| *at <= now()) {
            monitor.handle_reply(id, now());
            events.set(events.get() + 1);
        }
    }
}

fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    id: BenchmarkId,
    mut world: impl World,
    peers: usize,
) {
    world.run(4 * peers as u64); // all have been heard before the clock starts
    group.bench_function(id, |bencher| bencher.iter(|| world.run(EVENTS)));
}

fn fleet(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fleet");
    group
        .throughput(Throughput::Elements(EVENTS))
        .sample_size(20);
    for peers in [1_000, 100_000, 1_000_000] {
        measure(
            &mut group,
            BenchmarkId::new("systole", peers),
            Wheel::new(peers),
            peers,
        );
    }
    let peers = 100_000;
    measure(
        &mut group,
        BenchmarkId::new("BinaryHeap", peers),
        Heap::new(peers),
        peers,
    );
    measure(
        &mut group,
        BenchmarkId::new("a task a peer", peers),
        Tasks::new(peers),
        peers,
    );
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = fleet
}
criterion_main!(benches);
