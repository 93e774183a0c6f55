//! All peers of a fleet fall silent for half a minute, and are back.

use std::time::Duration;

use systole::{Config, Instant, Verdict};

use crate::plot::{AMBER, BLUE, GREEN, GREY, Line, Mark, Panel, RED, Scale};
use systole_testkit::swarm::Swarm;

const PEERS: u32 = 20_000;
const EVERY_S: u32 = 5;
const SILENT_S: [u64; 2] = [60, 90];
const END_S: u32 = 150;

pub(crate) fn an_outage() -> Option<Vec<Panel>> {
    let config = Config::every(Duration::from_secs(EVERY_S.into()))
        .detect_within(Duration::from_secs(15))
        .seed(7)
        .build()
        .ok()?;
    let mut swarm = Swarm::new(config, PEERS.try_into().ok()?);
    let [from, until] = SILENT_S.map(Instant::from_secs);
    let mut verdicts = [Verdict::Alive, Verdict::Suspect, Verdict::Dead].map(|of| (of, Vec::new()));
    for second in 1..=END_S {
        swarm.run(Duration::from_secs(1), |_, now| now < from || now >= until);
        let census = swarm.fleet.census();
        for (of, points) in &mut verdicts {
            let peers = match of {
                Verdict::Alive => census.alive,
                Verdict::Suspect => census.suspect,
                _ => census.dead,
            };
            points.push((f64::from(second), peers as f64 / 1e3));
        }
    }
    let sent = swarm.rates.iter().zip(0..END_S);
    let sent = sent.map(|(&probes, second)| (f64::from(second), f64::from(probes) / 1e3));
    let steady = f64::from(PEERS / EVERY_S) / 1e3;
    let level = |rate| [(0.0, rate), (f64::from(END_S), rate)];
    let bands = vec![(SILENT_S[0] as f64, SILENT_S[1] as f64, RED)];
    let x = || {
        Scale::linear(
            "seconds; no peer replies in the shaded part",
            0.0,
            END_S.into(),
        )
    };
    let [alive, suspect, dead] = verdicts.map(|(_, points)| points);
    Some(vec![
        Panel {
            title: "20,000 peers at an interval of 5 s: probes sent",
            x: x(),
            y: Scale::linear("thousands a second", 0.0, 2.4 * steady),
            height: 280,
            bands: bands.clone(),
            lines: vec![
                Line::new("sent", BLUE, Mark::Steps, sent),
                Line::new("at the interval", GREY, Mark::Dashed, level(steady)),
                Line::new("twice that", RED, Mark::Dashed, level(2.0 * steady)),
            ],
        },
        Panel {
            title: "The verdicts on them",
            x: x(),
            y: Scale::linear("thousands of peers", 0.0, 20.0),
            height: 280,
            bands,
            lines: vec![
                Line::new("alive", GREEN, Mark::Line, alive),
                Line::new("suspect", AMBER, Mark::Line, suspect),
                Line::new("dead", RED, Mark::Line, dead),
            ],
        },
    ])
}
