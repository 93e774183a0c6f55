//! The world of `systole::task::spawn`: one peer, under tokio's paused clock.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use systole::pacing::Pacing;
use systole::task::{Builder, Heart, StopOutcome};
use systole::{Config, Monitor, peer::Counters};
use tokio::time::{Instant, advance, sleep, sleep_until};

use super::exporter::Exporter;
use super::plan::AdapterPlan;
use super::watched::{Course, Note, Notes, Watched};
use super::world::AdapterWorld;
use crate::fleet::{PeerPlan, micros};
use crate::with_config;
use crate::world::{Incidents, Journal, Kind, Law, OURS, Violation};

/// The world of a probing task.
#[derive(Debug)]
pub struct TokioWorld;

impl AdapterWorld for TokioWorld {
    const NAME: &'static str = "tokio";

    const MOST: u32 = 1;

    const SITUATIONS: &'static [&'static str] = &[
        "a peer was called dead",
        "a peer was suspected",
        "a dead peer came back",
        "a probe could not be sent",
        "a crash while nothing can be sent",
        "a crash after we were away",
        "a handle was dropped",
        "a task was stopped",
    ];

    fn run(
        plan: &AdapterPlan,
        exporter: &Exporter,
        journal: &mut Journal,
    ) -> Result<(), Violation> {
        with_config!(plan.settings, |config| runtime()
            .block_on(live(plan, config, exporter, journal)))
    }
}

/// A runtime whose clock stands until everybody waits.
pub fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

/// Counts the probes under way: one less where it is dropped.
#[derive(Debug)]
pub struct Underway(Arc<AtomicUsize>);

impl Underway {
    /// One more is under way.
    pub fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Microseconds since `began`.
pub fn since(began: Instant) -> u64 {
    micros(began.elapsed())
}

/// A simulated peer, to be asked by futures.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The peer.
    pub peer: Arc<PeerPlan>,
    /// What is our fault.
    pub ours: Arc<Incidents>,
    /// The error where we cannot send.
    pub errno: i32,
    /// What happens is written here.
    pub notes: Notes,
    /// How many probes were asked for.
    pub asked: Arc<AtomicU64>,
    /// How many are under way.
    pub underway: Arc<AtomicUsize>,
    /// When true time began.
    pub began: Instant,
}

impl Asked {
    /// Those of `peer`, one of `plan`, under `watched`.
    pub fn new(plan: &AdapterPlan, peer: &PeerPlan, watched: &Watched, began: Instant) -> Self {
        Self {
            peer: Arc::new(peer.clone()),
            ours: Arc::new(plan.ours.clone()),
            errno: plan.errno,
            notes: watched.notes.clone(),
            asked: Arc::default(),
            underway: Arc::default(),
            began,
        }
    }

    /// Sends a probe, and waits for what comes back.
    pub fn ask(&self) -> impl Future<Output = io::Result<()>> + Send + use<> {
        let (sent_us, underway) = (since(self.began), Underway::new(&self.underway));
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let course = Course::begin(&self.peer, &self.ours, number, sent_us, &self.notes);
        let (notes, began, errno) = (self.notes.clone(), self.began, self.errno);
        async move {
            let _underway = underway;
            let until = |at_us| sleep_until(began + Duration::from_micros(at_us));
            course.outcome(errno, until).await?;
            notes.add(Note::Heard(since(began), sent_us));
            Ok(())
        }
    }
}

/// How often an adapter is asked what it thinks.
pub fn tick(plan: &AdapterPlan) -> Duration {
    Duration::from_micros(plan.settings.policy.scale_us() / 8 + 1)
}

async fn live<P>(
    plan: &AdapterPlan,
    config: Config<P>,
    exporter: &Exporter,
    journal: &mut Journal,
) -> Result<(), Violation>
where
    P: Pacing<State: Send> + Send + Copy + 'static,
{
    let began = Instant::now();
    let peer = &plan.peers[0];
    let mut watched = Watched::alone(plan, &config, plan.max_in_flight);
    let asked = Asked::new(plan, peer, &watched, began);
    let said = Arc::new(AtomicU64::new(0));
    let says = Arc::clone(&said);
    let again = asked.clone();
    let heart = Builder::new(config)
        .max_in_flight(plan.max_in_flight)
        .name("peer")
        .metrics()
        .on_stop(Duration::from_secs(1), move || async move {
            says.fetch_add(1, Ordering::Relaxed);
        })
        .spawn(move || again.ask());
    let mut calls = calls(peer);
    while since(began) < plan.life_us {
        watched.late(pause(plan, began).await);
        let now_us = since(began);
        journal.polls += 1;
        while calls.last().is_some_and(|(at_us, _)| *at_us <= now_us) {
            let (_, what) = calls.pop().unwrap_or_default();
            call(&heart, what, &config);
        }
        let snapshot = heart.snapshot();
        let underway = asked.underway.load(Ordering::Relaxed);
        if underway > plan.max_in_flight.max(1) {
            let detail = format!("{underway}, {} at most", plan.max_in_flight);
            return Err(Violation::new(
                Law::Intervals,
                "more probes are under way than may be",
                now_us,
                detail,
            ));
        }
        let tick_us = micros(tick(plan));
        watched.look(
            now_us,
            tick_us,
            snapshot.path.verdict,
            &snapshot.path.plan,
            &mut journal.coverage,
        )?;
    }
    exported(exporter, &heart.snapshot().counters, plan.life_us)?;
    end(plan, heart, &asked, &said, exporter, journal).await
}

