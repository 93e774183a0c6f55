//! What is exported is what was counted, however often and from whatever machine it is recorded.
#![cfg(feature = "metrics")]

use core::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use systole::telemetry::{FleetSeries, Group, Peer, RTT, RTT_BUCKETS};
use systole::{
    Config, Failover, Instant, Monitor, Output,
    failover::{self, Endpoint},
    peer::Counters,
};

use systole_testkit::swarm::Swarm;

const SECOND: Duration = Duration::from_secs(1);

/// Runs `test` with an exporter of its own.
fn exported(test: impl FnOnce(&PrometheusHandle)) {
    let builder = PrometheusBuilder::new();
    let builder = builder.set_buckets_for_metric(Matcher::Full(RTT.into()), &RTT_BUCKETS);
    let recorder = builder.unwrap().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || test(&handle));
}

/// The value of one series.
fn value(exporter: &PrometheusHandle, series: &str) -> f64 {
    let text = exporter.render();
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    let line = line.unwrap_or_else(|| panic!("no {series} in {text}"));
    line.trim().parse().unwrap()
}

/// A peer that is down for 20 s of every minute.
struct World {
    now: Instant,
    monitor: Monitor<32>,
    /// Time by which polls are late.
    lateness: Duration,
}

impl World {
    fn new() -> Self {
        let config = Config::every(SECOND).detect_within(5 * SECOND).build();
        let config = config
            .and_then(|config| config.into_builder().seed(7).build())
            .unwrap();
        Self {
            now: Instant::ZERO,
            monitor: Monitor::new(config, Instant::ZERO).unwrap(),
            lateness: Duration::ZERO,
        }
    }

    fn run(&mut self, span: Duration) {
        let end = self.now.saturating_add(span);
        while self.now < end {
            let up = !(30..50).contains(&(self.now.as_micros() / 1_000_000 % 60));
            match self.monitor.poll(self.now) {
                Output::Send(id) if up => {
                    self.now = self.now.saturating_add(SECOND / 50);
                    self.monitor.handle_reply(id, self.now);
                }
                Output::Wait(until) => self.now = until.saturating_add(self.lateness),
                _ => {}
            }
        }
    }

    fn counters(&self) -> Counters {
        self.monitor.snapshot(self.now).counters
    }
}

#[test]
fn the_series_follow_the_counters() {
    exported(|exporter| {
        let (mut world, mut peer) = (World::new(), Peer::new("db"));
        for _ in 0..30 {
            world.run(10 * SECOND);
            peer.record(&world.monitor, world.now);
            peer.record(&world.monitor, world.now); // nothing new
        }
        let known = world.counters();
        assert!(known.recovered >= 4 && known.dead == known.recovered);
        for (series, count) in [
            (
                "systole_probes_total{peer=\"db\",result=\"answered\"}",
                known.answered,
            ),
            (
                "systole_probes_total{peer=\"db\",result=\"overdue\"}",
                known.lost,
            ),
            (
                "systole_verdict_changes_total{peer=\"db\",to=\"dead\"}",
                known.dead,
            ),
            (
                "systole_verdict_changes_total{peer=\"db\",to=\"suspect\"}",
                known.suspect,
            ),
            (
                "systole_revivals_total{peer=\"db\",outcome=\"recovered\"}",
                known.recovered,
            ),
            ("systole_rtt_seconds_count{peer=\"db\"}", known.answered),
            ("systole_rtt_seconds_bucket{peer=\"db\",le=\"0.01\"}", 0),
            (
                "systole_rtt_seconds_bucket{peer=\"db\",le=\"0.025\"}",
                known.answered,
            ),
        ] {
            let value = value(exporter, series);
            assert!(
                (value - f64::from(count)).abs() < 0.5,
                "{series} {value}, not {count}"
            );
        }
    });
}

#[test]
fn a_new_machine_for_a_peer_goes_on_counting() {
    exported(|exporter| {
        let mut peer = Peer::new("db");
        let mut sum = 0;
        for seconds in [20, 10] {
            let mut world = World::new();
            world.run(seconds * SECOND);
            peer.record(&world.monitor, world.now);
            sum += world.counters().answered;
        }
        let answered = value(
            exporter,
            "systole_probes_total{peer=\"db\",result=\"answered\"}",
        );
        assert!((answered - f64::from(sum)).abs() < 0.5);
    });
}

#[test]
fn a_peer_that_is_gone_has_no_verdict() {
    exported(|exporter| {
        let (mut world, mut peer) = (World::new(), Peer::new("db"));
        world.run(20 * SECOND);
        peer.record(&world.monitor, world.now);
        let alive = "systole_verdict{peer=\"db\",verdict=\"alive\"}";
        assert!(value(exporter, alive) > 0.5);
        drop(peer);
        assert!(value(exporter, alive) < 0.5);
    });
}

