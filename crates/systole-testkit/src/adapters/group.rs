//! The world of a group on a tokio task.

use std::time::Duration;

use systole::task::Builder;
use systole::{
    Config, Failover,
    failover::{self, Condition, Endpoint},
    fleet::PeerKey,
};
use tokio::time::{Instant, sleep};

use super::exporter::Exporter;
use super::heart::{Asked, pause, runtime, since, tick};
use super::plan::AdapterPlan;
use super::watched::Watched;
use super::world::AdapterWorld;
use crate::fleet::micros;
use crate::world::{Journal, Law, Violation};

/// The world of a group on a task.
#[derive(Debug)]
pub struct TokioGroupWorld;

impl AdapterWorld for TokioGroupWorld {
    const NAME: &'static str = "tokio group";

    const MOST: u32 = 4;

    const SITUATIONS: &'static [&'static str] = &[
        "the active endpoint changed",
        "a probe could not be sent",
        "an endpoint was quarantined",
    ];

    fn run(
        plan: &AdapterPlan,
        exporter: &Exporter,
        journal: &mut Journal,
    ) -> Result<(), Violation> {
        runtime().block_on(live(plan, exporter, journal))
    }
}

/// The configuration: only fixed intervals, so that the stated bound is that of each endpoint.
fn config(plan: &AdapterPlan) -> failover::Config {
    let base = Duration::from_micros(plan.settings.policy.scale_us());
    let config = Config::fixed(base).build().unwrap();
    let (first, min, max) = plan
        .settings
        .timeouts_us
        .unwrap_or((40_000, 40_000, 80_000));
    let us = Duration::from_micros;
    let config = config
        .into_builder()
        .timeouts(us(first), us(min), us(max))
        .build()
        .unwrap_or(config);
    let config = failover::Config::probing(config, config)
        .seed(plan.settings.seed)
        .build()
        .unwrap();
    config
        .into_builder()
        .request_timeout(us(max))
        .quarantine(base * 4, base * 8)
        .build()
        .unwrap_or(config)
}

async fn live(
    plan: &AdapterPlan,
    exporter: &Exporter,
    journal: &mut Journal,
) -> Result<(), Violation> {
    let (began, config) = (Instant::now(), config(plan));
    let key = PeerKey::from_be_bytes([0; 8]);
    let timeout_us = plan.settings.timeouts_us.map_or(40_000, |(_, min, _)| min);
    let watched = plan
        .peers
        .iter()
        .map(|peer| Watched::new(peer, key, timeout_us, 1, 0));
    let mut watched = watched.collect::<Vec<_>>();
    for watched in &mut watched {
        watched.drops_over(8, timeout_us);
    }
    let asked = plan
        .peers
        .iter()
        .zip(&watched)
        .map(|(peer, watched)| Asked::new(plan, peer, watched, began));
    let asked = asked.collect::<Vec<_>>();
    let again = asked.clone();
    let endpoints = vec![Endpoint::new(); plan.peers.len()];
    let names = (0..endpoints.len()).map(|index| format!("peer {index}"));
    let group = Builder::<Failover<4, 32>>::group(config, &endpoints).unwrap();
    let group = group
        .name("group", names)
        .metrics()
        .spawn(move |index: usize| again[index].ask());
    let mut active = group.active();
    while since(began) < plan.life_us {
        let late_us = pause(plan, began).await;
        journal.polls += 1;
        let now_us = since(began);
        journal
            .coverage
            .saw_if(group.active() != active, "the active endpoint changed");
        active = group.active();
        for (index, watched) in watched.iter_mut().enumerate() {
            watched.late(late_us);
            let status = group.with(|it, now| it.status(index, now)).unwrap();
            if let Condition::Quarantined(_) = status.condition {
                journal.coverage.saw("an endpoint was quarantined");
                watched.rests(now_us, &mut journal.coverage);
                continue;
            }
            let heart = status.monitor.path;
            watched.look(
                now_us,
                micros(tick(plan)),
                heart.verdict,
                &heart.plan,
                &mut journal.coverage,
            )?;
        }
    }
    if plan.stops {
        group.stop().await;
    } else {
        drop(group);
        sleep(Duration::from_millis(10)).await;
    }
    let standing = exporter.standing(&["systole_verdict", "systole_active", "systole_group_state"]);
    if standing.is_empty() {
        return Ok(());
    }
    let kind = "series of a group are exported after the stop";
    Err(Violation::new(
        Law::Accounts,
        kind,
        plan.life_us,
        standing.join(" "),
    ))
}
