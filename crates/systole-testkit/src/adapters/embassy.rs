//! The world of `systole::embassy::Heart`, under the mock driver: one world at a time.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_time::{Duration, Instant, MockDriver, Timer};
use systole::embassy::Heart;
use systole::pacing::Pacing;
use systole::{Config, Verdict};

use super::exporter::Exporter;
use super::plan::AdapterPlan;
use super::watched::{Course, Note, Notes, Watched};
use super::world::AdapterWorld;
use crate::fleet::micros;
use crate::with_config;
use crate::world::{Journal, Kind, Law, OURS, Random, Violation};

/// The world of a heart without a heap.
#[derive(Debug)]
pub struct EmbassyWorld;

impl AdapterWorld for EmbassyWorld {
    const NAME: &'static str = "embassy";

    const MOST: u32 = 1;

    const SITUATIONS: &'static [&'static str] = &[
        "more than four wait",
        "the loop was dropped",
        "the loop was dropped while a probe was under way",
        "a peer was called dead",
        "a dead peer came back",
        "a probe could not be sent",
    ];

    fn run(
        plan: &AdapterPlan,
        _exporter: &Exporter,
        journal: &mut Journal,
    ) -> Result<(), Violation> {
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
    plan: &AdapterPlan,
    notes: &Notes,
    asked: &AtomicU64,
) -> impl Future<Output = io::Result<()>> + use<> {
    let sent_us = now_us();
    let number = asked.fetch_add(1, Ordering::Relaxed);
    let course = Course::begin(&plan.peers[0], &plan.ours, number, sent_us, notes);
    let (notes, errno) = (notes.clone(), plan.errno);
    async move {
        let until = |at_us| Timer::at(Instant::from_micros(at_us));
        course.outcome(errno, until).await?;
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
    let mut watched = Watched::alone(plan, &config, 4); // "the oldest of more than four"
    let (notes, asked) = (watched.notes.clone(), AtomicU64::new(0));
    let probe = || ask(plan, &notes, &asked);
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
            snapshot.path.verdict,
            &snapshot.path.plan,
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
