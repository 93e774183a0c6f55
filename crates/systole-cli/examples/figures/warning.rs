//! Early warning: what it makes of a path that gets worse, and how often it is right beside others.

use std::time::Duration;

use systole::{
    Config, Monitor,
    path::{EarlyWarning, Health},
};
use systole_lab::warning::{Curve, EwmaBand, FixedRatio, FixedThreshold, View};
use systole_lab::{Case, SplitMix64};

use crate::plot::{AMBER, BLUE, GREEN, Line, Mark, Panel, RED, Scale};
use systole_testkit::recorded;

const SECOND: Duration = Duration::from_secs(1);
const END_S: u32 = 420;
/// Round trips are longer now and then, then nothing is answered.
const TROUBLE_S: [u32; 2] = [150, 260];
const SILENT_S: [u32; 2] = [240, 252];

/// The round trip of the probe sent at this second, in milliseconds; nothing where none comes.
fn round_trip(second: u32, dice: &mut SplitMix64) -> Option<f64> {
    let usual = 40.0 * (1.0 + 0.3 * dice.unit());
    let worse = (TROUBLE_S[0]..TROUBLE_S[1]).contains(&second) && dice.unit() < 0.35;
    let silent = (SILENT_S[0]..SILENT_S[1]).contains(&second);
    (!silent).then(|| {
        if worse {
            usual * 2_f64.powf(1.5 + 3.5 * dice.unit())
        } else {
            usual
        }
    })
}

pub(crate) fn an_outage() -> Vec<Panel> {
    let (mut warning, mut dice) = (EarlyWarning::new(), SplitMix64::keyed(7, 7));
    let (mut trips, mut scores, mut bands) = (Vec::new(), Vec::new(), Vec::new());
    for second in 0..END_S {
        let at = f64::from(second);
        let health = match round_trip(second, &mut dice) {
            Some(ms) => {
                trips.push((at, ms));
                warning.answered(Duration::from_secs_f64(ms / 1e3))
            }
            None => warning.overdue(),
        };
        scores.push((at, f64::from(warning.score()) / 1e3));
        if health == Health::Degraded {
            bands.push((at, at + 1.0, AMBER));
        }
    }
    let silent = (SILENT_S[0].into(), SILENT_S[1].into(), RED);
    let threshold = f64::from(EarlyWarning::THRESHOLD) / 1e3;
    let limit = [(0.0, threshold), (END_S.into(), threshold)];
    vec![
        Panel {
            title: "A path gets worse, and falls silent (red)",
            x: Scale::linear("seconds", 0.0, END_S.into()),
            y: Scale::log("round trip, ms", 20.0, 2_000.0),
            height: 230,
            bands: vec![silent],
            lines: vec![Line::new("round trips", BLUE, Mark::Dots, trips)],
        },
        Panel {
            title: "... and the score; it warns in the shaded seconds",
            x: Scale::linear("seconds", 0.0, END_S.into()),
            y: Scale::linear("octaves", 0.0, 20.0),
            height: 230,
            bands,
            lines: vec![
                Line::new("score", BLUE, Mark::Line, scores),
                Line::new("threshold", RED, Mark::Dashed, limit),
            ],
        },
    ]
}

/// Shares of outages announced by false warnings an hour, of all thresholds.
pub(crate) fn compared() -> Option<Vec<Panel>> {
    let seven = recorded::seven()?;
    Some(vec![
        panel(
            &seven,
            3,
            30,
            "Silences over 3 s on seven recorded networks, probed every second: announced within 30 s",
        )?,
        panel(&seven, 10, 60, "Silences over 10 s: announced within 60 s")?,
    ])
}

fn panel(
    seven: &[(&'static str, systole_lab::Trace)],
    bound_s: u64,
    horizon_s: u64,
    title: &'static str,
) -> Option<Panel> {
    let (bound, horizon) = (Duration::from_secs(bound_s), Duration::from_secs(horizon_s));
    let config = Config::fixed(SECOND)
        .detect_within(bound)
        .jitter_percent(0)
        .seed(7)
        .without_initial_delay()
        .build()
        .ok()?;
    let view = |(_, trace): &(&str, systole_lab::Trace)| {
        let case = Case::new("", trace.clone(), bound);
        View::new(&case, horizon, |start| Monitor::new(config, start).ok())
    };
    let views: Vec<View> = seven.iter().map(view).collect();
    let views: Vec<&View> = views.iter().collect();
    let budgets = || (0..=40).map(|step| 0.5 * 120_f64.powf(f64::from(step) / 40.0));
    let best = |curves: &[Curve]| {
        let share = |budget| {
            curves
                .iter()
                .map(|curve| curve.announced(budget))
                .fold(0.0, f64::max)
        };
        budgets()
            .map(|budget| (budget, 100.0 * share(budget)))
            .collect::<Vec<_>>()
    };
    let ours = Curve::of(&views, .., |_| EarlyWarning::new());
    let fixed = [false, true].map(|ages| {
        [
            Curve::of(&views, .., |_| FixedThreshold { ages }),
            Curve::of(&views, .., |_| FixedRatio::seeing(ages)),
        ]
    });
    let bands = [0.1, 0.2, 0.4, 1.0].map(|weight| {
        [false, true].map(|log| Curve::of(&views, .., |_| EwmaBand::new(weight, log)))
    });
    Some(Panel {
        title,
        x: Scale::log("false warnings an hour", 0.5, 60.0),
        y: Scale::linear("% of the silences announced", 0.0, 100.0),
        height: 300,
        bands: Vec::new(),
        lines: vec![
            Line::new("early warning", BLUE, Mark::Line, best(&[ours])),
            Line::new(
                "fixed, best of 4 in hindsight",
                GREEN,
                Mark::Line,
                best(&fixed.concat()),
            ),
            Line::new(
                "EWMA, best of 8 in hindsight",
                AMBER,
                Mark::Line,
                best(&bands.concat()),
            ),
        ],
    })
}