#[test]
fn a_group_shows_who_is_active() {
    exported(|exporter| {
        let config = failover::Config::builder().seed(7).build().unwrap();
        let endpoints = [Endpoint::new(); 2];
        let mut group = Failover::<2, 8>::with_window(config, &endpoints, Instant::ZERO).unwrap();
        let mut series = Group::new("db", ["one", "other"]);
        series.record(&group, Instant::ZERO);
        let active = "systole_active{group=\"db\",peer=\"other\"}";
        assert!(value(exporter, active) < 0.5);
        group.switch_to(1, Instant::ZERO);
        series.record(&group, Instant::ZERO);
        assert!(value(exporter, active) > 0.5);
        assert!(value(exporter, "systole_switches_total{group=\"db\"}") > 0.5);
        assert!(
            value(
                exporter,
                "systole_group_state{group=\"db\",state=\"serving\"}"
            ) > 0.5
        );
    });
}

/// The worst detection of a peer whose polls are late by `lateness`, and how late they were in all.
fn worst(lateness: Duration) -> (Duration, Duration) {
    let mut world = World::new();
    world.lateness = lateness;
    world.run(45 * SECOND);
    let known = world.counters();
    assert_eq!((known.dead, known.suspect), (1, 1), "{known:?}");
    (
        Duration::from_millis(known.worst_detection_ms.into()),
        Duration::from_micros(known.lateness_us),
    )
}

#[test]
fn the_worst_detection_is_the_bound_and_our_lateness() {
    assert_eq!(worst(Duration::ZERO).0, 5 * SECOND);
    let (took, late) = worst(SECOND / 2);
    assert!(
        took > 5 * SECOND && took <= 5 * SECOND + late,
        "{took:?}, late by {late:?}"
    );
}

/// A fleet has as many series as before when it has grown, and none of a peer.
#[test]
fn a_fleet_shows_how_many_and_the_worst() {
    let config = Config::every(SECOND).detect_within(5 * SECOND).build();
    let config = config
        .and_then(|config| config.into_builder().seed(7).build())
        .unwrap();
    exported(|exporter| {
        let series = FleetSeries::new("all");
        let mut lines = Vec::new();
        for peers in [20, 200] {
            let mut swarm = Swarm::new(config, peers);
            let dead = swarm.peers[7];
            swarm.run(30 * SECOND, |peer, _| peer != dead);
            series.record(&mut swarm.fleet, swarm.now);
            let alive = value(
                exporter,
                "systole_fleet_peers{fleet=\"all\",verdict=\"alive\"}",
            );
            assert!((alive - (peers - 1) as f64).abs() < 0.5, "{alive}");
            lines.push(exporter.render().lines().count());
        }
        assert_eq!(lines[0], lines[1]);
        let silent = |rank| {
            value(
                exporter,
                &format!("systole_fleet_silence_seconds{{fleet=\"all\",rank=\"{rank}\"}}"),
            )
        };
        assert!(silent(1) > 20.0 && silent(2) < 1e-9);
        let dead = value(
            exporter,
            "systole_fleet_verdict_changes_total{fleet=\"all\",to=\"dead\"}",
        );
        assert!((dead - 1.0).abs() < 1e-9, "{dead}");
    });
}

/// Of a task that was told a name.
#[cfg(feature = "tokio")]
mod of_tasks {
    extern crate alloc;

    use alloc::sync::Arc;

    use systole::task::Builder;
    use systole::{ProbeError, RetryBudget};
    use tokio::time::sleep;

    use super::*;

