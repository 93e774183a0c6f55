//! Against a real Redis server: stopped, continued, killed, restarted, busy; and the prober itself stopped.
//!
//! `SYSTOLE_DEEP=1` runs the long forms: 300 probes of a busy server, and a prober stopped for 30 s.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use systole_testkit::deep;

use crate::tool::Watch;
use serde_json::Value;
use systole_testkit::servers::process::Server;
use systole_testkit::servers::redis::{redis, redis_on};
use systole_testkit::servers::signal::signal;

const SECOND: Duration = Duration::from_secs(1);
const BOUND: Duration = Duration::from_secs(3);
/// What a busy machine may take to schedule us and the tool.
const SLACK: Duration = Duration::from_millis(500);

struct Redis(Server);

impl Redis {
    /// None where Redis is not installed.
    fn start() -> Option<Self> {
        redis().map(Self)
    }

    fn on(port: u16) -> Option<Self> {
        redis_on(port).map(Self)
    }

    /// Probed every second, dead within three.
    fn watch(&self) -> Watch {
        let target = format!("redis://127.0.0.1:{}", self.0.port);
        let mut watch = Watch::start([&*target, "--every", "1s", "--detect-within", "3s"]);
        watch.verdict("alive", 5 * SECOND);
        watch.listen(3 * SECOND);
        watch
    }

    fn signal(&self, name: &str) {
        signal(self.0.pid(), name);
    }
}

/// How long after `crash` the verdict falls.
fn dead(watch: &mut Watch, crash: Instant) -> Duration {
    watch.verdict("dead", BOUND + 5 * SECOND);
    let took = crash.elapsed();
    eprintln!("dead after {took:?}");
    assert!(took <= BOUND + SLACK, "{took:?}");
    took
}

#[test]
fn a_stopped_server_is_dead_within_the_bound_and_recovers() {
    let Some(redis) = Redis::start() else { return };
    let mut watch = redis.watch();
    redis.signal("STOP");
    dead(&mut watch, Instant::now());
    watch.listen(BOUND + SECOND); // longer than the bound, or it would be a refutation
    redis.signal("CONT");
    let line = watch.verdict("alive", 5 * SECOND);
    let recovered = line["event"] == "recovered"
        || watch
            .until("recovery", SECOND, |line| line["event"] == "recovered")
            .is_object();
    assert!(recovered);
    let (summary, status) = watch.stop("TERM");
    assert_eq!(
        (
            status,
            summary["recovered"].as_u64(),
            summary["refuted"].as_u64()
        ),
        (0, Some(1), Some(0))
    );
}

#[test]
fn a_killed_server_is_dead_and_alive_again_after_a_restart() {
    let Some(redis) = Redis::start() else { return };
    let (mut watch, port) = (redis.watch(), redis.0.port);
    redis.signal("KILL");
    let crash = Instant::now();
    drop(redis);
    dead(&mut watch, crash);
    watch.listen(SECOND);
    let _redis = Redis::on(port).unwrap();
    watch.verdict("alive", 5 * SECOND);
    let (summary, status) = watch.stop("TERM");
    assert_eq!((status, summary["recovered"].as_u64()), (0, Some(1)));
}

#[test]
fn a_busy_server_is_not_dead() {
    let Some(redis) = Redis::start() else { return };
    let busy = Busy::start(redis.0.port);
    let mut watch = redis.watch();
    let probes = if deep::is_wanted() { 300 } else { 15 };
    let is_held_up = |line: &&Value| line["rtt_us"].as_u64() > Some(50_000);
    for probe in 0..4 * probes {
        if probe >= probes && watch.seen.iter().any(|line| is_held_up(&line)) {
            break; // a script runs a fifth of the time: fifteen probes may all miss it
        }
        watch.until("answer", 10 * SECOND, |line| {
            line["event"] == "answer" || line["event"] == "late"
        });
    }
    let blocked = watch.seen.iter().filter(is_held_up).count();
    let (summary, status) = watch.stop("TERM");
    drop(busy);
    assert!(blocked > 0, "the server was not busy");
    eprintln!("{blocked} answers were held up by scripts; {summary}");
    assert_eq!(
        (
            status,
            summary["refuted"].as_u64(),
            summary["recovered"].as_u64()
        ),
        (0, Some(0), Some(0))
    );
}

/// A client whose script blocks the server for 200 ms every second.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn start(port: u16) -> Self {
        let running = Arc::new(AtomicBool::new(true));
        let go_on = running.clone();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        // scripts have no clock to go by: count as far as 200 ms take on this machine
        let sample = count_to(&mut stream, 2_000_000);
        let far = (2_000_000.0 * 0.2 / sample.as_secs_f64()) as u64;
        std::thread::spawn(move || {
            while go_on.load(Ordering::Relaxed) {
                let took = count_to(&mut stream, far);
                sleep(SECOND.saturating_sub(took));
            }
        });
        Self(running)
    }
}

/// Blocks the server while it counts; returns how long that took. A server that is killed meanwhile is the test's doing.
fn count_to(stream: &mut TcpStream, far: u64) -> Duration {
    let born = Instant::now();
    let command = format!("EVAL \"for i=1,{far} do end return 1\" 0\r\n");
    let mut reply = [0; 64];
    if stream.write_all(command.as_bytes()).is_ok()
        && let Ok(length @ 1..) = stream.read(&mut reply)
    {
        assert_eq!(&reply[..length], b":1\r\n");
    }
    born.elapsed()
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[test]
fn a_stopped_prober_blames_itself() {
    let Some(redis) = Redis::start() else { return };
    let mut watch = redis.watch();
    signal(watch.pid(), "STOP");
    sleep(if deep::is_wanted() {
        30 * SECOND
    } else {
        6 * SECOND
    });
    signal(watch.pid(), "CONT");
    let paused = watch.until("pause", 5 * SECOND, |line| line["event"] == "paused");
    eprintln!("late by {} ms", paused["lateness_ms"]);
    watch.listen(2 * BOUND);
    assert!(watch.seen.iter().all(|line| line["verdict"] != "dead"));
    let (summary, status) = watch.stop("TERM");
    assert_eq!(
        (
            status,
            summary["refuted"].as_u64(),
            summary["recovered"].as_u64()
        ),
        (0, Some(0), Some(0))
    );
}
