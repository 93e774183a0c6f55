//! The embassy adapter on the mock clock of `embassy-time`, whose tick is a microsecond.
#![cfg(feature = "embassy")]

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_time::{Instant, MockDriver, Timer};
use systole::pacing::LifetimeRange;
use systole::{Config, Event, Failure, ProbeError, Reply, RetryBudget, Verdict, machine::Trial};

type Heart = systole::embassy::Heart<NoopRawMutex, 16>;

const SECOND: Duration = Duration::from_secs(1);
const TICKS: u64 = 1_000_000;

fn config() -> Config {
    Config::every(SECOND)
        .seed(7)
        .detect_within(3 * SECOND)
        .jitter_percent(0)
        .without_initial_delay()
        .build()
        .unwrap()
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// One executor and the clock, which is one for the whole process.
struct World {
    _alone: MutexGuard<'static, ()>,
    flag: Arc<Flag>,
    polls: usize,
}

impl World {
    fn new() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        MockDriver::get().reset();
        Self {
            _alone: alone,
            flag: Arc::new(Flag(AtomicBool::new(true))),
            polls: 0,
        }
    }

    /// Polls `future` for as long as it is woken at this moment.
    fn settle<F: Future>(&mut self, future: &mut Pin<Box<F>>) -> Option<F::Output> {
        let waker = Waker::from(self.flag.clone());
        let before = self.polls;
        while self.flag.0.swap(false, Ordering::SeqCst) {
            self.polls += 1;
            assert!(self.polls < before + 20, "a busy loop");
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Some(output);
            }
        }
        None
    }

    /// Lets `span` pass in steps of `step` ticks, polling `future` when it is woken.
    fn run<F: Future>(
        &mut self,
        future: &mut Pin<Box<F>>,
        span: Duration,
        step: u64,
    ) -> Option<F::Output> {
        self.flag.0.store(true, Ordering::SeqCst);
        for _ in 0..span.as_micros() as u64 * TICKS / 1_000_000 / step {
            if let Some(output) = self.settle(future) {
                return Some(output);
            }
            MockDriver::get().advance(embassy_time::Duration::from_ticks(step));
        }
        self.settle(future)
    }
}

/// A step of a millisecond.
const MILLI: u64 = 1_000;

/// A peer that answers after 20 ms while it is up; remembers when it was probed.
#[derive(Clone, Default)]
struct Peer {
    down: Rc<Cell<bool>>,
    sends: Rc<RefCell<Vec<Instant>>>,
}

impl Peer {
    fn probe(&self) -> impl Future<Output = Result<(), ProbeError>> + use<> {
        self.sends.borrow_mut().push(Instant::now());
        let down = self.down.get();
        async move {
            if down {
                pending::<()>().await;
            }
            Timer::after_millis(20).await;
            Ok(())
        }
    }

    fn count(&self) -> usize {
        self.sends.borrow().len()
    }

    fn shortest_gap(&self) -> u64 {
        let sends = self.sends.borrow();
        let gaps = sends.windows(2).map(|two| (two[1] - two[0]).as_ticks());
        gaps.min().unwrap()
    }
}

#[test]
fn a_steady_peer_is_probed_once_an_interval_and_nothing_spins() {
    let mut world = World::new();
    let (heart, peer) = (Heart::new(config()).unwrap(), Peer::default());
    let mut run = Box::pin(heart.run(|| peer.probe()));
    assert!(world.run(&mut run, 100 * SECOND, MILLI).is_none());
    assert!((100..=101).contains(&peer.count()), "{}", peer.count());
    assert!(world.polls <= 6 * peer.count(), "{} polls", world.polls);
    assert_eq!(heart.verdict(), Verdict::Alive);
    assert_eq!(heart.snapshot().counters.lost, 0);
}

#[test]
fn no_wake_is_too_early_and_the_schedule_does_not_drift() {
    let mut world = World::new();
    let config = Config::every(Duration::from_micros(1_234))
        .seed(7)
        .jitter_percent(0)
        .gain_percent(0)
        .without_initial_delay()
        .build()
        .unwrap();
    let (heart, peer) = (Heart::new(config).unwrap(), Peer::default());
    let mut run = Box::pin(heart.run(|| {
        drop(peer.probe());
        std::future::ready(Ok::<_, ProbeError>(()))
    }));
    assert!(world.run(&mut run, SECOND / 2, 1).is_none());
    let counters = heart.snapshot().counters;
    assert_eq!(counters.probes, 406); // 0.5 s / 1,234 us, and the one at 0
    assert_eq!((counters.lateness_us, peer.shortest_gap()), (0, 1_234));
    assert!(world.polls <= 4 * 406, "{} polls", world.polls);
}

#[test]
fn a_stall_is_ours_and_is_not_made_up_for() {
    let mut world = World::new();
    let (heart, peer) = (Heart::new(config()).unwrap(), Peer::default());
    let mut run = Box::pin(heart.run(|| peer.probe()));
    world.run(&mut run, 5 * SECOND + SECOND / 2, MILLI);
    let before = peer.count();
    MockDriver::get().advance(embassy_time::Duration::from_secs(60));
    world.run(&mut run, SECOND / 2, MILLI);
    assert!(peer.count() - before <= 2);
    world.run(&mut run, 5 * SECOND, MILLI);
    assert_eq!(heart.verdict(), Verdict::Alive);
    let counters = heart.snapshot().counters;
    assert_eq!((counters.pauses, counters.refuted), (1, 0));
}

