//! A listener through changes of cadence, a queue and a crash; and beside published detectors.

use std::collections::VecDeque;
use std::time::Duration;

use systole::{Beat, Instant, Listener, Output, Sender, Verdict, listener};
use systole_lab::{Case, SplitMix64, Trace};

use crate::plot::{AMBER, BLUE, GREEN, GREY, Line, Mark, Panel, RED, Scale, VIOLET};
use systole_testkit::published::best_of_each;
use systole_testkit::recorded;

const STEP: Duration = Duration::from_millis(100);
const END_S: u32 = 340;
/// The sender beats every 10 s from here to there, otherwise every second.
const SLOW_S: [u64; 2] = [80, 200];
/// What is sent in this time waits in a queue until its end.
const QUEUE_S: [u64; 2] = [240, 252];
const CRASH_S: u64 = 300;

/// A sender, its network and a listener, looked at ten times a second.
struct Life {
    sender: Sender,
    listener: Listener<32>,
    flying: VecDeque<(Instant, Beat)>,
    dice: SplitMix64,
}

impl Life {
    fn step(&mut self, now: Instant) -> Option<()> {
        let second = now.as_micros() / 1_000_000;
        let slow = (SLOW_S[0]..SLOW_S[1]).contains(&second);
        let interval = Duration::from_secs(if slow { 10 } else { 1 });
        if self.sender.interval() != interval {
            self.sender.set_interval(interval, now).ok()?;
        }
        if second < CRASH_S
            && let Output::Send(beat) = self.sender.poll(now)
        {
            let queued = (QUEUE_S[0]..QUEUE_S[1]).contains(&second);
            let delay = Duration::from_millis(40).mul_f64(1.0 + self.dice.unit());
            let free = Instant::from_secs(if queued { QUEUE_S[1] } else { second });
            self.flying
                .push_back((now.max(free).saturating_add(delay), beat));
        }
        while let Some(&(at, beat)) = self.flying.front().filter(|(at, _)| *at <= now) {
            self.flying.pop_front();
            self.listener.handle_beat(&beat, at);
        }
        while let Output::Event(_) = self.listener.poll(now) {}
        Some(())
    }
}

pub(crate) fn a_life() -> Option<Vec<Panel>> {
    let start = Instant::ZERO;
    let mut life = Life {
        sender: Sender::new(Duration::from_secs(1), 7, start).ok()?,
        listener: Listener::new(listener::Config::builder().build().unwrap(), start),
        flying: VecDeque::new(),
        dice: SplitMix64::keyed(7, 7),
    };
    let (mut silences, mut bounds, mut bands, mut levels) = (vec![], vec![], vec![], vec![]);
    let mut now = start;
    while now < Instant::from_secs(END_S.into()) {
        life.step(now)?;
        let (at, known) = (now.as_micros() as f64 / 1e6, life.listener.snapshot(now));
        let heard = known.heard_at.unwrap_or(start);
        let silent = now.saturating_duration_since(heard).as_secs_f64();
        silences.push((at, silent.max(0.1)));
        bounds.push((at, known.bound.as_secs_f64()));
        levels.push((at, f64::from(known.level.as_milli()) / 1e3));
        let color = match known.verdict {
            Verdict::Suspect => Some(AMBER),
            Verdict::Dead => Some(RED),
            _ => None,
        };
        bands.extend(color.map(|color| (at, at + STEP.as_secs_f64(), color)));
        now = now.saturating_add(STEP);
    }
    let x = || Scale::linear("seconds", 0.0, END_S.into());
    let fixed = [(0.0, 4.0), (f64::from(END_S), 4.0)];
    Some(vec![
        Panel {
            title: "A beat a second; every 10 s from 80 to 200; held up from 240 to 252; none from 300 on",
            x: x(),
            y: Scale::log("seconds, logarithmic", 0.1, 100.0),
            height: 300,
            bands: bands.clone(),
            lines: vec![
                Line::new("since the newest arrival", BLUE, Mark::Line, silences),
                Line::new("the bound in force", RED, Mark::Steps, bounds),
                Line::new("a fixed timeout of 4 s", GREY, Mark::Dashed, fixed),
            ],
        },
        Panel {
            title: "... suspected (yellow), dead (red), and the level of suspicion",
            x: x(),
            y: Scale::linear("decades of improbability", 0.0, 15.0),
            height: 200,
            bands,
            lines: vec![Line::new("suspicion", VIOLET, Mark::Line, levels)],
        },
    ])
}

/// Mistakes of the listener against those of the best of four families, each at its best settings, at equal measured worst detection time; a dot a recording,
/// limit and interval.
pub(crate) fn compared() -> Option<Vec<Panel>> {
    let all = recorded::all()?;
    let mut points: [Vec<(f64, f64)>; 4] = Default::default();
    for (_, trace, limits_s) in &all {
        for &limit_s in *limits_s {
            for share in [0.1, 0.2, 0.4] {
                dots(trace, Duration::from_secs(limit_s), share, &mut points);
            }
        }
    }
    let families = [
        ("Chen, NFD-E", RED),
        ("Bertier", AMBER),
        ("phi", VIOLET),
        ("2W-FD", GREEN),
    ];
    let dots = families.into_iter().zip(points);
    let dots = dots.map(|((name, color), points)| Line::new(name, color, Mark::Dots, points));
    let equal = Line::new("equal", GREY, Mark::Dashed, [(0.1, 0.1), (500.0, 500.0)]);
    let axis = |title| Scale::log(title, 0.1, 500.0).with_least(0.1, "none");
    Some(vec![Panel {
        title: "Avoidable mistakes at equal worst detection time, each detector at its best settings",
        x: axis("mistakes of a published detector"),
        y: axis("mistakes of the listener"),
        height: 560,
        bands: Vec::new(),
        lines: core::iter::once(equal).chain(dots).collect(),
    }])
}

fn dots(trace: &Trace, limit: Duration, share: f64, points: &mut [Vec<(f64, f64)>; 4]) {
    let case = Case::new("", trace.clone(), limit);
    let best = best_of_each(limit.mul_f64(share), &case);
    let of = |family: &str| best.iter().find(|kept| kept.family == family);
    let Some(ours) = of("listener") else { return };
    for (points, family) in points.iter_mut().zip(["NFD-E", "Bertier", "phi", "2W-FD"]) {
        let other = of(family).map(|kept| (kept.avoidable.max(0.1), ours.avoidable.max(0.1)));
        points.extend(other);
    }
}