    /// Runs `test` in virtual time, with an exporter of its own.
    fn exported_in_time(test: impl AsyncFnOnce(&PrometheusHandle)) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        exported(|exporter| runtime.block_on(test(exporter)));
    }

    #[test]
    fn a_task_records_by_itself_until_it_stops() {
        exported_in_time(async |exporter| {
            let config = Config::every(SECOND)
                .without_initial_delay()
                .build()
                .unwrap();
            let heart = Builder::new(config).name("db").metrics();
            let heart = heart.spawn(async || {
                sleep(SECOND / 50).await;
                Ok::<_, ProbeError>(())
            });
            sleep(60 * SECOND).await;
            let answered = f64::from(heart.snapshot().counters.answered);
            assert!(answered > 50.0);
            for series in [
                "systole_probes_total{peer=\"db\",result=\"answered\"}",
                "systole_rtt_seconds_count{peer=\"db\"}",
            ] {
                assert!((value(exporter, series) - answered).abs() < 0.5, "{series}");
            }
            let alive = "systole_verdict{peer=\"db\",verdict=\"alive\"}";
            assert!(value(exporter, alive) > 0.5);
            heart.stop().await;
            assert!(value(exporter, alive) < 0.5);
        });
    }

    #[test]
    fn a_task_is_recorded_under_its_name_whenever_that_is_said() {
        exported_in_time(async |exporter| {
            let config = Config::every(SECOND)
                .without_initial_delay()
                .build()
                .unwrap();
            let (named, nameless) = (Builder::new(config), Builder::new(config));
            let answers = async || Ok::<_, ProbeError>(());
            let _hearts = [
                named.metrics().name("late").spawn(answers),
                nameless.metrics().spawn(answers),
            ];
            sleep(60 * SECOND).await;
            for name in ["late", ""] {
                let series = format!("systole_verdict{{peer=\"{name}\",verdict=\"alive\"}}");
                assert!(value(exporter, &series) > 0.5, "{series}");
            }
        });
    }

    #[test]
    fn a_group_records_by_itself() {
        exported_in_time(async |exporter| {
            let group = Builder::group(
                failover::Config::builder().build().unwrap(),
                &[Endpoint::new(); 2],
            )
            .unwrap();
            let group: systole::task::Group<2> = { group }
                .name("db", ["one", "other"])
                .metrics()
                .spawn(async |endpoint| {
                    sleep(SECOND / 50).await;
                    if endpoint == 1 {
                        Ok(())
                    } else {
                        Err(ProbeError::Missed)
                    }
                });
            sleep(60 * SECOND).await;
            assert_eq!(group.active(), 1);
            assert!(value(exporter, "systole_active{group=\"db\",peer=\"other\"}") > 0.5);
            assert!(value(exporter, "systole_switches_total{group=\"db\"}") > 0.5);
        });
    }

    /// What is taken out of a budget is counted for the peer that took it, and no further than there is of it.
    #[test]
    fn retries_out_of_a_budget_are_counted() {
        exported_in_time(async |exporter| {
            let budget = Arc::new(RetryBudget::new(0, 3));
            let quick = SECOND / 10;
            let config = Config::every(SECOND)
                .without_initial_delay()
                .timeouts(quick, quick, quick)
                .build()
                .unwrap();
            let heart = |name, answers: bool| {
                let heart = Builder::new(config)
                    .retry_budget(&budget)
                    .name(name)
                    .metrics();
                heart.spawn(move || async move {
                    if answers {
                        Ok(())
                    } else {
                        Err(ProbeError::Missed)
                    }
                })
            };
            let _hearts = [heart("well", true), heart("ill", false)];
            sleep(60 * SECOND).await;
            let used = |name| {
                value(
                    exporter,
                    &format!("systole_retry_budget_used_total{{peer=\"{name}\"}}"),
                )
            };
            assert!(used("well") < 0.5);
            let most = 3.0 - f64::from(budget.left());
            assert!(
                used("ill") > 0.5 && (used("ill") - most).abs() < 0.5,
                "{}",
                used("ill")
            );
        });
    }
}

/// A path of 20 ms that takes 800 ms from now on is degraded, whether or not the machine keeps a warner itself.
#[test]
fn an_early_warning_is_exported_of_peers_and_of_groups() {
    exported(|exporter| {
        let degraded = || value(exporter, "systole_degraded{peer=\"db\"}");
        let (mut world, mut peer) = (World::new(), Peer::new("db"));
        let patient = Config::every(SECOND)
            .timeouts(SECOND, SECOND, SECOND)
            .build();
        let patient = patient
            .and_then(|config| config.into_builder().seed(7).build())
            .unwrap();
        world.monitor = Monitor::new(patient, Instant::ZERO).unwrap();
        let (usual, slow) = (SECOND / 50, SECOND * 4 / 5);
        for (round_trip, answers, on) in [(usual, 25, 0.0), (slow, 6, 1.0), (usual, 25, 0.0)] {
            for _ in 0..answers {
                answer(&mut world, round_trip);
                peer.record(&world.monitor, world.now);
            }
            assert!((degraded() - on).abs() < 0.5, "{round_trip:?}");
            let score = value(exporter, "systole_warning_octaves{peer=\"db\"}");
            assert_eq!(score > 9.0, on > 0.5, "{score}");
        }
        let mut group = one_of_a_group();
        let mut series = Group::new("dbs", ["db"]);
        let mut now = Instant::ZERO;
        for beat in 0..200 {
            let round_trip = if beat < 100 { SECOND / 50 } else { SECOND / 2 };
            match group.poll(now) {
                Output::Send(failover::Probe { endpoint, id }) => {
                    now = now.saturating_add(round_trip);
                    group.handle_reply(endpoint, id, now);
                }
                Output::Wait(until) => now = until,
                _ => {}
            }
        }
        series.record(&group, now);
        assert!((degraded() - 1.0).abs() < 0.5);
    });
}

fn answer(world: &mut World, round_trip: Duration) {
    loop {
        match world.monitor.poll(world.now) {
            Output::Send(id) => {
                world.now = world.now.saturating_add(round_trip);
                world.monitor.handle_reply(id, world.now);
                return;
            }
            Output::Wait(until) => world.now = until,
            _ => {}
        }
    }
}

fn one_of_a_group() -> Failover<1, 32> {
    let config = failover::Config::builder().seed(7).build().unwrap();
    Failover::with_window(config, &[Endpoint::new()], Instant::ZERO).unwrap()
}
