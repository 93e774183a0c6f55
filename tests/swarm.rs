//! Ten thousand hearts in one process: spread at the start, held to their budget in an outage, cheap, and quick to stop.
#![cfg(feature = "tokio")]

mod swarm {
    mod shared_sockets;
}

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use systole::task::{Builder, Heart};
use systole::{Config, ProbeError, RetryBudget, Verdict};
use tokio::time::{Instant, sleep};

const PEERS: usize = 10_000;
const SECOND: Duration = Duration::from_secs(1);
/// Probes in a tenth of a second: 10,000 peers every 5 s, less 5 % jitter on average.
const STEADY: usize = PEERS / 50 * 100 / 95;

/// Peers that answer after 20 ms, all or none of them, and when they were probed.
struct Peers {
    up: AtomicBool,
    born: Instant,
    tenths: Mutex<Vec<usize>>,
}

impl Peers {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            up: AtomicBool::new(true),
            born: Instant::now(),
            tenths: Mutex::default(),
        })
    }

    async fn answer(self: Arc<Self>) -> Result<(), ProbeError> {
        {
            let tenth = self.born.elapsed().as_millis() as usize / 100;
            let mut tenths = self.tenths.lock().unwrap();
            let length = tenths.len().max(tenth + 1);
            tenths.resize(length, 0);
            tenths[tenth] += 1;
        }
        if !self.up.load(Ordering::SeqCst) {
            pending::<()>().await;
        }
        sleep(Duration::from_millis(20)).await;
        Ok(())
    }

    /// The greatest number of probes in a tenth of a second, and in a second, since the last time.
    fn peaks(&self) -> (usize, usize) {
        let tenths = std::mem::take(&mut *self.tenths.lock().unwrap());
        let second = tenths.windows(10).map(|ten| ten.iter().sum());
        (tenths.iter().copied().max().unwrap(), second.max().unwrap())
    }
}

fn hearts(peers: &Arc<Peers>) -> Vec<Heart> {
    let budget = Arc::new(RetryBudget::new(10, 50));
    let start = |which| {
        let config = Config::every(5 * SECOND).seed(which).build().unwrap();
        let peers = peers.clone();
        let builder = Builder::new(config).retry_budget(&budget);
        builder.spawn(move || peers.clone().answer())
    };
    (1..=PEERS as u64).map(start).collect()
}

fn count(hearts: &[Heart], verdict: Verdict) -> usize {
    let of_it = hearts.iter().filter(|heart| heart.verdict() == verdict);
    of_it.count()
}

/// The best part of a minute of ten thousand hearts, which is the point: some 10 s without optimisation.
#[tokio::test(start_paused = true)]
async fn hearts_started_together_are_spread_and_an_outage_of_all_is_no_storm() {
    let peers = Peers::new();
    let hearts = hearts(&peers);
    sleep(8 * SECOND).await;
    assert_eq!(count(&hearts, Verdict::Alive), PEERS);
    let (tenth, _) = peers.peaks();
    assert!(tenth <= STEADY * 3 / 2, "{tenth} of {STEADY} at the start");

    peers.up.store(false, Ordering::SeqCst);
    sleep(30 * SECOND).await;
    assert_eq!(count(&hearts, Verdict::Dead), PEERS);
    peers.up.store(true, Ordering::SeqCst);
    sleep(6 * SECOND).await;
    assert_eq!(count(&hearts, Verdict::Alive), PEERS);
    let (tenth, second) = peers.peaks();
    println!("{STEADY} probes in 100 ms when steady; at most {tenth}, and {second} in a second");
    assert!(tenth <= STEADY * 3 / 2, "{tenth} of {STEADY} in the outage");
    assert!(second <= 2 * 10 * STEADY, "{second} in a second");
}

#[tokio::test]
async fn all_stop_within_a_second() {
    let peers = Peers::new();
    let said = Arc::new(AtomicUsize::new(0));
    let config = Config::every(5 * SECOND).build().unwrap();
    let hearts: Vec<Heart> = (0..PEERS)
        .map(|_| {
            let (peers, said) = (peers.clone(), said.clone());
            Builder::new(config)
                .on_stop(SECOND, move || async move {
                    said.fetch_add(1, Ordering::SeqCst)
                })
                .spawn(move || peers.clone().answer())
        })
        .collect();
    sleep(SECOND).await;
    let asked = std::time::Instant::now();
    let stops: Vec<_> = hearts
        .into_iter()
        .map(|heart| tokio::spawn(heart.stop()))
        .collect();
    for stop in stops {
        stop.await.unwrap();
    }
    let took = asked.elapsed();
    println!("{PEERS} hearts stopped and said goodbye in {took:?}");
    assert_eq!(said.load(Ordering::SeqCst), PEERS);
    let allowed = if cfg!(debug_assertions) {
        5 * SECOND
    } else {
        SECOND
    };
    assert!(took < allowed, "{took:?}");
}
