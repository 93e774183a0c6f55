//! The examples that keep a lease on a server, against the real ones, through a path that is cut
//! and slow. Another client of the server sees who holds the lease.
#![cfg(all(feature = "tokio", unix))]

#[allow(dead_code)] // an example is a program
#[path = "../examples/leases/postgres.rs"]
mod postgres_lease;
#[allow(dead_code)]
#[path = "../examples/leases/redis.rs"]
mod redis_lease;

use std::time::Duration;

use systole::Instant as Moment;
use systole::Output;
use systole::lease::{self, Action, Answer, Config, Refusal, Request};
use systole::task::{Held, Lease, StopOutcome};
use systole_testkit::servers::proxy::{Path, Proxy};
use systole_testkit::servers::signal::signal;
use systole_testkit::servers::{postgres, redis};
use tokio::time::{Instant, sleep, timeout};

const TTL: Duration = Duration::from_secs(3);
/// The server stands still so long, just after a grant.
const STALL: Duration = Duration::from_millis(1_900);
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(10);

/// A client of one server, for one holder.
trait Client {
    async fn ask(&self, request: Request) -> Answer;
}

impl Client for redis_lease::Server {
    async fn ask(&self, request: Request) -> Answer {
        self.clone().ask(request).await.expect("the server answers")
    }
}

impl Client for postgres_lease::Server {
    async fn ask(&self, request: Request) -> Answer {
        self.clone().ask(request).await.expect("the server answers")
    }
}

fn config() -> Config {
    Config::renewed(TTL).build().unwrap()
}

/// Returns what a machine that knows nothing asks for.
fn acquisition() -> Request {
    let config = Config::renewed(Duration::from_millis(200)).build().unwrap();
    match lease::Lease::new(config, Moment::ZERO).poll(Moment::ZERO) {
        Output::Send(request) => request,
        other => panic!("{other:?}"),
    }
}

async fn held(lease: &Lease) -> Held {
    timeout(PATIENCE, lease.held()).await.expect("held in time")
}

/// While the holder's path is cut, it stops acting before the server gives the lease away.
async fn is_fenced_before_the_server_expires(held: &Held, rival: &impl Client, epoch: u64) {
    let cut = Instant::now();
    loop {
        // The order matters: if the server granted it to the rival, the holder has stopped.
        let answer = rival.ask(acquisition()).await;
        let still = held.is_held();
        if let Answer::Granted { epoch: next, .. } = answer {
            assert!(!still, "two hold the lease");
            assert!(next > epoch, "{next} after {epoch}");
            break;
        }
        assert_eq!(answer, Answer::Refused(Refusal::HeldByAnother));
        assert!(cut.elapsed() < 2 * TTL, "it never expired");
        sleep(LOOK).await;
    }
    assert!(cut.elapsed() > TTL / 2, "it had just been renewed");
}

/// A lease through `proxy`, beside `rival`, which asks the server itself.
async fn is_kept(lease: Lease, rival: &impl Client, proxy: &Proxy, stop: impl Fn(&str)) {
    let first = held(&lease).await;
    let refused = Answer::Refused(Refusal::HeldByAnother);
    assert_eq!(rival.ask(acquisition()).await, refused);

    // The server stands still just after a grant, for most of the TTL; then replies are slow.
    let granted = lease.snapshot().counters.granted;
    while lease.snapshot().counters.granted == granted {
        sleep(LOOK).await;
    }
    stop("STOP");
    sleep(STALL).await;
    stop("CONT");
    proxy.set(Path::Slow(Duration::from_millis(150)));
    sleep(TTL).await;
    proxy.set(Path::Open);
    assert!(first.is_held(), "{:?}", lease.snapshot());

    proxy.set(Path::Hole);
    is_fenced_before_the_server_expires(&first, rival, first.epoch()).await;
    proxy.set(Path::Open);
    let second = held(&lease).await;
    assert!(second.epoch() > first.epoch() + 1, "the rival had one");

    assert_eq!(lease.stop(PATIENCE).await, StopOutcome::Completed);
    let answer = rival.ask(acquisition()).await;
    assert!(matches!(answer, Answer::Granted { .. }), "{answer:?}");
    is_repeated(rival, answer).await;
}

/// An acquisition whose answer was lost is repeated with the same token: it is the same holding.
async fn is_repeated(holder: &impl Client, first: Answer) {
    let request = acquisition();
    assert_eq!(holder.ask(request).await, first);
    let action = Action::Release;
    let release = Request { action, ..request };
    assert_eq!(holder.ask(release).await, Answer::Released);
    let action = Action::Renew;
    let answer = holder.ask(Request { action, ..request }).await;
    assert_eq!(answer, Answer::Refused(Refusal::Expired));
}

#[tokio::test]
async fn a_lease_in_redis_is_kept_and_never_held_by_two() {
    let Some(server) = redis::redis() else { return };
    let proxy = Proxy::to(server.port).await;
    let at = |port| redis_lease::Server::new(&format!("redis://127.0.0.1:{port}"), "it").unwrap();
    let lease = at(proxy.port).lease(config());
    let stop = |name: &str| signal(server.pid(), name);
    is_kept(lease, &at(server.port), &proxy, stop).await;
}

#[tokio::test]
async fn a_lease_in_postgres_is_kept_and_never_held_by_two() {
    let Some((server, _folder)) = postgres::postgres() else {
        return;
    };
    let proxy = Proxy::to(server.port).await;
    let at = |port| {
        let name = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        postgres_lease::Server::new(&name, "it").unwrap()
    };
    let rival = at(server.port);
    let ready = async {
        while rival.create_table().await.is_err() {
            sleep(LOOK).await; // it starts up
        }
    };
    timeout(PATIENCE, ready).await.expect("it starts up");
    let lease = at(proxy.port).lease(config());
    is_kept(lease, &rival, &proxy, |name| {
        postgres::signal_all(&server, name);
    })
    .await;
}
