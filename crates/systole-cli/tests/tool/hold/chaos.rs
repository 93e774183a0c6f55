//! Supervisors, guards and the server are killed and stopped at random, and paths are cut: no two
//! commands write at once, and no epoch is used twice or goes back.
//!
//! `SYSTOLE_DEEP=1` runs it for ten minutes.

use std::time::{Duration, Instant};

use systole_testkit::deep;
use systole_testkit::servers::process::Server;
use systole_testkit::servers::proxy::{Path, Proxy};
use systole_testkit::servers::redis::redis;
use tokio::runtime::Runtime;
use tokio::time::sleep;

use super::{Holder, Ledger, STUBBORN, eventually};

/// Sends a signal to a process that may have ended.
fn signal(process: u32, name: &str) {
    let mut command = std::process::Command::new("kill");
    let _ = command
        .args([format!("-{name}"), process.to_string()])
        .output();
}

/// Random numbers from a seed (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn span(&mut self, from_ms: u64, to_ms: u64) -> Duration {
        Duration::from_millis(from_ms + self.below(to_ms - from_ms))
    }
}

/// Two supervisors that want the same lease, each over a path of its own.
struct Rivals {
    lease: fn(u16) -> String,
    ledger: Ledger,
    proxies: Vec<Proxy>,
    holders: Vec<Holder>,
}

impl Rivals {
    async fn start(server: &Server, lease: fn(u16) -> String) -> Self {
        let proxies = vec![Proxy::to(server.port).await, Proxy::to(server.port).await];
        let mut rivals = Self {
            lease,
            ledger: Ledger::new(),
            proxies,
            holders: Vec::new(),
        };
        rivals.holders = (0..2).map(|which| rivals.holder(which)).collect();
        rivals
    }

    fn holder(&self, which: usize) -> Holder {
        let lease = (self.lease)(self.proxies[which].port);
        let options = [
            &*lease, "--ttl", "2s", "--grace", "100ms", "--retry", "--quiet",
        ];
        let options = options.map(str::to_owned).into_iter();
        Holder::start(options.chain(self.ledger.command(STUBBORN)))
    }

    /// Does one thing to one of them, or to the server.
    async fn disturb(&mut self, random: &mut Random, server: &[u32]) {
        let which = random.below(2) as usize;
        let supervisor = self.holders[which].pid();
        let guard = super::children(supervisor).first().copied();
        let span = random.span(100, 3_000);
        match random.below(10) {
            0 | 1 => {
                self.holders[which] = self.holder(which); // the old one is killed when dropped
            }
            2..=4 => paused(&[supervisor], span).await,
            5 => paused(&guard.into_iter().collect::<Vec<_>>(), span).await,
            6 => {
                let both: Vec<_> = guard.into_iter().chain([supervisor]).collect();
                paused(&both, span).await;
            }
            7 => paused(server, span).await,
            8 => {
                self.proxies[which].set(Path::Hole);
                sleep(span).await;
                self.proxies[which].set(Path::Open);
            }
            _ => {
                if let Some(guard) = guard {
                    signal(guard, "KILL");
                }
            }
        }
        sleep(random.span(50, 1_000)).await;
    }
}

async fn paused(processes: &[u32], span: Duration) {
    for &process in processes {
        signal(process, "STOP");
    }
    sleep(span).await;
    for &process in processes {
        signal(process, "CONT");
    }
}

/// Disturbs two rivals for a while, and then looks at what their commands wrote.
pub(super) fn disturb(server: &Server, lease: fn(u16) -> String, processes: &[u32]) {
    let seed = u64::from(std::process::id());
    let span = Duration::from_secs(if deep::is_wanted() { 600 } else { 15 });
    println!("seed {seed}, for {span:?}");
    let ledger = Runtime::new().unwrap().block_on(async {
        let mut rivals = Rivals::start(server, lease).await;
        let (mut random, born) = (Random(seed), Instant::now());
        while born.elapsed() < span {
            rivals.disturb(&mut random, processes).await;
        }
        let last = rivals.ledger.epochs().1.last().copied().unwrap_or(0);
        rivals.holders.clear();
        rivals.holders.push(rivals.holder(0));
        let calm = || {
            rivals
                .ledger
                .epochs()
                .1
                .last()
                .copied()
                .filter(|&epoch| epoch > last)
        };
        tokio::task::block_in_place(|| eventually("a holding after the storm", calm));
        rivals.ledger
    });
    ledger.assert_no_overlap();
    let (written, started) = ledger.epochs();
    println!("{} holdings, {} lines", started.len(), written.len());
    let wanted = if deep::is_wanted() { 60 } else { 3 };
    assert!(started.len() >= wanted, "{started:?}");
}

#[test]
fn nothing_that_happens_to_rivals_for_redis_makes_two_of_them_hold() {
    let Some(server) = redis() else { return };
    let lease = |port| format!("redis://127.0.0.1:{port}/nightly");
    disturb(&server, lease, &[server.pid()]);
}