/// Counts how many of it there are.
struct Guard(Rc<Cell<usize>>);

impl Guard {
    fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(count.clone())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[test]
fn a_future_that_never_returns_is_cut_and_its_peer_is_dead_in_time() {
    let mut world = World::new();
    let (heart, under_way) = (Heart::new(config()).unwrap(), Rc::new(Cell::new(0)));
    let mut run = Box::pin(heart.run(|| {
        let guard = Guard::new(&under_way);
        async move {
            let _guard = guard;
            pending::<Result<(), ProbeError>>().await
        }
    }));
    for _ in 0..60 {
        world.run(&mut run, SECOND, MILLI);
        assert!((1..=4).contains(&under_way.get()));
    }
    assert_eq!(heart.verdict(), Verdict::Dead);
    heart.stop();
    assert!(world.run(&mut run, SECOND, MILLI).is_some());
    assert_eq!(under_way.get(), 0);
}

/// Probes that hang fill all places; the latest gives way, so that a dead peer is asked every interval.
#[test]
fn a_peer_that_hung_and_is_back_is_seen_within_an_interval() {
    for down_s in [40, 100, 300] {
        let mut world = World::new();
        let config = Config::every(SECOND).seed(7).build().unwrap();
        let config = config.into_builder().jitter_percent(0).build().unwrap();
        let (heart, peer) = (Heart::new(config).unwrap(), Peer::default());
        let mut run = Box::pin(heart.run(|| peer.probe()));
        world.run(&mut run, 20 * SECOND, MILLI);
        assert_eq!(heart.verdict(), Verdict::Alive);
        peer.down.set(true);
        world.run(&mut run, Duration::from_secs(down_s), MILLI);
        assert_eq!(heart.verdict(), Verdict::Dead);
        peer.down.set(false);
        world.run(&mut run, Duration::from_millis(1_100), MILLI);
        assert_eq!(heart.verdict(), Verdict::Alive, "{down_s} s");
    }
}

/// A probe of an episode is waited for longer than the plan says, so that the places may be taken by those that are still to be
/// answered: they do not give way.
#[test]
fn a_peer_six_intervals_away_is_never_dead() {
    for seed in 1..=8 {
        let mut world = World::new();
        let config = Config::fixed(Duration::from_millis(100)).build().unwrap();
        let config = config
            .into_builder()
            .seed(seed)
            .without_initial_delay()
            .build()
            .unwrap();
        let heart = systole::embassy::Heart::<NoopRawMutex, 16, _>::new(config).unwrap();
        let mut run = Box::pin(heart.run(|| async {
            Timer::after_millis(600).await;
            Ok::<_, ProbeError>(())
        }));
        // what is looked at a millisecond late shortens the round trips that are measured
        world.run(&mut run, 60 * SECOND, 997);
        let counters = heart.snapshot().counters;
        assert_eq!(
            (heart.verdict(), counters.dead),
            (Verdict::Alive, 0),
            "{seed}"
        );
    }
}

#[test]
fn death_is_awaited_while_it_beats() {
    let mut world = World::new();
    let (heart, peer) = (Heart::new(config()).unwrap(), Peer::default());
    let mut both = Box::pin(async {
        let mut run = std::pin::pin!(heart.run(|| peer.probe()));
        let mut dead = std::pin::pin!(heart.until_dead());
        std::future::poll_fn(|context| {
            assert!(run.as_mut().poll(context).is_pending());
            dead.as_mut().poll(context)
        })
        .await
    });
    assert_eq!(world.run(&mut both, 10 * SECOND, MILLI), None);
    peer.down.set(true);
    let crash = Instant::now();
    assert_eq!(
        world.run(&mut both, 10 * SECOND, MILLI),
        Some(Verdict::Dead)
    );
    assert!(crash.elapsed().as_millis() <= 3_010, "{}", crash.elapsed());
}

#[test]
fn a_run_that_is_dropped_goes_on_with_what_is_known() {
    let mut world = World::new();
    let (heart, peer) = (Heart::new(config()).unwrap(), Peer::default());
    for _ in 0..50 {
        let mut run = Box::pin(heart.run(|| peer.probe()));
        world.run(&mut run, Duration::from_millis(730), MILLI);
        drop(run); // wherever it waits
        MockDriver::get().advance(embassy_time::Duration::from_millis(400));
    }
    assert_eq!(heart.verdict(), Verdict::Alive);
    assert_eq!(
        heart.snapshot().counters.recovered + heart.snapshot().counters.refuted,
        0
    );
    let numbers = std::iter::from_fn(|| heart.events().try_receive().ok());
    let numbers: Vec<u32> = numbers.map(|event: Event| event.number).collect();
    assert!(
        numbers.windows(2).all(|two| two[0] + 1 == two[1]),
        "{numbers:?}"
    );
}

#[test]
fn garbage_is_no_life_and_what_waits_ends_with_the_heart() {
    let mut world = World::new();
    let heart = Heart::new(config()).unwrap();
    let mut run = Box::pin(heart.run(|| async { Err::<(), _>(Failure::InvalidReply) }));
    world.run(&mut run, 4 * SECOND, MILLI);
    assert_eq!(heart.verdict(), Verdict::Dead);
    assert_eq!(heart.snapshot().last_failure, Some(Failure::InvalidReply));
    let mut wait = Box::pin(heart.until(Verdict::Alive));
    assert!(world.run(&mut wait, SECOND, MILLI).is_none());
    heart.stop();
    assert_eq!(world.settle(&mut wait), Some(Verdict::Dead));
}

#[test]
fn other_settings_and_a_budget_are_kept() {
    let mut world = World::new();
    let (budget, peer) = (RetryBudget::new(0, 0), Peer::default());
    let slow = Config::every(3_600 * SECOND)
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap();
    let heart = Heart::new(slow).unwrap();
    let mut run = Box::pin(heart.run_within(&budget, || peer.probe()));
    world.run(&mut run, 60 * SECOND, MILLI);
    assert_eq!(peer.count(), 1);
    heart.reconfigure(
        &config()
            .into_builder()
            .detect_within(100 * SECOND)
            .build()
            .unwrap(),
    );
    world.run(&mut run, 10 * SECOND, MILLI);
    assert!(peer.count() >= 10);
    peer.down.set(true);
    peer.sends.borrow_mut().clear();
    world.run(&mut run, 30 * SECOND, MILLI);
    assert!(
        peer.shortest_gap() >= TICKS - 1_000,
        "{}",
        peer.shortest_gap()
    ); // the steady ones alone
}

// ---- a lifetime ----

/// A flow through a NAT that forgets it after 5 s; tells of each packet whether the binding was there.
#[derive(Default)]
struct Flow {
    refreshed: Cell<Option<Instant>>,
    lost: Cell<u32>,
}

impl Flow {
    fn pass(&self) -> bool {
        let before = self.refreshed.replace(Some(Instant::now()));
        let there = before.is_none_or(|before| before.elapsed().as_secs() < 5);
        self.lost.set(self.lost.get() + u32::from(!there));
        there
    }

