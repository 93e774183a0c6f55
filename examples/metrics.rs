//! A service that exports metrics of its peers. Run `curl localhost:9460/metrics`, or point
//! Prometheus at it. `examples/grafana` has a dashboard.
//!
//! ```sh
//! cargo run --example metrics --features metrics,tokio -- 127.0.0.1:7 10.0.0.2:7
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use systole::Config;
use systole::task::Builder;
use systole::telemetry::{RTT, RTT_BUCKETS};
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    PrometheusBuilder::new()
        .with_http_listener(SocketAddr::from(([127, 0, 0, 1], 9460)))
        .set_buckets_for_metric(Matcher::Full(RTT.into()), &RTT_BUCKETS)?
        .install()?;
    let config = Config::every(Duration::from_secs(1))
        .detect_within(Duration::from_secs(5))
        .build()?;
    let mut hearts = Vec::new();
    for peer in std::env::args().skip(1) {
        let address: SocketAddr = peer.parse()?;
        let heart = Builder::new(config).name(peer).metrics(); // exports by itself from now on
        hearts.push(heart.spawn(move || TcpStream::connect(address)));
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
