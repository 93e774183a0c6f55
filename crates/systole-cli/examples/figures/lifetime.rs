//! What it costs to keep a flow open through NATs of 30 s to an hour; and how the interval gets there.

use std::time::Duration;

use systole::pacing::LifetimeRange;
use systole::{Config, Instant, Monitor, Output};
use systole_lab::nat::{Mars, Nat, Steady, Tally, Way, keep, watch};

use crate::plot::{AMBER, BLUE, GREEN, GREY, Line, Mark, Panel, RED, Scale, VIOLET};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE_S: f64 = 60.0;
const HOUR: Duration = Duration::from_secs(3_600);
const RUN: Duration = Duration::from_secs(30 * 86_400);

/// Flows lost, on an axis that has no zero.
const NONE: f64 = 0.5;

struct Kept {
    name: &'static str,
    color: plotters::style::RGBColor,
    /// By lifetime in minutes.
    cost: Vec<(f64, f64)>,
    lost: Vec<(f64, f64)>,
}

pub(crate) fn costs() -> Option<Vec<Panel>> {
    let mut all = [
        ("with a second flow", BLUE),
        ("without", GREEN),
        ("Mars, 4.5 to 15 min", AMBER),
        ("Mars, 15 s to an hour", VIOLET),
        ("every 29 min", RED),
    ]
    .map(|(name, color)| Kept {
        name,
        color,
        cost: Vec::new(),
        lost: Vec::new(),
    });
    for step in 0..=40_u32 {
        let lifetime = SECOND.mul_f64(30.0 * 120_f64.powf(f64::from(step) / 40.0));
        let minutes = lifetime.as_secs_f64() / MINUTE_S;
        let (oracle, tallies) = run(lifetime, step.into())?;
        for (kept, tally) in all.iter_mut().zip(tallies) {
            let share = tally.packets() as f64 / oracle.packets() as f64;
            kept.cost.push((minutes, share));
            kept.lost.push((minutes, (tally.lost as f64).max(NONE)));
        }
    }
    let x = || {
        Scale::log("minutes after which an idle flow is forgotten", 0.5, 60.0).with_ticks(
            [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0]
                .map(|at| (at, at.to_string()))
                .into(),
        )
    };
    let lines = |points: fn(&Kept) -> &Vec<(f64, f64)>| {
        let line = |kept: &Kept| Line::new(kept.name, kept.color, Mark::Line, points(kept).clone());
        all.iter().map(line).collect()
    };
    Some(vec![
        Panel {
            title: "Packets in 30 days, by those of an oracle; 0.5 % are lost",
            x: x(),
            y: Scale::log("as many, times", 1.0, 10.0),
            height: 330,
            bands: Vec::new(),
            lines: lines(|kept| &kept.cost),
        },
        Panel {
            title: "Flows lost in 30 days",
            x: x(),
            y: Scale::log("flows", NONE, 1e5).with_least(NONE, "none"),
            height: 280,
            bands: Vec::new(),
            lines: lines(|kept| &kept.lost),
        },
        climb()?,
    ])
}

fn run(lifetime: Duration, seed: u64) -> Option<(Tally, [Tally; 5])> {
    let nat = Nat::fixed(lifetime);
    let way = Way::new(nat.clone(), seed).with_loss(0.005);
    let reach = LifetimeRange::between(15 * SECOND, HOUR).ok()?;
    let oracle = keep(&way, &mut Steady::oracle(nat), RUN);
    let tallies = [
        watch(&way, reach.with_second_flow(), RUN).ok()?,
        watch(&way, reach, RUN).ok()?,
        keep(&way, &mut Mars::first(), RUN),
        keep(&way, &mut Mars::between(15 * SECOND, HOUR), RUN),
        keep(&way, &mut Steady::every(29 * 60 * SECOND), RUN),
    ];
    Some((oracle, tallies))
}

/// The interval of a monitor without a second flow, through NATs of three lifetimes.
fn climb() -> Option<Panel> {
    let mut lines = Vec::new();
    for (minutes, name, color) in [
        (2, "forgets after 2 min", GREEN),
        (10, "after 10 min", AMBER),
        (40, "after 40 min", BLUE),
    ] {
        let lifetime = 60 * SECOND * minutes;
        let limit = f64::from(minutes);
        lines.push(Line::new(
            "",
            GREY,
            Mark::Dashed,
            [(0.01, limit), (100.0, limit)],
        ));
        lines.push(Line::new(name, color, Mark::Steps, intervals(lifetime)?));
    }
    Some(Panel {
        title: "Without a second flow: the interval, and one flow given up to learn it",
        x: Scale::log("hours", 0.05, 100.0),
        y: Scale::log("interval in minutes", 0.2, 60.0),
        height: 300,
        bands: Vec::new(),
        lines,
    })
}

/// In minutes, by hours.
fn intervals(lifetime: Duration) -> Option<Vec<(f64, f64)>> {
    let reach = LifetimeRange::between(15 * SECOND, HOUR).ok()?;
    let config = Config::lifetime(reach)
        .seed(7)
        .without_initial_delay()
        .build()
        .ok()?;
    let mut monitor = Monitor::<8, _>::with_window(config, Instant::ZERO).ok()?;
    let (mut now, mut refreshed, mut points) = (Instant::ZERO, Instant::ZERO, Vec::new());
    while now < Instant::from_secs(100 * 3_600) {
        now = match monitor.poll(now) {
            Output::Send(id) => {
                let at = now.saturating_add(SECOND / 20);
                if now.saturating_duration_since(refreshed) > lifetime {
                    monitor.handle_flow_lost(at);
                }
                monitor.handle_reply(id, at);
                refreshed = now;
                let interval = monitor.snapshot(at).path.plan.interval();
                let hours = now.as_micros() as f64 / 3.6e9;
                points.push((hours, interval.as_secs_f64() / MINUTE_S));
                at
            }
            Output::Wait(until) => until,
            Output::Idle => break,
            Output::Event(_) => now,
        };
    }
    Some(points)
}