/// Waits for a tick; where we are away, time leaps. Returns how late that makes us.
pub async fn pause(plan: &AdapterPlan, began: Instant) -> u64 {
    let now_us = since(began);
    let Some(away) = plan
        .ours
        .find(now_us, OURS, |it| matches!(it, Kind::Away { .. }))
    else {
        sleep(tick(plan)).await;
        return 0;
    };
    advance(Duration::from_micros(away.until_us - now_us)).await;
    sleep(Duration::from_millis(2)).await; // the task looks first
    away.until_us - now_us
}

/// What the caller does about a peer, the last thing first.
fn calls(peer: &PeerPlan) -> Vec<(u64, u32)> {
    let calls = peer.incidents.0.iter().filter_map(|it| match it.kind {
        Kind::Caller { what } => Some((it.from_us, what)),
        _ => None,
    });
    let mut calls = calls.collect::<Vec<_>>();
    calls.sort_unstable_by(|one, two| two.cmp(one));
    calls
}

fn call<P: Pacing + Copy>(heart: &Heart<P>, what: u32, config: &Config<P>) {
    match what {
        0 => heart.with(Monitor::probe_now),
        1 => heart.reconfigure(config),
        _ => drop(heart.events()),
    }
}

/// What is exported is what was counted, or less where the last of it was not recorded yet.
fn exported(exporter: &Exporter, counted: &Counters, now_us: u64) -> Result<(), Violation> {
    let total = |result| exporter.total(&["systole_probes_total", result]);
    let pairs = [
        ("answered", total("answered"), counted.answered),
        ("unsent", total("unsent"), counted.unsent),
        ("failed", total("failed"), counted.failed),
        ("overdue", total("overdue"), counted.lost),
        ("abandoned", total("abandoned"), counted.abandoned),
        (
            "dead",
            exporter.total(&["systole_verdict_changes_total", "dead"]),
            counted.dead,
        ),
        (
            "late",
            exporter.total(&["systole_late_replies_total"]),
            counted.late,
        ),
    ];
    for (what, exported, counted) in pairs {
        if exported > counted.into() {
            let detail = format!("{what}: {exported} exported, {counted} counted");
            let kind = "more is exported than was counted";
            return Err(Violation::new(Law::Accounts, kind, now_us, detail));
        }
    }
    Ok(())
}

/// Stops or drops the handle: nothing is under way then, nothing is asked any more, and the goodbye
/// was said once.
async fn end<P>(
    plan: &AdapterPlan,
    heart: Heart<P>,
    asked: &Asked,
    said: &AtomicU64,
    exporter: &Exporter,
    journal: &mut Journal,
) -> Result<(), Violation>
where
    P: Pacing<State: Send> + Send + 'static,
{
    let broken = |kind, detail| Err(Violation::new(Law::Accounts, kind, plan.life_us, detail));
    if plan.stops {
        journal.coverage.saw("a task was stopped");
        if heart.stop().await != StopOutcome::Completed {
            return broken("a goodbye was not said", String::new());
        }
    } else {
        journal.coverage.saw("a handle was dropped");
        drop(heart);
        sleep(Duration::from_millis(10)).await;
    }
    let before = asked.asked.load(Ordering::Relaxed);
    let underway = asked.underway.load(Ordering::Relaxed);
    if underway > 0 {
        return broken("probes are under way after the stop", underway.to_string());
    }
    if said.load(Ordering::Relaxed) != 1 {
        return broken("the goodbye was not said once", format!("{said:?}"));
    }
    sleep(Duration::from_micros(plan.settings.policy.scale_us() * 4)).await;
    if asked.asked.load(Ordering::Relaxed) != before {
        return broken("a probe was asked for after the stop", String::new());
    }
    let standing = exporter.standing(&["systole_verdict"]);
    if !standing.is_empty() {
        return broken("the verdict is exported after the stop", standing.join(" "));
    }
    Ok(())
}
