//! The examples that watch a server with its own client, against the real ones: stopped, continued, and of no use.
#![cfg(all(feature = "tokio", unix))]

#[allow(dead_code)] // an example is a program
#[path = "../examples/http.rs"]
mod http_client;
#[allow(dead_code)]
#[path = "../examples/postgres.rs"]
mod postgres_client;
#[allow(dead_code)]
#[path = "../examples/redis.rs"]
mod redis_client;

use std::time::Duration;
use systole_testkit::servers::nginx;
use systole_testkit::servers::postgres;
use systole_testkit::servers::redis;

use systole::task::Heart;
use systole::{EventKind, Reason, Verdict};
use systole_testkit::servers::signal::signal;
use tokio::time::{Instant, timeout};
use tokio_stream::StreamExt;

const BOUND: Duration = Duration::from_secs(3);
/// What a busy machine may take to schedule us and the server.
const SLACK: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(20);

/// Alive, dead within the bound once it is stopped, and alive again: `send` sends it a signal.
async fn is_watched(heart: Heart, send: impl Fn(&str)) {
    let until = |verdict| timeout(PATIENCE, heart.until(verdict));
    assert_eq!(until(Verdict::Alive).await, Ok(Verdict::Alive));
    send("STOP");
    let crash = Instant::now();
    assert_eq!(until(Verdict::Dead).await, Ok(Verdict::Dead));
    let took = crash.elapsed();
    send("CONT");
    assert!(took <= BOUND + SLACK, "{took:?}");
    assert_eq!(until(Verdict::Alive).await, Ok(Verdict::Alive));
}

#[tokio::test]
async fn redis_is_watched() {
    let Some(server) = redis::redis() else { return };
    let heart = redis_client::watch(&format!("redis://127.0.0.1:{}", server.port)).unwrap();
    is_watched(heart, |name| signal(server.pid(), name)).await;
}

#[tokio::test]
async fn postgres_is_watched() {
    let Some((server, _folder)) = postgres::postgres() else {
        return;
    };
    let name = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port);
    let heart = postgres_client::watch(&name).unwrap();
    is_watched(heart, |name| postgres::signal_all(&server, name)).await;
}

#[tokio::test]
async fn a_web_server_is_watched() {
    let Some((server, _folder)) = nginx::nginx("client", "") else {
        return;
    };
    let address = format!("127.0.0.1:{}", server.port);
    let heart = http_client::watch(&address, "/moved").unwrap();
    is_watched(heart, |name| signal(server.pid(), name)).await;
}

#[tokio::test]
async fn what_a_status_says_is_heard() {
    let Some((server, _folder)) = nginx::nginx("statuses", "") else {
        return;
    };
    let address = format!("127.0.0.1:{}", server.port);
    let pushing = http_client::watch(&address, "/later").unwrap();
    assert_eq!(pushing.until(Verdict::Alive).await, Verdict::Alive);
    let mut broken = http_client::watch(&address, "/broken").unwrap();
    let reason = loop {
        let event = broken.next().await.map(|event| event.kind);
        if let Some(EventKind::Transition(change)) = event {
            assert_ne!(change.to, Verdict::Alive);
            if change.to == Verdict::Dead {
                break change.reason;
            }
        }
    };
    assert_eq!(reason, Reason::NeverHeard);
    assert_ne!(pushing.verdict(), Verdict::Dead);
}