    async fn probe(&self) -> Result<Reply, ProbeError> {
        let there = self.pass();
        Timer::after_millis(20).await;
        if there {
            Ok(Reply::Ok)
        } else {
            Ok(Reply::FlowLost)
        }
    }

    async fn idle(&self, span: Duration) -> Trial {
        self.pass();
        Timer::after_micros(span.as_micros() as u64).await;
        if self.pass() {
            Trial::Survived(span)
        } else {
            Trial::Lost(span)
        }
    }
}

/// Without a second flow one is given up to learn the lifetime, with it none.
#[test]
fn a_lifetime_is_found() {
    let mut world = World::new();
    for (second, given_up) in [(None, 1), (Some(Flow::default()), 0)] {
        let reach = LifetimeRange::below_the_floor(SECOND / 5, 60 * SECOND).unwrap();
        let reach = match &second {
            Some(_) => reach.with_second_flow(),
            None => reach,
        };
        let config = Config::lifetime(reach)
            .seed(7)
            .without_initial_delay()
            .build()
            .unwrap();
        let heart = systole::embassy::Heart::<NoopRawMutex, 8, _>::new(config).unwrap();
        let flow = Flow::default();
        let mut both = Box::pin(async {
            let mut run = std::pin::pin!(heart.run(|| flow.probe()));
            let mut trials = std::pin::pin!(heart.run_trials(async |span| match &second {
                Some(second) => second.idle(span).await,
                None => Trial::Inconclusive,
            }));
            let mut explored = false;
            std::future::poll_fn(|context| {
                explored |= !explored && trials.as_mut().poll(context).is_ready();
                run.as_mut().poll(context).map(|()| explored)
            })
            .await
        });
        assert_eq!(world.run(&mut both, 1_200 * SECOND, MILLI), None);
        assert_eq!(flow.lost.get(), given_up);
        let interval = heart.snapshot().path.plan.interval();
        assert!(
            interval > 4 * SECOND && interval < 5 * SECOND,
            "{interval:?}"
        );
        heart.stop();
        world.run(&mut both, SECOND, MILLI);
    }
}

#[test]
fn trials_end_with_the_heart() {
    let mut world = World::new();
    let reach = LifetimeRange::below_the_floor(SECOND, 60 * SECOND).unwrap();
    let config = Config::lifetime(reach.with_second_flow())
        .seed(7)
        .build()
        .unwrap();
    let heart = systole::embassy::Heart::<NoopRawMutex, 8, _>::new(config).unwrap();
    let mut trials = Box::pin(heart.run_trials(async |_| Trial::Inconclusive));
    assert_eq!(world.run(&mut trials, 10 * SECOND, MILLI), None);
    heart.stop();
    assert_eq!(world.run(&mut trials, 60 * SECOND, MILLI), Some(()));
}
