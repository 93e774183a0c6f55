//! The world of `systole::embassy::Heart`, under the mock driver: one world at a time.

use std::future::pending;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_time::{Duration, Instant, MockDriver, Timer};
use systole::embassy::Heart;
use systole::pacing::Pacing;
use systole::{Config, PeerKey, Verdict};

use super::plan::AdapterPlan;
use super::watched::{Note, Notes, Watched};
use crate::fleet::{Echo, OURS, PeerPlan, micros, send};
use crate::with_config;
use crate::world::{Incidents, Journal, Kind, Law, Random, Violation, World};

/// The world of a heart without a heap.
#[derive(Debug)]
pub struct EmbassyWorld;

impl World for EmbassyWorld {
    const NAME: &'static str = "embassy";

    type Plan = AdapterPlan;

    const SITUATIONS: &'static [&'static str] = &[
        "more than four wait",
        "the loop was dropped",
        "the loop was dropped while a probe was under way",
        "a peer was called dead",
        "a dead peer came back",
        "a probe could not be sent",
    ];

    fn plan(random: &mut Random) -> AdapterPlan {
        AdapterPlan::draw(random, 1)
    }

    fn simpler(plan: &AdapterPlan) -> Vec<AdapterPlan> {
        plan.simpler()
    }

    fn run(plan: &AdapterPlan, journal: &mut Journal) -> Result<(), Violation> {
        MockDriver::get().reset();
        with_config!(plan.settings, |config| live(plan, config, journal))
    }
}

/// A waker that notes that it was called.
#[derive(Debug, Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A future and whether it wants to be polled.
struct Task<'a> {
    future: Pin<Box<dyn Future<Output = ()> + 'a>>,
    flag: Arc<Flag>,
    waker: Waker,
    is_over: bool,
}

impl<'a> Task<'a> {
    fn new(future: impl Future<Output = ()> + 'a) -> Self {
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&flag));
        Self {
            future: Box::pin(future),
            flag,
            waker,
            is_over: false,
        }
    }

    /// Drops the future for another one in the same task, so that its old timers wake the new one.
    fn again(&mut self, future: impl Future<Output = ()> + 'a) {
        self.future = Box::pin(future);
        self.flag.0.store(true, Ordering::Relaxed);
    }

    /// Polls it where it was woken; returns whether it was.
    fn turn(&mut self) -> bool {
        if self.is_over || !self.flag.0.swap(false, Ordering::Relaxed) {
            return false;
        }
        let poll = self
            .future
            .as_mut()
            .poll(&mut Context::from_waker(&self.waker));
        self.is_over = poll == Poll::Ready(());
        true
    }
}

fn now_us() -> u64 {
    Instant::now().as_micros()
}

