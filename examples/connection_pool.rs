//! A pool that hands out connections to live peers only: a peer is skipped while it is dead, and
//! used again once it replies.
//!
//! `cargo run --features tokio --example connection_pool`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use systole::task::{Builder, Heart};
use systole::{Config, ProbeError, RetryBudget, Verdict};
use tokio::time::sleep;

/// A connection to a peer that may be down.
struct Connection {
    name: &'static str,
    up: AtomicBool,
}

impl Connection {
    async fn ping(self: Arc<Self>) -> Result<(), ProbeError> {
        if !self.up.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        sleep(Duration::from_millis(5)).await;
        Ok(())
    }
}

/// Connections, each with the heart that monitors it.
struct Pool {
    members: Vec<(Arc<Connection>, Heart)>,
    turn: AtomicUsize,
}

impl Pool {
    fn new(connections: &[Arc<Connection>], config: Config) -> Self {
        // shared, so that the failure of one peer does not multiply the probes of all
        let budget = Arc::new(RetryBudget::new(10, 10));
        let member = |connection: &Arc<Connection>| {
            let pinged = Arc::clone(connection);
            let heart = Builder::new(config).retry_budget(&budget);
            let heart = heart.spawn(move || Arc::clone(&pinged).ping());
            (Arc::clone(connection), heart)
        };
        Self {
            members: connections.iter().map(member).collect(),
            turn: AtomicUsize::new(0),
        }
    }

    /// Returns the next connection, in turn, to a peer that is alive or suspected.
    fn take(&self) -> Option<&Arc<Connection>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = self
            .members
            .iter()
            .cycle()
            .skip(turn % self.members.len().max(1));
        let mut live = in_turn
            .take(self.members.len())
            .filter(|(_, heart)| matches!(heart.verdict(), Verdict::Alive | Verdict::Suspect));
        live.next().map(|(connection, _)| connection)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let connection = |name| {
        let up = AtomicBool::new(true);
        Arc::new(Connection { name, up })
    };
    let connections = ["one", "two", "three"].map(connection);
    let config = Config::every(Duration::from_millis(200))
        .detect_within(Duration::from_secs(1))
        .build()?;
    let pool = Pool::new(&connections, config);
    let used = || [(); 6].map(|()| pool.take().map_or("none", |connection| connection.name));

    sleep(Duration::from_secs(1)).await;
    println!("all up:   {:?}", used());
    for (up, what) in [(false, "two down:"), (true, "two back:")] {
        let [_, two, _] = &connections;
        two.up.store(up, Ordering::Relaxed);
        sleep(Duration::from_secs(2)).await;
        println!("{what} {:?}", used());
    }
    Ok(())
}
