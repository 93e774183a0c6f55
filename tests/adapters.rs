//! The adapters: no busy loop, no burst, waits rounded up, nothing lost to a cancellation, and a prompt stop.
#![cfg(feature = "tokio")]

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use systole::task::{Builder, Group, Heart, StopOutcome};
use systole::{
    Config, EventKind, Failure, ProbeError, Reason, Reply, RetryBudget, Verdict,
    failover::{self, Endpoint, GroupState},
};
use tokio::time::{Instant, advance, sleep, timeout};
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;

mod adapters {
    mod lifetime;
    mod run;
}

const SECOND: Duration = Duration::from_secs(1);

/// Every second without jitter, dead within three, from now on.
fn config() -> Config {
    Config::every(SECOND)
        .detect_within(3 * SECOND)
        .jitter_percent(0)
        .without_initial_delay()
        .build()
        .unwrap()
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// When probes were sent.
#[derive(Clone, Default)]
struct Sends(Arc<Mutex<Vec<Instant>>>);

impl Sends {
    fn note(&self) {
        self.0.lock().unwrap().push(Instant::now());
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn gaps(&self) -> Vec<Duration> {
        let sends = self.0.lock().unwrap();
        sends.windows(2).map(|two| two[1] - two[0]).collect()
    }
}

/// A peer that answers after `rtt`.
fn answering(sends: &Sends, rtt: Duration) -> Heart {
    let sends = sends.clone();
    systole::task::spawn(config(), move || {
        sends.note();
        async move {
            sleep(rtt).await;
            Ok::<_, ProbeError>(())
        }
    })
}

/// A peer that answers after 20 ms while `up`.
fn switched(up: &Arc<AtomicBool>) -> Heart {
    let up = up.clone();
    systole::task::spawn(config(), move || {
        let up = up.load(Ordering::SeqCst);
        async move {
            if !up {
                pending::<()>().await;
            }
            sleep(ms(20)).await;
            Ok::<_, ProbeError>(())
        }
    })
}

async fn transition(heart: &mut Heart) -> (Verdict, Reason) {
    loop {
        if let EventKind::Transition(transition) =
            heart.next().await.expect("the heart stopped").kind
        {
            return (transition.to, transition.reason);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_steady_peer_is_probed_once_an_interval() {
    let sends = Sends::default();
    let mut heart = answering(&sends, ms(20));
    assert_eq!(
        transition(&mut heart).await,
        (Verdict::Alive, Reason::Answered)
    );
    sleep(100 * SECOND).await;
    assert!((100..=102).contains(&sends.count()), "{}", sends.count());
    for gap in sends.gaps() {
        assert!(gap >= ms(999) && gap <= ms(1_002), "{gap:?}"); // tokio's timer has a grain of 1 ms
    }
    let counters = heart.snapshot().counters;
    assert_eq!((counters.lost, counters.pauses), (0, 0));
}

/// Paused time moves only when every task sleeps: a loop that spins on a wait rounded down would hang this test.
#[tokio::test(start_paused = true)]
async fn waits_are_rounded_up_and_never_spin() {
    let sends = Sends::default();
    let config = Config::every(Duration::from_micros(1_234_567))
        .without_initial_delay()
        .build()
        .unwrap();
    let noted = sends.clone();
    let heart = systole::task::spawn(config, move || {
        noted.note();
        async {
            sleep(Duration::from_micros(7_891)).await;
            Ok::<_, ProbeError>(())
        }
    });
    sleep(1_000 * SECOND).await;
    let counters = heart.snapshot().counters;
    assert_eq!(counters.probes as usize, sends.count());
    let shortest = sends.gaps().into_iter().min().unwrap();
    assert!(shortest >= Duration::from_micros(1_111_110), "{shortest:?}");
    let a_wait = counters.lateness_us / u64::from(3 * counters.probes);
    assert!(a_wait <= 1_000, "late by {a_wait} us a wait");
}

#[tokio::test(start_paused = true)]
async fn a_stall_is_ours_and_is_not_made_up_for() {
    let sends = Sends::default();
    let mut heart = answering(&sends, ms(20));
    transition(&mut heart).await;
    sleep(5 * SECOND).await;
    let before = sends.count();
    advance(60 * SECOND).await; // in one leap: nobody ran
    sleep(ms(900)).await;
    let burst = sends.count() - before;
    assert!(burst <= 2, "a burst of {burst}");
    assert!(matches!(
        heart.next().await.map(|event| event.kind),
        Some(EventKind::Paused { lateness }) if lateness > 55 * SECOND
    ));
    sleep(5 * SECOND).await;
    assert_eq!(heart.verdict(), Verdict::Alive);
    assert_eq!(heart.snapshot().counters.refuted, 0);
}

#[tokio::test(start_paused = true)]
async fn a_future_that_never_returns_is_cut() {
    let alive = Arc::new(AtomicU32::new(0));
    let counted = alive.clone();
    let mut heart = systole::task::spawn(config(), move || {
        let guard = Guard::new(&counted);
        async move {
            let _guard = guard;
            pending::<Result<(), ProbeError>>().await
        }
    });
    let born = Instant::now();
    assert_eq!(
        transition(&mut heart).await,
        (Verdict::Dead, Reason::NeverHeard)
    );
    assert!(born.elapsed() <= ms(3_010), "{:?}", born.elapsed());
    for _ in 0..600 {
        sleep(SECOND).await;
        assert!(alive.load(Ordering::SeqCst) <= 8);
    }
    heart.stop().await;
    assert_eq!(
        alive.load(Ordering::SeqCst),
        0,
        "a probe outlived its heart"
    );
}

/// Counts how many of it there are.
struct Guard(Arc<AtomicU32>);

impl Guard {
    fn new(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn late_answers_count() {
    let slow = Arc::new(AtomicBool::new(false));
    let switch = slow.clone();
    let mut heart = systole::task::spawn(config(), move || {
        let rtt = ms(if switch.load(Ordering::SeqCst) {
            1_500
        } else {
            20
        });
        async move {
            sleep(rtt).await;
            Ok::<_, ProbeError>(())
        }
    });
    transition(&mut heart).await;
    sleep(10 * SECOND).await;
    slow.store(true, Ordering::SeqCst);
    sleep(60 * SECOND).await;
    let counters = heart.snapshot().counters;
    assert!(counters.late > 0);
    assert_eq!(
        counters.refuted + counters.recovered,
        0,
        "slow is not dead: {counters:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dead_peer_is_found_within_the_bound_and_welcomed_back() {
    let up = Arc::new(AtomicBool::new(true));
    let mut heart = switched(&up);
    transition(&mut heart).await;
    sleep(ms(10_500)).await;
    up.store(false, Ordering::SeqCst);
    let crash = Instant::now();
    assert_eq!(
        transition(&mut heart).await,
        (Verdict::Suspect, Reason::Overdue)
    );
    assert_eq!(
        transition(&mut heart).await,
        (Verdict::Dead, Reason::BoundElapsed)
    );
    assert!(crash.elapsed() <= ms(3_010), "{:?}", crash.elapsed());
    sleep(10 * SECOND).await;
    up.store(true, Ordering::SeqCst);
    assert_eq!(
        transition(&mut heart).await,
        (Verdict::Alive, Reason::Recovered)
    );
}

#[tokio::test(start_paused = true)]
async fn reading_events_can_be_cancelled_at_every_await() {
    let up = Arc::new(AtomicBool::new(true));
    let mut heart = switched(&up);
    let mut seen = Vec::new();
    let born = Instant::now();
    while born.elapsed() < 60 * SECOND {
        up.store(born.elapsed().as_secs() % 20 < 10, Ordering::SeqCst);
        // polled once or a few times, then dropped
        if let Ok(Some(event)) = timeout(ms(7), heart.next()).await {
            seen.push(event.number);
        }
    }
    assert!(seen.len() >= 9, "{seen:?}");
    let gapless: Vec<u32> = (1..=u32::try_from(seen.len()).unwrap()).collect();
    assert_eq!(seen, gapless);
}

#[tokio::test(start_paused = true)]
async fn stop_is_prompt_and_ends_the_stream() {
    let sends = Sends::default();
    let mut heart = answering(&sends, ms(20));
    transition(&mut heart).await;
    sleep(ms(500)).await;
    let mut verdict = heart.watch();
    verdict.mark_unchanged();
    let asked = Instant::now();
    heart.stop().await;
    assert_eq!(asked.elapsed(), Duration::ZERO);
    assert!(verdict.changed().await.is_err(), "its sender is gone");
    let before = sends.count();
    sleep(10 * SECOND).await;
    assert_eq!(sends.count(), before);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_given_up_stops_all_the_same() {
    let sends = Sends::default();
    let heart = answering(&sends, ms(20));
    sleep(ms(500)).await;
    {
        let mut stop = pin!(heart.stop());
        poll_fn(|context| {
            let _ = stop.as_mut().poll(context);
            Poll::Ready(())
        })
        .await;
    }
    let before = sends.count();
    sleep(10 * SECOND).await;
    assert_eq!(sends.count(), before);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_or_cancelling_the_token_stops_it() {
    let sends = Sends::default();
    drop(answering(&sends, ms(20)));
    sleep(10 * SECOND).await;
    assert!(sends.count() <= 1);

    let (token, up) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
    let count = up.clone();
    let mut heart = Builder::new(config())
        .stop_when(token.clone().cancelled_owned())
        .spawn(move || {
            count.fetch_add(1, Ordering::SeqCst);
            async { Ok::<_, ProbeError>(()) }
        });
    transition(&mut heart).await;
    token.cancel();
    assert_eq!(heart.next().await, None);
    assert_eq!(up.load(Ordering::SeqCst), 1);
}

/// A heart that answers at once and says goodbye as told.
fn with_goodbye<Fut>(goodbye: impl FnOnce() -> Fut + Send + 'static) -> Heart
where
    Fut: Future<Output = ()> + Send + 'static,
{
    Builder::new(config())
        .on_stop(SECOND, goodbye)
        .spawn(|| async { Ok::<_, ProbeError>(()) })
}

#[tokio::test(start_paused = true)]
async fn the_goodbye_is_said_once_after_the_probes_are_gone() {
    let (under_way, said) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (counted, seen, saying) = (under_way.clone(), under_way.clone(), said.clone());
    let heart = Builder::new(config())
        .on_stop(SECOND, move || async move {
            assert_eq!(seen.load(Ordering::SeqCst), 0, "a probe is under way");
            sleep(ms(300)).await;
            saying.fetch_add(1, Ordering::SeqCst);
        })
        .spawn(move || {
            let guard = Guard::new(&counted);
            async move {
                let _guard = guard;
                pending::<Result<(), ProbeError>>().await
            }
        });
    sleep(ms(1_500)).await;
    assert!(under_way.load(Ordering::SeqCst) > 0);
    let asked = Instant::now();
    assert_eq!(heart.stop().await, StopOutcome::Completed);
    assert_eq!(said.load(Ordering::SeqCst), 1);
    assert!((ms(300)..=ms(302)).contains(&asked.elapsed()));
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_hangs_is_cut_and_one_that_panics_is_contained() {
    let asked = Instant::now();
    let heart = with_goodbye(pending);
    assert_eq!(heart.stop().await, StopOutcome::TimedOut);
    assert!((SECOND..=ms(1_002)).contains(&asked.elapsed()));
    let heart = with_goodbye(|| async { panic!("as the test wants it") });
    assert_eq!(heart.stop().await, StopOutcome::Panicked);
    let heart = with_goodbye::<std::future::Ready<()>>(|| panic!("as the test wants it"));
    assert_eq!(heart.stop().await, StopOutcome::Panicked);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_heart_says_goodbye_too() {
    let (sender, said) = tokio::sync::oneshot::channel();
    drop(with_goodbye(|| async { sender.send(()).unwrap() }));
    assert_eq!(timeout(SECOND, said).await, Ok(Ok(())));
}

#[tokio::test(start_paused = true)]
async fn death_is_awaited_and_the_wait_can_be_cancelled() {
    let up = Arc::new(AtomicBool::new(true));
    let heart = switched(&up);
    assert_eq!(heart.until(Verdict::Alive).await, Verdict::Alive);
    for _ in 0..100 {
        assert!(timeout(ms(33), heart.until_dead()).await.is_err());
    }
    up.store(false, Ordering::SeqCst);
    let crash = Instant::now();
    assert_eq!(heart.until_dead().await, Verdict::Dead);
    assert!(crash.elapsed() <= ms(3_010));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_death_ends_with_the_task() {
    let token = CancellationToken::new();
    let heart = Builder::new(config())
        .stop_when(token.clone().cancelled_owned())
        .spawn(|| async { Ok::<_, ProbeError>(()) });
    heart.until(Verdict::Alive).await;
    token.cancel();
    assert_eq!(heart.until_dead().await, Verdict::Alive);
}

#[tokio::test(start_paused = true)]
async fn no_more_probes_at_once_than_allowed() {
    let alive = Arc::new(AtomicU32::new(0));
    let counted = alive.clone();
    let heart = Builder::new(config()).max_in_flight(1).spawn(move || {
        let guard = Guard::new(&counted);
        async move {
            let _guard = guard;
            pending::<Result<(), ProbeError>>().await
        }
    });
    for _ in 0..3_000 {
        sleep(ms(10)).await;
        assert!(alive.load(Ordering::SeqCst) <= 1);
    }
    // a new one is made once the one before it is overdue
    let counters = heart.snapshot().counters;
    assert!(counters.probes > 5 && counters.dead == 1, "{counters:?}");
}

#[tokio::test(start_paused = true)]
async fn garbage_is_a_miss_with_its_reason_and_never_life() {
    let mut heart = systole::task::spawn(config(), || async {
        sleep(ms(5)).await;
        Err::<(), _>(Failure::InvalidReply)
    });
    assert_eq!(
        transition(&mut heart).await,
        (Verdict::Dead, Reason::NeverHeard)
    );
    let known = heart.snapshot();
    assert_eq!(known.last_failure, Some(Failure::InvalidReply));
    assert_eq!(known.counters.answered, 0);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_pushes_back_is_alive_and_asked_less() {
    let sends = Sends::default();
    let noted = sends.clone();
    let config = Config::every(SECOND)
        .without_initial_delay()
        .build()
        .unwrap();
    let heart = systole::task::spawn(config, move || {
        noted.note();
        async {
            Ok::<_, ProbeError>(Reply::Pushback {
                wait: Duration::ZERO,
            })
        }
    });
    sleep(60 * SECOND).await;
    assert_eq!(heart.verdict(), Verdict::Alive);
    assert!((15..=22).contains(&sends.count()), "{}", sends.count());
}

#[tokio::test(start_paused = true)]
async fn other_settings_take_effect_at_once() {
    let sends = Sends::default();
    let slow = Config::every(3_600 * SECOND)
        .without_initial_delay()
        .build()
        .unwrap();
    let noted = sends.clone();
    let heart = systole::task::spawn(slow, move || {
        noted.note();
        async { Ok::<_, ProbeError>(()) }
    });
    heart.until(Verdict::Alive).await;
    sleep(60 * SECOND).await;
    heart.reconfigure(&config());
    sleep(ms(9_500)).await;
    assert_eq!(sends.count(), 1 + 10);
    assert_eq!(heart.snapshot().path.plan.bound(), 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_leaves_the_steady_probes() {
    let sends = Sends::default();
    let noted = sends.clone();
    let budget = Arc::new(RetryBudget::new(0, 0));
    let config = config()
        .into_builder()
        .detect_within(100 * SECOND)
        .build()
        .unwrap();
    let _heart = Builder::new(config).retry_budget(&budget).spawn(move || {
        noted.note();
        pending::<Result<(), ProbeError>>()
    });
    sleep(60 * SECOND).await;
    assert!((15..=61).contains(&sends.count()), "{}", sends.count());
    assert!(sends.gaps().iter().all(|&gap| gap >= ms(999)));
}

/// Three endpoints; `down` says which do not answer.
fn group(down: &Arc<AtomicU32>) -> Group<3> {
    let down = down.clone();
    let endpoints = [Endpoint::new(); 3];
    let builder = Builder::group(failover::Config::builder().build().unwrap(), &endpoints).unwrap();
    builder.spawn(move |endpoint| {
        let down = down.load(Ordering::SeqCst) & 1 << endpoint != 0;
        async move {
            if down {
                pending::<()>().await;
            }
            sleep(ms(20)).await;
            Ok::<_, ProbeError>(())
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_group_switches_within_its_bound_and_tells() {
    let down = Arc::new(AtomicU32::new(0));
    let mut group = group(&down);
    let mut active = group.watch();
    sleep(30 * SECOND).await;
    assert_eq!((group.active(), group.state()), (0, GroupState::Serving));
    down.store(0b001, Ordering::SeqCst);
    let crash = Instant::now();
    assert_eq!(
        active
            .wait_for(|&active| active != 0)
            .await
            .map(|to| *to)
            .ok(),
        Some(1)
    );
    assert!(
        crash.elapsed() <= ms(1_000 + 3 * 800 + 50),
        "{:?}",
        crash.elapsed()
    );
    let mut seen = [false; 2];
    while seen != [true; 2] {
        match group.next().await.map(|event| event.kind) {
            Some(failover::EventKind::Switched { from: 0, to: 1, .. }) => seen[0] = true,
            Some(failover::EventKind::Quarantined { endpoint: 0, .. }) => seen[1] = true,
            event => panic!("{event:?}"),
        }
    }
    assert_eq!(group.stop().await, StopOutcome::Completed);
    assert!(active.changed().await.is_err(), "its sender is gone");
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_links_are_all_cut_neither_spins_nor_quarantines() {
    let down = Arc::new(AtomicU32::new(0));
    let group = group(&down);
    sleep(30 * SECOND).await;
    down.store(0b111, Ordering::SeqCst);
    sleep(20 * SECOND).await;
    down.store(0, Ordering::SeqCst);
    sleep(30 * SECOND).await;
    let counts = group.with(|group, _| (group.quarantines(), group.switches() <= 1));
    assert_eq!((counts, group.state()), ((0, true), GroupState::Serving));
}

#[tokio::test(start_paused = true)]
async fn events_can_be_read_in_two_places() {
    let up = Arc::new(AtomicBool::new(true));
    let mut heart = switched(&up);
    let mut elsewhere = heart.events();
    assert_eq!(heart.next().await, elsewhere.next().await);
    heart.stop().await;
    assert_eq!(elsewhere.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failed_probe_and_no_more() {
    let fault = Arc::new(AtomicU32::new(0));
    let which = fault.clone();
    let mut heart = systole::task::spawn(config(), move || {
        let which = which.load(Ordering::SeqCst);
        assert_ne!(which, 1, "in the closure");
        async move {
            assert_ne!(which, 2, "in the future");
            Ok::<_, ProbeError>(())
        }
    });
    transition(&mut heart).await;
    for kind in [1, 2] {
        fault.store(kind, Ordering::SeqCst);
        assert_eq!(
            transition(&mut heart).await,
            (Verdict::Suspect, Reason::Failed(Failure::ProbePanicked))
        );
        fault.store(0, Ordering::SeqCst);
        assert_eq!(
            transition(&mut heart).await,
            (Verdict::Alive, Reason::Answered)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_is_no_evidence() {
    let broken = Arc::new(AtomicBool::new(false));
    let switch = broken.clone();
    let mut heart = systole::task::spawn(config(), move || {
        let broken = switch.load(Ordering::SeqCst);
        async move {
            if broken {
                Err(ProbeError::Unsent)
            } else {
                Ok(())
            }
        }
    });
    transition(&mut heart).await;
    broken.store(true, Ordering::SeqCst);
    assert_eq!(heart.until(Verdict::Unknown).await, Verdict::Unknown);
    sleep(60 * SECOND).await;
    let counters = heart.snapshot().counters;
    assert_eq!((heart.verdict(), counters.dead), (Verdict::Unknown, 0));
    assert!(counters.unsent > 10 && counters.blind == 1, "{counters:?}");
}

#[tokio::test(start_paused = true)]
async fn the_handle_wakes_the_task() {
    let sends = Sends::default();
    let mut heart = answering(&sends, ms(20));
    transition(&mut heart).await;
    sleep(ms(500)).await;
    let before = sends.count();
    heart.with(systole::Monitor::probe_now);
    sleep(ms(10)).await;
    assert_eq!(sends.count(), before + 1);
}

mod thread {
    use super::{
        Arc, AtomicBool, Config, Failure, Ordering, ProbeError, SECOND, StopOutcome, Verdict, ms,
    };
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc::channel;
    use std::time::Instant;
    use systole::pacing::LifetimeRange;
    use systole::thread::Builder;
    use systole::{EventKind, Reply};

    fn quick() -> Config {
        Config::every(ms(50))
            .detect_within(ms(300))
            .without_initial_delay()
            .build()
            .unwrap()
    }

    /// A blocking peer: answers after 1 ms while `up`, else blocks as long as it may.
    fn blocking(up: &Arc<AtomicBool>) -> systole::thread::Heart {
        let up = up.clone();
        systole::thread::spawn(quick(), move |allowed| {
            if up.load(Ordering::SeqCst) {
                std::thread::sleep(ms(1));
                return Ok(());
            }
            std::thread::sleep(allowed);
            Err(ProbeError::Missed)
        })
        .unwrap()
    }

    fn verdict(heart: &systole::thread::Heart) -> Verdict {
        loop {
            if let EventKind::Transition(transition) = heart.events().recv().unwrap().kind {
                return transition.to;
            }
        }
    }

    #[test]
    fn a_crash_is_found_within_the_bound_and_the_return_too() {
        let up = Arc::new(AtomicBool::new(true));
        let heart = blocking(&up);
        assert_eq!(verdict(&heart), Verdict::Alive);
        std::thread::sleep(ms(500));
        up.store(false, Ordering::SeqCst);
        let crash = Instant::now();
        while heart.verdict() != Verdict::Dead {
            std::thread::sleep(ms(1));
        }
        let (took, slack) = (crash.elapsed(), ms(200)); // a busy machine may be late itself
        assert!(took <= ms(300) + slack, "{took:?}");
        up.store(true, Ordering::SeqCst);
        while heart.verdict() != Verdict::Alive {
            std::thread::sleep(ms(1));
        }
    }

    #[test]
    fn stop_wakes_the_thread_and_joins_it() {
        let config = Config::every(3_600 * SECOND).build().unwrap(); // asleep for up to an hour
        let (alive, gone) = channel::<()>();
        let heart = systole::thread::spawn(config, move |_| {
            alive.send(()).unwrap();
            Ok::<_, ProbeError>(())
        })
        .unwrap();
        let asked = Instant::now();
        heart.stop();
        assert!(asked.elapsed() < ms(50), "{:?}", asked.elapsed());
        assert!(
            gone.recv().is_err(),
            "the closure is dropped with its thread"
        );
    }

    #[test]
    fn a_panic_is_a_failed_probe_and_no_more() {
        let bad = Arc::new(AtomicBool::new(false));
        let switch = bad.clone();
        let patient = quick()
            .into_builder()
            .detect_within(5 * SECOND)
            .build()
            .unwrap();
        let heart = systole::thread::spawn(patient, move |_| {
            if switch.load(Ordering::SeqCst) {
                std::panic::resume_unwind(Box::new("as the test wants it")); // without a backtrace, which takes its time
            }
            Ok::<_, ProbeError>(())
        })
        .unwrap();
        assert_eq!(verdict(&heart), Verdict::Alive);
        bad.store(true, Ordering::SeqCst);
        assert_eq!(verdict(&heart), Verdict::Suspect);
        bad.store(false, Ordering::SeqCst);
        assert_eq!(heart.snapshot().last_failure, Some(Failure::ProbePanicked));
        assert_eq!(verdict(&heart), Verdict::Alive);
    }

    #[test]
    fn a_closure_that_hangs_does_not_hold_up_the_stop_or_the_goodbye() {
        let (release, hang) = channel::<()>();
        let (sender, said) = channel();
        let heart = Builder::new(quick())
            .on_stop(SECOND, move |_| sender.send(()).unwrap())
            .spawn(move |_| hang.recv().map_err(|_| ProbeError::Missed))
            .unwrap();
        std::thread::sleep(ms(20)); // it is inside the closure
        let asked = Instant::now();
        assert_eq!(heart.stop(), StopOutcome::Completed);
        assert!(asked.elapsed() < ms(500), "{:?}", asked.elapsed());
        assert_eq!(said.recv(), Ok(()));
        drop(release);
    }

    /// And what was due meanwhile is not made up for when it does return.
    #[test]
    fn a_closure_that_never_returns_is_no_answer() {
        let (release, hang) = channel::<()>();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let heart = systole::thread::spawn(quick(), move |_| {
            if counted.fetch_add(1, Ordering::SeqCst) == 4 {
                let _ = hang.recv(); // until the test has seen what it wants
            }
            Ok::<_, ProbeError>(())
        })
        .unwrap();
        assert_eq!(heart.until(Verdict::Alive), Verdict::Alive);
        let began = Instant::now();
        assert_eq!(heart.until_within(Verdict::Dead, SECOND), Verdict::Dead);
        let (took, slack) = (began.elapsed(), ms(200)); // a busy machine may be late itself
        assert!(took <= 5 * ms(50) + ms(300) + slack, "{took:?}");
        std::thread::sleep(ms(500)); // ten intervals
        assert_eq!(asked.load(Ordering::SeqCst), 5);
        drop(release);
        assert_eq!(heart.until_within(Verdict::Alive, SECOND), Verdict::Alive);
        let asked = asked.load(Ordering::SeqCst);
        assert!(asked <= 7, "{asked}");
    }

    #[test]
    fn a_goodbye_that_hangs_is_left_and_one_that_panics_is_contained() {
        let answering = |_| Ok::<_, ProbeError>(());
        let (release, hang) = channel::<()>();
        let heart = Builder::new(quick())
            .on_stop(ms(30), move |_| assert!(hang.recv().is_err()))
            .spawn(answering)
            .unwrap();
        assert_eq!(heart.stop(), StopOutcome::TimedOut);
        drop(release);
        let heart = Builder::new(quick())
            .on_stop(SECOND, |_| panic!("as the test wants it"))
            .spawn(answering)
            .unwrap();
        assert_eq!(heart.stop(), StopOutcome::Panicked);
    }

    #[test]
    fn death_is_waited_for() {
        let up = Arc::new(AtomicBool::new(true));
        let heart = blocking(&up);
        assert_eq!(heart.until(Verdict::Alive), Verdict::Alive);
        assert_eq!(heart.until_within(Verdict::Dead, ms(30)), Verdict::Alive);
        up.store(false, Ordering::SeqCst);
        assert_eq!(heart.until_dead(), Verdict::Dead);
    }

    /// The fifth probe is answered over another binding, and that is known before the sixth is made.
    #[test]
    fn the_closure_says_that_the_flow_was_lost() {
        let reach = LifetimeRange::below_the_floor(ms(5), SECOND).unwrap();
        let config = Config::lifetime(reach)
            .without_initial_delay()
            .build()
            .unwrap();
        let (tell, told) = channel();
        let mut made = 0;
        let heart = systole::thread::spawn(config, move |_| {
            made += 1;
            tell.send(made).unwrap();
            if made == 5 {
                return Ok(Reply::FlowLost);
            }
            Ok::<_, ProbeError>(Reply::Ok)
        })
        .unwrap();
        told.iter().find(|&made| made == 6);
        let memory = heart.with(|monitor, _| monitor.lifetime_record());
        assert!(memory.lost().is_some());
        assert_eq!(heart.verdict(), Verdict::Alive);
    }

    #[test]
    fn other_settings_take_effect_at_once() {
        let config = Config::every(3_600 * SECOND)
            .without_initial_delay()
            .build()
            .unwrap();
        let heart = systole::thread::spawn(config, |_| Ok::<_, ProbeError>(())).unwrap();
        assert_eq!(heart.until(Verdict::Alive), Verdict::Alive);
        heart.reconfigure(&quick());
        std::thread::sleep(ms(500));
        assert!(heart.snapshot().counters.probes >= 4);
    }

    /// A loop on waits rounded down, or one that forgets to sleep, would show in the processor time.
    #[test]
    fn the_thread_sleeps() {
        let up = Arc::new(AtomicBool::new(true));
        let heart = blocking(&up);
        std::thread::sleep(SECOND);
        let counters = heart.snapshot().counters;
        assert!((10..=25).contains(&counters.probes), "{counters:?}");
    }
}

#[test]
fn handles_can_be_shared_between_threads() {
    const fn shareable<T: Send + Sync>() {}
    const fn movable<T: Send>() {}
    shareable::<Heart>();
    movable::<systole::thread::Heart>();
}

#[test]
fn what_we_lack_is_no_evidence_and_what_the_peer_did_is() {
    use std::io::{Error, ErrorKind};
    let of = |kind: ErrorKind| ProbeError::from(Error::from(kind));
    assert_eq!(of(ErrorKind::ConnectionRefused), Failure::Refused.into());
    assert_eq!(of(ErrorKind::UnexpectedEof), Failure::Reset.into());
    assert_eq!(of(ErrorKind::InvalidData), Failure::InvalidReply.into());
    assert_eq!(of(ErrorKind::TimedOut), ProbeError::Missed);
    assert_eq!(of(ErrorKind::WouldBlock), ProbeError::Missed);
    assert_eq!(of(ErrorKind::AddrNotAvailable), ProbeError::Unsent);
    #[cfg(unix)]
    assert_eq!(
        ProbeError::from(Error::from_raw_os_error(24)),
        ProbeError::Unsent
    ); // too many open files
}

#[test]
fn an_epoch_goes_there_and_back_and_never_wakes_early() {
    use systole::{Epoch, Instant};
    let epoch = Epoch::start();
    for us in [0, 1, 999_999, 1_000_001, 1 << 40] {
        let moment = Instant::from_micros(us);
        assert_eq!(epoch.moment(epoch.when(moment)), moment);
    }
    let ahead = epoch.when(Instant::from_micros(7)) + Duration::from_nanos(999);
    assert_eq!(epoch.moment(ahead), Instant::from_micros(7)); // rounded down
    assert!(epoch.when(Instant::MAX) > epoch.when(Instant::from_secs(1)));
}
