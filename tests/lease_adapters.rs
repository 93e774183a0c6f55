//! Leases on tokio's paused clock, and on threads in real time.
#![cfg(feature = "tokio")]

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use systole::lease::{Action, Answer, Config, EventKind, Refusal, Request};
use systole::task::{Lease, StopOutcome};
use systole::thread;
use tokio::time::{Instant, advance, sleep, timeout};
use tokio_stream::StreamExt;

const SECOND: Duration = Duration::from_secs(1);
const TTL: Duration = Duration::from_secs(10);
/// Of 10 s, less 1,000 ppm and a millisecond.
const BELIEVED: Duration = Duration::from_millis(9_989);
const MARGIN: Duration = Duration::from_millis(500);
const RTT: Duration = Duration::from_millis(20);
const TICK: Duration = Duration::from_millis(1);

fn config() -> Config {
    Config::renewed(TTL)
        .stop_within(MARGIN)
        .seed(7)
        .build()
        .unwrap()
}

/// What the server does, and what it was asked.
#[derive(Default)]
struct State {
    silent: bool,
    refuses: bool,
    epoch: u64,
    asked: Vec<Action>,
    under_way: usize,
    most_under_way: usize,
    /// When the last request was sent that it granted.
    granted: Option<Instant>,
}

#[derive(Clone, Default)]
struct Server(Arc<Mutex<State>>);

impl Server {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    async fn ask(self, request: Request) -> Result<Answer, ()> {
        let _under_way = UnderWay::new(&self);
        self.state().asked.push(request.action);
        let sent = Instant::now();
        sleep(RTT).await;
        if self.state().silent {
            pending::<()>().await;
        }
        Ok(self.answer(&request, sent))
    }

    fn answer(&self, request: &Request, sent: Instant) -> Answer {
        let mut state = self.state();
        if request.action == Action::Release {
            return Answer::Released;
        }
        if state.refuses {
            return Answer::Refused(Refusal::HeldByAnother);
        }
        state.epoch += u64::from(request.action == Action::Acquire);
        state.granted = Some(sent);
        let (ttl, epoch) = (request.ttl, state.epoch);
        Answer::Granted { ttl, epoch }
    }

    fn lease(&self) -> Lease {
        let server = self.clone();
        Lease::spawn(config(), move |request| server.clone().ask(request))
    }

    fn fence(&self) -> Instant {
        self.state().granted.unwrap() + BELIEVED
    }
}

struct UnderWay(Server);

impl UnderWay {
    fn new(server: &Server) -> Self {
        let mut state = server.state();
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
        Self(server.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.state().under_way -= 1;
    }
}

#[tokio::test(start_paused = true)]
async fn work_runs_while_the_lease_is_held_and_knows_its_epoch() {
    let server = Server::default();
    let lease = server.lease();
    assert!(!lease.is_held());
    let work = lease.run(|epoch| async move {
        sleep(100 * TTL).await; // renewed all the time
        epoch
    });
    assert_eq!(work.await, Some(1));
    assert!(lease.is_held());
    assert_eq!(lease.snapshot().counters.fenced, 0);
}

#[tokio::test(start_paused = true)]
async fn work_ends_at_the_fence_and_is_never_polled_after_it() {
    let server = Server::default();
    let lease = server.lease();
    let held = lease.held().await;
    sleep(37 * SECOND).await;
    server.state().silent = true;
    let mut last = Instant::now();
    let work = async {
        loop {
            sleep(Duration::from_micros(300)).await;
            last = Instant::now();
        }
    };
    assert_eq!(held.run(work).await, None::<()>);
    let (fence, now) = (server.fence(), Instant::now());
    assert!(last < fence, "acted {:?} after it", last - fence);
    assert!(
        now >= fence - TICK && now <= fence + 2 * TICK,
        "{now:?} {fence:?}"
    );
    assert!(!held.is_held() && !lease.is_held());
}

/// The work is woken together with the fence, after a long time in which nothing was scheduled.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_polled_late_does_not_act() {
    let server = Server::default();
    let lease = server.lease();
    let held = lease.held().await;
    let mut work = tokio_test_task(held.run(async {
        sleep(SECOND).await;
        "acted"
    }));
    assert!(work.poll().is_none());
    advance(11 * SECOND).await;
    assert!(!held.is_held(), "before anything else was polled");
    assert_eq!(work.poll(), Some(None));
}

