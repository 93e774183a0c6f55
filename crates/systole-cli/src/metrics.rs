//! The option `--metrics ADDR`: serves `/metrics` for Prometheus, and `/healthz`.
//!
//! The server has a thread of its own, so that neither many series nor slow readers delay a probe.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;
use systole::telemetry::{RTT, RTT_BUCKETS};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{interval, timeout};

use crate::trouble::Trouble;

/// How long an idle series is kept: after this time without an update, its peer is no longer
/// watched.
const IDLE: Duration = Duration::from_secs(300);
/// How often the samples of histograms are put into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);
/// The most connections at once; further ones wait in the queue of the operating system.
const CONNECTIONS_MAX: usize = 16;
/// How long a client may take to send the head of a request.
const HEAD_MAX: Duration = Duration::from_secs(5);
/// How long one connection lasts at most.
const CONNECTION_MAX: Duration = Duration::from_secs(60);
/// How long the watch may take to say that it runs.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// A request to the watch to bring its series up to date. It answers when that is done.
pub(crate) type Scrape = oneshot::Sender<()>;

/// The requests of the server; few wait at once.
pub(crate) type Scrapes = mpsc::Receiver<Scrape>;

/// Returns the next request, if the metrics are served at all. Cancel safe.
pub(crate) async fn next(scrapes: &mut Option<Scrapes>) -> Option<Scrape> {
    match scrapes {
        Some(scrapes) => scrapes.recv().await,
        None => std::future::pending().await,
    }
}

#[derive(Clone)]
struct Server {
    exporter: PrometheusHandle,
    scrapes: mpsc::Sender<Scrape>,
}

/// Serves `/metrics` and `/healthz` on `address` for as long as the process lives. Call it before
/// the first series is created, so that their descriptions reach the exporter.
pub(crate) fn serve(address: SocketAddr) -> Result<Scrapes, Trouble> {
    let (scrapes, asked) = mpsc::channel(CONNECTIONS_MAX);
    let listener = listen(address).map_err(|error| Trouble::Metrics(address, error))?;
    let other = |error: String| Trouble::Metrics(address, io::Error::other(error));
    let recorder = PrometheusBuilder::new()
        .idle_timeout(MetricKindMask::ALL, Some(IDLE))
        .set_buckets_for_metric(Matcher::Full(RTT.into()), &RTT_BUCKETS)
        .map_err(|error| other(error.to_string()))?
        .build_recorder();
    let exporter = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| other(error.to_string()))?;
    let server = Server { exporter, scrapes };
    std::thread::Builder::new()
        .name("metrics".into())
        .spawn(move || server.run(listener))?;
    Ok(asked)
}

fn listen(address: SocketAddr) -> io::Result<StdListener> {
    let listener = StdListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Server {
    fn run(self, listener: StdListener) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        if let Ok(runtime) = { runtime }.enable_all().build() {
            runtime.block_on(self.accept_all(listener));
        }
    }

    async fn accept_all(self, listener: StdListener) {
        let Ok(listener) = TcpListener::from_std(listener) else {
            return;
        };
        let exporter = self.exporter.clone();
        tokio::spawn(async move {
            let mut ticks = interval(UPKEEP);
            loop {
                ticks.tick().await;
                exporter.run_upkeep();
            }
        });
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let server = self.clone();
                    tokio::spawn(async move {
                        let _ = timeout(CONNECTION_MAX, server.talk(stream)).await;
                        drop(permit);
                    });
                }
                Err(_) => tokio::time::sleep(HEAD_MAX / 50).await, // no descriptors are left
            }
        }
    }

    async fn talk(self, stream: TcpStream) {
        let serve = service_fn(move |request| {
            let server = self.clone();
            async move { Ok::<_, Infallible>(server.answer(&request).await) }
        });
        let mut connection = http1::Builder::new();
        connection
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_MAX);
        let _ = connection
            .serve_connection(TokioIo::new(stream), serve)
            .await; // the client may do as it likes
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "GET only\n".into());
            let headers = refused.headers_mut();
            headers.insert(ALLOW, hyper::header::HeaderValue::from_static("GET"));
            return refused;
        }
        match request.uri().path() {
            "/metrics" => {
                self.is_running().await;
                plain(StatusCode::OK, self.exporter.render())
            }
            "/healthz" if self.is_running().await => plain(StatusCode::OK, "ok\n".into()),
            "/healthz" => plain(StatusCode::SERVICE_UNAVAILABLE, "the watch hangs\n".into()),
            _ => plain(StatusCode::NOT_FOUND, "/metrics or /healthz\n".into()),
        }
    }

    /// Has the watch bring its series up to date; returns whether it did so in time.
    async fn is_running(&self) -> bool {
        let (scrape, done) = oneshot::channel();
        let ask = async { self.scrapes.send(scrape).await.is_ok() && done.await.is_ok() };
        timeout(ANSWER_MAX, ask).await.unwrap_or(false)
    }
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
