//! Both machines driven through recorded networks, looked at too late at random: no law is broken.
//!
//! The recordings are not part of the crate: `SYSTOLE_TRACES` names their folder, and without it there is nothing to drive through.

use core::time::Duration;
use std::path::{Path, PathBuf};

use systole::pacing::Pacing;
use systole::{Config, Event, EventKind, Heartbeat, Instant, Monitor, Output, ProbeId, Verdict};
use systole_lab::{Network, SplitMix64, Trace};
use systole_testkit::ignored;

/// Every trace of the folder, and its name; none, and a line to say so, without a folder.
fn traces() -> Vec<(String, Trace)> {
    let Some(folder) = std::env::var_os("SYSTOLE_TRACES").map(PathBuf::from) else {
        ignored::note("SYSTOLE_TRACES names no folder of recorded networks");
        return Vec::new();
    };
    let is_trace = |path: &PathBuf| path.extension().is_some_and(|end| end == "csv");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(is_trace).collect();
    files.sort();
    assert!(!files.is_empty(), "the folder holds no trace");
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    files
        .iter()
        .map(|path| (name(path), Trace::load(path).unwrap()))
        .collect()
}

fn configs() -> Vec<Config> {
    let every = |ms| {
        Config::every(Duration::from_millis(ms))
            .seed(7)
            .build()
            .unwrap()
    };
    vec![
        every(200)
            .into_builder()
            .detect_within(Duration::from_secs(3))
            .build()
            .unwrap(),
        every(1_000)
            .into_builder()
            .detect_within(Duration::from_secs(10))
            .build()
            .unwrap(),
        every(5_000),
    ]
}

// ---- Heartbeat ----

#[test]
fn a_heartbeat_keeps_its_laws_over_recorded_networks() {
    for (name, trace) in traces() {
        for config in configs() {
            let (deaths, rounds) = beat_through(&trace, config);
            println!("{name}: {rounds} rounds, {deaths} times dead");
            assert!(rounds > rounds_of(&trace, &config), "{name}");
        }
    }
}

fn beat_through(trace: &Trace, config: Config) -> (u32, u32) {
    let mut heart = Heartbeat::new(config);
    let (mut now, end) = (trace.start(), trace.end());
    let (mut deaths, mut rounds) = (0, 0);
    while now < end {
        let before = heart.verdict();
        let timeout = heart.timeout();
        let answer = trace.answer(now);
        let interval = match answer.filter(|rtt| *rtt <= timeout) {
            Some(rtt) => answered(&mut heart, &config, rtt),
            None => heart.missed(),
        };
        assert!(interval > Duration::ZERO && heart.is_valid());
        assert!(interval <= config.interval_max().max(config.timeout_max()));
        if let Some(rtt) = answer.filter(|rtt| *rtt > timeout && *rtt < interval) {
            heart.late(rtt);
        }
        deaths += u32::from(before != Verdict::Dead && heart.verdict() == Verdict::Dead);
        rounds += 1;
        now = now.saturating_add(interval.max(timeout.min(interval)));
    }
    (deaths, rounds)
}

/// Law 1, after an answer that came in time.
fn answered(heart: &mut Heartbeat<32>, config: &Config, rtt: Duration) -> Duration {
    let (before, bound) = (heart.verdict(), heart.snapshot().plan.bound());
    let interval = heart.next_interval(rtt);
    let late = before == Verdict::Dead && rtt > bound; // a dead peer is waited for longer: learnt, and no proof of life
    assert!(late || heart.verdict() == Verdict::Alive);
    assert!(interval >= config.interval_min() && interval <= config.interval_max());
    assert!(late || heart.level().as_milli() == 0);
    interval
}

/// How many rounds a recording has to have at least: 50, or half of what fits into a short one.
fn rounds_of(trace: &Trace, config: &Config) -> u32 {
    let span = trace.end().saturating_duration_since(trace.start());
    let fit = span.as_micros() / config.interval_max().as_micros() / 2;
    u32::try_from(fit).unwrap_or(u32::MAX).min(50)
}

// ---- Monitor ----

#[test]
fn a_monitor_keeps_its_laws_over_recorded_networks_under_late_polls() {
    for (name, trace) in traces() {
        for (seed, config) in (1..).zip(configs()) {
            for late in [false, true] {
                let mut run = Run::new(&trace, config, late.then_some(seed));
                run.finish();
                let counters = run.monitor.snapshot(run.now).counters;
                println!("{name}: late polls: {late}, {counters:?}");
                assert!(counters.answered > rounds_of(&trace, &config), "{name}");
            }
        }
    }
}

