//! A client that is borrowed mutably, in a future of the caller.

use std::rc::Rc;

use systole::task::run;
use systole::{Config, ProbeError, Verdict};
use tokio::time::{Instant, sleep, timeout};

use crate::SECOND;

/// A connection that can carry one request at a time, and cannot be sent to another thread.
struct Client {
    requests: u32,
    /// From when on no request is answered.
    dies: Instant,
    _local: Rc<()>,
}

impl Client {
    fn new(dies: Instant) -> Self {
        Self {
            requests: 0,
            dies,
            _local: Rc::new(()),
        }
    }

    async fn ping(&mut self) -> Result<(), ProbeError> {
        self.requests += 1;
        if Instant::now() >= self.dies {
            std::future::pending::<()>().await;
        }
        sleep(SECOND / 50).await;
        Ok(())
    }
}

fn config() -> Config {
    Config::every(SECOND)
        .detect_within(4 * SECOND)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_borrowed_is_probed_and_its_death_is_found() {
    let dies = Instant::now() + 60 * SECOND;
    let mut client = Client::new(dies);
    let (heart, probes) = run(config(), async |_| client.ping().await);
    let dead = async {
        heart.until_dead().await;
        Instant::now()
    };
    tokio::select! {
        () = probes => panic!("the task has not stopped"),
        at = dead => assert!(at <= dies + 4 * SECOND, "{:?}", at - dies),
    }
    assert!((50..90).contains(&client.requests), "{}", client.requests);
}

#[tokio::test(start_paused = true)]
async fn the_timeout_is_that_of_the_plan() {
    let mut timeouts = Vec::new();
    let (heart, probes) = run(config(), async |timeout| {
        timeouts.push(timeout);
        sleep(SECOND / 100).await;
        Ok::<_, ProbeError>(())
    });
    let _ = timeout(30 * SECOND, probes).await;
    let planned = heart.snapshot().path.plan.timeout();
    assert_eq!(timeouts.last(), Some(&planned));
    assert!(timeouts[0] > planned, "nothing was measured at first");
}

#[tokio::test(start_paused = true)]
async fn a_future_that_was_dropped_is_no_evidence_against_the_peer() {
    let mut client = Client::new(Instant::now() + 3_600 * SECOND);
    let (heart, probes) = run(config(), async |_| client.ping().await);
    let _ = timeout(20 * SECOND, probes).await;
    assert_eq!(heart.verdict(), Verdict::Alive);
    sleep(60 * SECOND).await;
    assert_eq!(heart.verdict(), Verdict::Unknown); // no probe can be sent
    assert_eq!(heart.snapshot().counters.dead, 0);
}

#[tokio::test(start_paused = true)]
async fn the_future_ends_with_the_task() {
    let mut client = Client::new(Instant::now() + 3_600 * SECOND);
    let (heart, probes) = run(config(), async |_| client.ping().await);
    let ended = async {
        sleep(5 * SECOND).await;
        heart.stop().await;
    };
    let both = async { tokio::join!(probes, ended) };
    assert!(timeout(6 * SECOND, both).await.is_ok());
}
