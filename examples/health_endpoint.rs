//! The `/health` endpoint of a service that depends on its database: it returns 200 or 503,
//! depending on the verdict.
//!
//! `cargo run --features tokio --example health_endpoint`, then `curl -i` the address that it
//! prints. It ends after a minute.

use std::convert::Infallible;
use std::error::Error;
use std::future::ready;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use systole::{Config, ProbeError, Verdict};
use tokio::net::TcpListener;
use tokio::sync::watch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::every(Duration::from_secs(1))
        .detect_within(Duration::from_secs(3))
        .without_initial_delay()
        .build()?;
    let heart = systole::task::spawn(config, query);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/health", listener.local_addr()?);
    let _ = tokio::time::timeout(Duration::from_secs(60), serve(listener, heart.watch())).await;
    heart.stop().await;
    Ok(())
}

/// Stands in for `SELECT 1`.
async fn query() -> Result<(), ProbeError> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    Ok(())
}

async fn serve(listener: TcpListener, verdict: watch::Receiver<Verdict>) {
    while let Ok((stream, _)) = listener.accept().await {
        let verdict = verdict.clone();
        let service = service_fn(move |_: Request<Incoming>| {
            ready(Ok::<_, Infallible>(answer(*verdict.borrow())))
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

/// Returns the response for `verdict`. A suspected peer has not failed yet, so it counts as
/// healthy.
fn answer(verdict: Verdict) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{verdict}\n"))));
    if !matches!(verdict, Verdict::Alive | Verdict::Suspect) {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}
