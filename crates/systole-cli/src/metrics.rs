//! The option `--metrics ADDR`: serves the metrics of all watched peers for Prometheus.

use std::net::SocketAddr;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use metrics_util::MetricKindMask;
use systole::telemetry::{RTT, RTT_BUCKETS};

use crate::trouble::Trouble;

/// How long an idle series is kept: after this time without an update, its peer is no longer
/// watched.
const IDLE: Duration = Duration::from_secs(300);

/// Serves `/metrics` on `address` for as long as the runtime lives. Call it before the first series
/// is created, so that their descriptions reach the exporter.
pub(crate) fn serve(address: SocketAddr) -> Result<(), Trouble> {
    let trouble = |error| Trouble::Metrics(address, error);
    PrometheusBuilder::new()
        .with_http_listener(address)
        .idle_timeout(MetricKindMask::ALL, Some(IDLE))
        .set_buckets_for_metric(Matcher::Full(RTT.into()), &RTT_BUCKETS)
        .map_err(trouble)?
        .install()
        .map_err(trouble)
}
