//! `--metrics ADDR`: what is watched, for Prometheus.

use std::net::SocketAddr;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use metrics_util::MetricKindMask;
use systole::telemetry::{RTT, RTT_BUCKETS};

use crate::trouble::Trouble;

/// Series that nobody has touched for so long belong to peers that are no longer watched.
const IDLE: Duration = Duration::from_secs(300);

/// Serves `/metrics` on `address` for as long as the runtime lives. Comes before the first series, so that their descriptions are heard.
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