/// Sends a probe, and waits for what comes back.
fn ask(
    peer: &PeerPlan,
    ours: &Incidents,
    errno: i32,
    notes: &Notes,
    asked: &AtomicU64,
) -> impl Future<Output = io::Result<()>> + use<> {
    let sent_us = now_us();
    let number = asked.fetch_add(1, Ordering::Relaxed);
    let is_blocked = ours
        .find(sent_us, OURS, |it| it == Kind::SendFails)
        .is_some();
    let mut first = None;
    if is_blocked {
        notes.add(Note::Unsent(sent_us));
    } else {
        notes.add(Note::Sent(sent_us));
        send(peer, number, sent_us, |at_us, echo| {
            first = first
                .filter(|&(before_us, _)| before_us <= at_us)
                .or(Some((at_us, echo)));
        });
    }
    let notes = notes.clone();
    async move {
        if is_blocked {
            return Err(io::Error::from_raw_os_error(errno));
        }
        let Some((at_us, echo)) = first else {
            return pending().await;
        };
        Timer::at(Instant::from_micros(at_us)).await;
        if echo == Echo::Refused {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        notes.add(Note::Heard(now_us(), sent_us));
        Ok(())
    }
}

/// Polls of one future at one moment that are a busy loop.
const SPINS: u32 = 200;

fn live<P: Pacing + Copy>(
    plan: &AdapterPlan,
    config: Config<P>,
    journal: &mut Journal,
) -> Result<(), Violation> {
    let heart = Heart::<NoopRawMutex, 16, P>::new(config).unwrap();
    let peer = &plan.peers[0];
    let key = PeerKey::from_be_bytes([0; 8]);
    let mut watched = Watched::new(
        peer,
        key,
        micros(config.timeout_min()),
        plan.settings.rise,
        0,
    );
    let dead_us = plan.settings.policy.dead_interval_us();
    watched.within(dead_us, micros(config.timeout_max()));
    let spacing_us = micros(config.timeout_min().min(config.interval_min()));
    watched.drops_over(4, spacing_us); // "the oldest of more than four"
    let (notes, asked) = (watched.notes.clone(), AtomicU64::new(0));
    let probe = || ask(peer, &plan.ours, plan.errno, &notes, &asked);
    let mut random = Random::new(plan.settings.seed);
    let mut waiters = (0..plan.waiters)
        .map(|_| {
            Task::new(async {
                heart.until(Verdict::Left).await;
            })
        })
        .collect::<Vec<_>>();
    journal
        .coverage
        .saw_if(plan.waiters > 4, "more than four wait");
    let mut run = Task::new(heart.run(probe));
    let step_us = (plan.settings.policy.scale_us() / 200).clamp(500, 5_000);
    let mut cancel_us = next_cancel(plan, &mut random, 0);
    let mut last_us = 0;
    while now_us() < plan.life_us {
        let mut spins = 0;
        while run.turn() | waiters.iter_mut().fold(false, |any, it| it.turn() | any) {
            spins += 1;
            if spins > SPINS {
                let detail = format!("{} waiters", plan.waiters);
                return Err(Violation::new(
                    Law::Progress,
                    "futures wake each other without end",
                    now_us(),
                    detail,
                ));
            }
        }
        journal.polls += 1;
        let snapshot = heart.snapshot();
        watched.look(
            now_us(),
            step_us,
            snapshot.heart.verdict,
            &snapshot.heart.plan,
            &mut journal.coverage,
        )?;
        if now_us() >= cancel_us {
            journal.coverage.saw("the loop was dropped");
            journal.coverage.saw_if(
                snapshot.unanswered > 0,
                "the loop was dropped while a probe was under way",
            );
            run.again(heart.run(probe));
            // probes under way are dropped: they count for nothing, and are asked again
            watched.drops(now_us());
            cancel_us = next_cancel(plan, &mut random, now_us());
        }
        let by_us = match plan
            .ours
            .find(now_us(), OURS, |it| matches!(it, Kind::Away { .. }))
        {
            Some(away) => {
                watched.late(away.until_us - now_us());
                away.until_us - now_us()
            }
            None => step_us,
        };
        watched.late((now_us() - last_us) / 1_000);
        last_us = now_us();
        MockDriver::get().advance(Duration::from_micros(by_us));
    }
    stopped(
        &heart,
        run,
        waiters,
        plan.life_us,
        micros(config.interval_max()),
    )
}

fn next_cancel(plan: &AdapterPlan, random: &mut Random, now_us: u64) -> u64 {
    match plan.cancel_us {
        0 => u64::MAX,
        most_us => now_us + random.between(most_us / 2, most_us),
    }
}

/// After `stop` the loop ends, and so does every wait.
fn stopped<P: Pacing>(
    heart: &Heart<NoopRawMutex, 16, P>,
    run: Task<'_>,
    mut waiters: Vec<Task<'_>>,
    life_us: u64,
    interval_us: u64,
) -> Result<(), Violation> {
    let mut run = pin!(run);
    heart.stop();
    for _ in 0..SPINS {
        // "A further one looks once an interval"
        MockDriver::get().advance(Duration::from_micros(interval_us / 50));
        run.turn();
        for waiter in &mut waiters {
            waiter.turn();
        }
    }
    if run.is_over && waiters.iter().all(|it| it.is_over) {
        return Ok(());
    }
    Err(Violation::new(
        Law::Progress,
        "a stop does not end everything",
        life_us,
        run.is_over,
    ))
}
