//! A web server monitored with `GET`. A status of 2xx or 3xx means alive; 429, and 503 with
//! `Retry-After`, mean alive and ask for fewer probes.
//!
//! `cargo run --features tokio --example http -- 127.0.0.1:80 /health`

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use systole::task::Heart;
use systole::{Config, Failure, ProbeError, Reply};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_stream::StreamExt;

type Connection = SendRequest<Empty<Bytes>>;

/// The connection that replied last. A probe takes it out and puts it back after a reply. A
/// connection that does not reply is therefore not used again, and the retry opens a new one.
type Kept = Arc<Mutex<Option<Connection>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments
        .next()
        .unwrap_or_else(|| "127.0.0.1:80".to_owned());
    let path = arguments.next().unwrap_or_else(|| "/".to_owned());
    let mut heart = watch(&server, &path)?;
    while let Some(event) = heart.next().await {
        println!("{event}");
    }
    Ok(())
}

/// Probes `server` every second and detects a crash within three seconds.
pub(crate) fn watch(server: &str, path: &str) -> Result<Heart, Box<dyn Error>> {
    let request = Request::get(path).header(HOST, server).body(Empty::new())?;
    let config = Config::every(Duration::from_secs(1))
        .detect_within(Duration::from_secs(3))
        .without_initial_delay()
        .build()?;
    let (server, kept) = (server.to_owned(), Kept::default());
    let probe = move || get(server.clone(), request.clone(), kept.clone());
    Ok(systole::task::spawn(config, probe))
}

async fn get(
    server: String,
    request: Request<Empty<Bytes>>,
    kept: Kept,
) -> Result<Reply, ProbeError> {
    let answering = kept.lock().await.take();
    let mut connection = match still_open(answering).await {
        Some(connection) => connection,
        None => connect(&server).await?,
    };
    let response = connection
        .send_request(request)
        .await
        .map_err(|error| fault(&error))?;
    let said = judge(&response);
    let rest = response.into_body().collect().await;
    if rest.is_ok() {
        *kept.lock().await = Some(connection);
    }
    said
}

/// Returns the connection if it is still open: web servers close one after some number of requests.
async fn still_open(connection: Option<Connection>) -> Option<Connection> {
    let mut connection = connection?;
    connection.ready().await.is_ok().then_some(connection)
}

/// Opens a connection. Its task runs beside the client and ends with it.
async fn connect(server: &str) -> Result<Connection, ProbeError> {
    let stream = TcpStream::connect(server).await?;
    let (client, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|error| fault(&error))?;
    tokio::spawn(connection);
    Ok(client)
}

/// Returns the result that the status stands for.
fn judge(response: &Response<Incoming>) -> Result<Reply, ProbeError> {
    match response.status() {
        status if status.is_success() || status.is_redirection() => Ok(Reply::Ok),
        StatusCode::TOO_MANY_REQUESTS => Ok(pushback(response)),
        StatusCode::SERVICE_UNAVAILABLE if response.headers().contains_key(RETRY_AFTER) => {
            Ok(pushback(response))
        }
        _ => Err(Failure::Unhealthy.into()),
    }
}

/// Returns the pushback of a server that is alive and asks not to be probed for the given number of
/// seconds.
fn pushback(response: &Response<Incoming>) -> Reply {
    let later = response.headers().get(RETRY_AFTER);
    let seconds = later.and_then(|later| later.to_str().ok()?.parse().ok());
    let wait = Duration::from_secs(seconds.unwrap_or_default());
    Reply::Pushback { wait }
}

fn fault(error: &hyper::Error) -> ProbeError {
    match ProbeError::of(error) {
        ProbeError::Missed if error.is_parse() => Failure::InvalidReply.into(),
        ProbeError::Missed => Failure::Reset.into(), // closed before the response was complete
        known => known,                              // by the `io::Error` behind it
    }
}
