//! A web server watched with `GET`: 2xx and 3xx are alive, 429 and 503 with `Retry-After` are alive and ask for fewer probes.
//!
//! `cargo run --features tokio --example http -- 127.0.0.1:80 /health`

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use systole::task::Heart;
use systole::{Config, Failure, ProbeError};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_stream::StreamExt;

type Connection = SendRequest<Empty<Bytes>>;

/// The connection that answered last. A probe takes it along and brings it back with the answer, so that one that does not answer is not
/// asked again: the retry goes over a new one.
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

/// Probed every second, dead within three.
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

async fn get(server: String, request: Request<Empty<Bytes>>, kept: Kept) -> Result<(), ProbeError> {
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

/// Web servers close a connection after so many requests.
async fn still_open(connection: Option<Connection>) -> Option<Connection> {
    let mut connection = connection?;
    connection.ready().await.is_ok().then_some(connection)
}

/// The connection runs beside its client, and ends with it.
async fn connect(server: &str) -> Result<Connection, ProbeError> {
    let stream = TcpStream::connect(server).await?;
    let (client, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|error| fault(&error))?;
    tokio::spawn(connection);
    Ok(client)
}

/// What the status says.
fn judge(response: &Response<Incoming>) -> Result<(), ProbeError> {
    match response.status() {
        status if status.is_success() || status.is_redirection() => Ok(()),
        StatusCode::TOO_MANY_REQUESTS => Err(pushback(response)),
        StatusCode::SERVICE_UNAVAILABLE if response.headers().contains_key(RETRY_AFTER) => {
            Err(pushback(response))
        }
        _ => Err(Failure::Unhealthy.into()),
    }
}

/// It is alive, and wants to be left alone for as many seconds as it says.
fn pushback(response: &Response<Incoming>) -> ProbeError {
    let later = response.headers().get(RETRY_AFTER);
    let seconds = later.and_then(|later| later.to_str().ok()?.parse().ok());
    let wait = Duration::from_secs(seconds.unwrap_or_default());
    ProbeError::Pushback { wait }
}

fn fault(error: &hyper::Error) -> ProbeError {
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    match source {
        Some(source) => io::Error::from(source.kind()).into(),
        None if error.is_parse() => Failure::InvalidReply.into(),
        None => Failure::Reset.into(), // closed before the answer was complete
    }
}