struct Run<'a, P: Pacing> {
    trace: &'a Trace,
    config: Config<P>,
    monitor: Monitor<32, P>,
    /// Lateness is drawn from it; without it every poll is on time.
    lateness: Option<SplitMix64>,
    now: Instant,
    end: Instant,
    wait: Instant,
    /// Probes whose answers are under way: id, send time, arrival.
    flying: Vec<(ProbeId, Instant, Instant)>,
    /// The latest send time of a probe that was answered within the bound.
    proof: Instant,
    last_event: u32,
}

impl<'a, P: Pacing> Run<'a, P> {
    fn new(trace: &'a Trace, config: Config<P>, lateness: Option<u64>) -> Self {
        let (now, end) = (trace.start(), trace.end());
        Self {
            trace,
            config,
            monitor: Monitor::new(config, now).unwrap(),
            lateness: lateness.map(SplitMix64::new),
            now,
            end,
            wait: now,
            flying: Vec::new(),
            proof: now,
            last_event: 0,
        }
    }

    fn finish(&mut self) {
        while self.now < self.end {
            self.drain();
            self.check();
            let arrival = self.flying.iter().map(|&(.., at)| at).min();
            let wake = arrival.unwrap_or(Instant::MAX).max(self.now).min(self.wait);
            self.now = wake.saturating_add(self.draw_lateness());
            self.land();
        }
    }

    /// Mostly punctual, sometimes later than any timeout, seldom later than any bound.
    fn draw_lateness(&mut self) -> Duration {
        let Some(random) = &mut self.lateness else {
            return Duration::ZERO;
        };
        let (chance, share) = (random.unit(), random.unit());
        let most = match chance {
            0.0..0.9 => 0.001,
            0.9..0.99 => 3.0,
            _ => 30.0,
        };
        Duration::from_secs_f64(share * most)
    }

    /// Hands in what has arrived, in order of arrival.
    fn land(&mut self) {
        self.flying.sort_by_key(|&(.., at)| at);
        let landed = self.flying.partition_point(|&(.., at)| at <= self.now);
        let bound = self.monitor.snapshot(self.now).path.plan.bound();
        for (id, sent, at) in self.flying.drain(..landed) {
            self.monitor.handle_reply(id, at);
            assert!(self.monitor.is_valid());
            if self.now.saturating_duration_since(sent) <= bound {
                self.proof = self.proof.max(sent);
            }
        }
    }

    fn drain(&mut self) {
        for _ in 0..Monitor::<32, P>::MAX_DRAIN {
            match self.monitor.poll(self.now) {
                Output::Send(id) => self.send(id),
                Output::Event(event) => self.note(event),
                Output::Wait(until) => {
                    assert!(until > self.now, "no busy loop");
                    self.wait = until;
                    return;
                }
                Output::Idle => unreachable!("the trace ends before time does"),
            }
        }
        panic!("the drain does not end");
    }

    fn send(&mut self, id: ProbeId) {
        if let Some(rtt) = self.trace.answer(self.now) {
            let at = self.now.saturating_add(rtt);
            self.flying.push((id, self.now, at));
        }
    }

    fn note(&mut self, event: Event) {
        assert!(event.number > self.last_event);
        self.last_event = event.number;
        let EventKind::Transition(transition) = event.kind else {
            return;
        };
        if let (Verdict::Dead, Some(bound)) = (transition.to, self.config.stated_bound()) {
            let silence = event.at.saturating_duration_since(self.proof);
            assert!(silence >= bound, "dead after {silence:?}");
        }
    }

    /// The laws that hold after every drain.
    fn check(&self) {
        let snapshot = self.monitor.snapshot(self.now);
        assert!(self.monitor.is_valid());
        assert!(
            snapshot.dead_at.is_none_or(|at| at > self.now),
            "a bound has passed unseen"
        );
        let plan = snapshot.path.plan;
        let interval = plan.interval();
        assert!(interval >= self.config.interval_min() && interval <= self.config.interval_max());
        assert_eq!(
            self.config.stated_bound(),
            self.config.stated_bound().map(|_| plan.bound())
        );
    }
}
