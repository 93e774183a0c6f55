//! Series go away with what they tell of: who drops those of a group or a fleet has no active endpoint and no dead peers any more.

use core::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use systole::telemetry::{FleetSeries, Group};
use systole::{
    Config, Failover, Fleet, Instant, Output,
    failover::{self, Endpoint},
    pacing::Fixed,
};

/// The lines of `series` that say something else than 0 once `record` has dropped what it recorded with.
fn left(series: &str, record: impl FnOnce()) -> Vec<String> {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, record);
    let text = recorder.handle().render();
    let lines = text.lines().filter(|line| line.starts_with(series));
    let lines = lines.filter(|line| !line.ends_with(" 0"));
    lines.map(ToOwned::to_owned).collect()
}

fn record_a_group() {
    let config = failover::Config::builder().seed(7).build().unwrap();
    let endpoints = [Endpoint::new(), Endpoint::new()];
    let group = Failover::<2, 8>::with_window(config, &endpoints, Instant::ZERO).unwrap();
    Group::new("orders", ["db-1", "db-2"]).record(&group, Instant::ZERO);
}

/// Twenty peers of which none is ever heard.
fn record_a_fleet() {
    let config = Config::fixed(Duration::from_secs(1))
        .seed(3)
        .build()
        .unwrap();
    let mut fleet = Fleet::<8, Fixed>::with_window(config, Instant::ZERO).unwrap();
    for _ in 0..20 {
        fleet.add(Instant::ZERO);
    }
    let mut now = Instant::ZERO;
    while now < Instant::from_secs(60) {
        if let Output::Wait(until) = fleet.poll(now) {
            now = until;
        }
    }
    assert_eq!(fleet.census().dead, 20);
    FleetSeries::new("edge").record(&mut fleet, now);
}

/// Today: `systole_active{group="orders",peer="db-1"} 1`, and a state, for ever. The verdicts of its endpoints are taken back.
#[test]
fn a_group_that_is_dropped_has_no_active_endpoint_and_no_state() {
    let none: [&str; 0] = [];
    assert_eq!(left("systole_active{", record_a_group), none);
    assert_eq!(left("systole_group_state{", record_a_group), none);
}

/// Today: `systole_fleet_peers{fleet="edge",verdict="dead"} 20` for ever, and ten silences.
#[test]
fn a_fleet_that_is_dropped_has_no_peers_and_no_silences() {
    let none: [&str; 0] = [];
    assert_eq!(left("systole_fleet_peers{", record_a_fleet), none);
    assert_eq!(left("systole_fleet_silence_seconds{", record_a_fleet), none);
}