#[tokio::test(start_paused = true)]
async fn the_holder_is_told_to_stop_by_the_margin_before_the_fence() {
    let server = Server::default();
    let lease = server.lease();
    let held = lease.held().await;
    let lost = held.lost();
    let told = async {
        sleep(60 * SECOND).await;
        server.state().silent = true;
        pending::<()>().await;
    };
    tokio::select! { () = lost => {} () = told => {} }
    let left = server.fence() - Instant::now();
    assert!(held.is_held());
    assert!(left >= MARGIN && left <= MARGIN + 2 * TICK, "{left:?}");
    timeout(TICK, held.lost()).await.expect("at once");
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_is_over_at_once_and_the_next_holding_is_another() {
    let server = Server::default();
    let lease = server.lease();
    let mut events = lease.events();
    let first = lease.held().await;
    server.state().refuses = true;
    let lost = async { tokio::join!(first.lost(), lease.lost()) };
    timeout(TTL, lost)
        .await
        .expect("when the renewal is refused");
    assert!(!first.is_held() && !lease.is_held());
    timeout(TICK, lease.lost()).await.expect("not held");
    server.state().refuses = false;
    let second = lease.held().await;
    assert_eq!((first.epoch(), second.epoch()), (1, 2));
    assert!(second.is_held() && !first.is_held());
    assert_eq!(first.run(async {}).await, None);
    let mut told = Vec::new();
    for _ in 0..3 {
        told.extend(events.next().await.map(|event| event.kind));
    }
    let why = Refusal::HeldByAnother;
    let expected = [
        EventKind::Held { epoch: 1 },
        EventKind::Lost { why },
        EventKind::Regained { epoch: 2 },
    ];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn a_stop_releases_the_lease_and_says_whether_the_server_answered() {
    let server = Server::default();
    let lease = server.lease();
    let held = lease.held().await;
    assert_eq!(lease.stop(SECOND).await, StopOutcome::Completed);
    assert_eq!(server.state().asked.last(), Some(&Action::Release));
    assert!(!held.is_held());

    let lease = server.lease();
    lease.held().await;
    server.state().silent = true;
    let start = Instant::now();
    assert_eq!(lease.stop(SECOND).await, StopOutcome::TimedOut);
    assert!(start.elapsed() <= SECOND + TICK);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_handle_releases_the_lease_in_the_background() {
    let server = Server::default();
    let lease = server.lease();
    let held = lease.held().await;
    drop(lease);
    timeout(SECOND, held.lost()).await.expect("released");
    sleep(RTT).await;
    assert_eq!(server.state().asked.last(), Some(&Action::Release));
}

#[tokio::test(start_paused = true)]
async fn requests_that_hang_are_bounded_and_dropped() {
    let server = Server::default();
    let lease = server.lease();
    lease.held().await;
    server.state().silent = true;
    sleep(20 * TTL).await;
    assert_eq!(server.state().most_under_way, 8);
    server.state().silent = false;
    timeout(2 * TTL, lease.held()).await.expect("held again");
    drop(lease);
    sleep(2 * SECOND).await;
    assert_eq!(server.state().under_way, 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_request_is_a_failure_that_is_retried() {
    let server = Server::default();
    let mut count = 0;
    let lease = Lease::spawn(config(), {
        let server = server.clone();
        move |request| {
            count += 1;
            assert!(count > 1, "the closure");
            let (server, panics) = (server.clone(), count == 2);
            async move {
                assert!(!panics, "the future");
                server.ask(request).await
            }
        }
    });
    timeout(TTL, lease.held()).await.expect("held");
    assert_eq!(lease.snapshot().counters.failed, 2);
}

/// Polls a future by hand.
struct Polled<F>(std::pin::Pin<Box<F>>);

fn tokio_test_task<F: Future>(future: F) -> Polled<F> {
    Polled(Box::pin(future))
}

impl<F: Future> Polled<F> {
    fn poll(&mut self) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match self.0.as_mut().poll(&mut context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}

// ---- threads, in real time ----

/// A server that grants until it is told to hang.
fn blocking(silent: &Arc<Mutex<bool>>) -> thread::Lease {
    let ttl = Duration::from_millis(900);
    let config = Config::renewed(ttl)
        .stop_within(Duration::from_millis(300))
        .build();
    let silent = Arc::clone(silent);
    thread::Lease::spawn(config.unwrap(), move |request, timeout| {
        if *silent.lock().unwrap() && request.action != Action::Release {
            std::thread::sleep(3 * timeout.max(ttl));
            return Err(());
        }
        Ok(match request.action {
            Action::Release => Answer::Released,
            _ => Answer::Granted { ttl, epoch: 7 },
        })
    })
    .unwrap()
}

#[test]
fn a_thread_that_is_blocked_in_a_request_delays_no_fence() {
    let silent = Arc::default();
    let lease = blocking(&silent);
    let held = lease.held_within(10 * SECOND).expect("granted at once");
    assert!(held.is_held() && held.epoch() == 7);
    *silent.lock().unwrap() = true;
    held.lost(); // returns by the margin before the fence; on a busy machine later
    let fence = lease.snapshot().fence_at;
    while held.is_held() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(fence.is_some() && !lease.is_held());
    assert_eq!(lease.stop(Duration::ZERO), StopOutcome::TimedOut, "blocked");
}

#[test]
fn a_thread_releases_the_lease_when_it_stops() {
    let lease = blocking(&Arc::default());
    let held = lease.held_within(10 * SECOND).expect("granted at once");
    assert_eq!(lease.stop(10 * SECOND), StopOutcome::Completed);
    assert!(!held.is_held());
}
