//! A lease on the mock clock of `embassy-time`, which is one for the whole process.
#![cfg(feature = "embassy")]

use std::cell::Cell;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_time::{MockDriver, Timer};
use systole::lease::{Action, Answer, Config, EventKind, Request};

type Lease = systole::embassy::Lease<NoopRawMutex>;

const TTL: Duration = Duration::from_secs(10);
/// The step of the clock, in ticks of a microsecond.
const STEP_US: u64 = 1_000;

fn clock() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    MockDriver::get().reset();
    alone
}

fn lease() -> Lease {
    let margin = Duration::from_millis(500);
    Lease::new(
        Config::renewed(TTL)
            .stop_within(margin)
            .seed(7)
            .build()
            .unwrap(),
    )
}

/// A server that answers after 20 ms, until it is told to be silent.
#[derive(Default)]
struct Server {
    silent: Cell<bool>,
    released: Cell<bool>,
    /// When the last request was sent that it granted.
    granted_us: Cell<u64>,
}

fn now_us() -> u64 {
    embassy_time::Instant::now().as_micros()
}

impl Server {
    async fn ask(&self, request: Request) -> Result<Answer, ()> {
        let sent_us = now_us();
        Timer::after_millis(20).await;
        if self.silent.get() {
            pending::<()>().await;
        }
        if request.action == Action::Release {
            self.released.set(true);
            return Ok(Answer::Released);
        }
        self.granted_us.set(sent_us);
        let (ttl, epoch) = (request.ttl, 7);
        Ok(Answer::Granted { ttl, epoch })
    }

    fn fence_us(&self) -> u64 {
        self.granted_us.get() + 9_989_000
    }
}

fn poll<F: Future>(future: &mut Pin<&mut F>) -> Option<F::Output> {
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Polls both at every step for `span`, until the second has ended.
fn run<F: Future>(
    keep: &mut Pin<&mut impl Future>,
    other: &mut Pin<&mut F>,
    span: Duration,
) -> Option<F::Output> {
    let end_us = now_us() + span.as_micros() as u64;
    while now_us() < end_us {
        let _ = poll(keep);
        if let Some(output) = poll(other) {
            return Some(output);
        }
        MockDriver::get().advance(embassy_time::Duration::from_micros(STEP_US));
    }
    None
}

#[test]
fn work_knows_its_epoch_and_ends_at_the_fence() {
    let _alone = clock();
    let (lease, server, last_us) = (lease(), Server::default(), Cell::new(0));
    let mut keep = pin!(lease.keep(|request| server.ask(request)));
    let mut work = pin!(lease.run(async |epoch| {
        assert_eq!(epoch, 7);
        loop {
            Timer::after_millis(1).await;
            last_us.set(now_us());
        }
    }));
    let ended: Option<Option<()>> = run(&mut keep, &mut work, 60 * TTL);
    assert!(ended.is_none() && lease.is_held(), "renewed all the time");
    assert!(last_us.get() > 590_000_000);
    server.silent.set(true);
    assert_eq!(run(&mut keep, &mut work, 2 * TTL), Some(None));
    assert!(last_us.get() < server.fence_us());
    assert!(now_us() >= server.fence_us() && now_us() <= server.fence_us() + STEP_US);
    assert!(!lease.is_held());
    let events = lease.events();
    assert_eq!(
        events.try_receive().map(|event| event.kind),
        Ok(EventKind::Held { epoch: 7 })
    );
}

#[test]
fn the_holder_is_told_to_stop_before_the_fence_however_late_it_was_polled() {
    let _alone = clock();
    let (lease, server) = (lease(), Server::default());
    let mut keep = pin!(lease.keep(|request| server.ask(request)));
    let mut held = pin!(lease.run(async |_| ()));
    assert_eq!(run(&mut keep, &mut held, TTL), Some(Some(())));
    server.silent.set(true);
    let mut lost = pin!(lease.lost());
    assert!(run(&mut keep, &mut lost, 2 * TTL).is_some());
    assert!(lease.is_held());
    let left_us = server.fence_us() - now_us();
    assert!(
        (500_000 - STEP_US..=500_000).contains(&left_us),
        "{left_us}"
    );

    let mut late = pin!(lease.run(async |_| Timer::after_millis(100).await));
    assert_eq!(poll(&mut late), None);
    MockDriver::get().advance(embassy_time::Duration::from_secs(20));
    assert!(!lease.is_held(), "before anything was polled");
    assert_eq!(poll(&mut late), Some(None));
}

#[test]
fn a_stop_releases_the_lease_and_ends_the_loop() {
    let _alone = clock();
    let (lease, server) = (lease(), Server::default());
    let mut keep = pin!(lease.keep(|request| server.ask(request)));
    let mut held = pin!(lease.run(async |_| ()));
    assert_eq!(run(&mut keep, &mut held, TTL), Some(Some(())));
    lease.stop();
    assert!(!lease.is_held());
    let mut forever = pin!(pending::<()>());
    let mut ended = pin!(async { keep.as_mut().await });
    assert!(run(&mut forever, &mut ended, TTL).is_some());
    assert!(server.released.get());
}

/// The lease expires by itself; at most four requests hang.
#[test]
fn a_stop_without_an_answer_ends_when_the_lease_has_expired() {
    let _alone = clock();
    let (lease, server) = (lease(), Server::default());
    let mut keep = pin!(lease.keep(|request| server.ask(request)));
    let mut held = pin!(lease.run(async |_| ()));
    assert_eq!(run(&mut keep, &mut held, TTL), Some(Some(())));
    server.silent.set(true);
    lease.stop();
    let start_us = now_us();
    let mut forever = pin!(pending::<()>());
    let mut ended = pin!(async { keep.as_mut().await });
    assert!(run(&mut forever, &mut ended, 2 * TTL).is_some());
    let took_us = now_us() - start_us;
    assert!((9_990_000..=10_010_000).contains(&took_us), "{took_us}");
}
