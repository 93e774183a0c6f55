//! A Redis server monitored with `PING`.
//!
//! `cargo run --features tokio --example redis -- redis://127.0.0.1:6379`

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, cmd};
use systole::task::Heart;
use systole::{Config, Failure, ProbeError};
use tokio::sync::Mutex;
use tokio_stream::StreamExt;

/// The connection that replied last. A probe takes it out and puts it back after a reply. A
/// connection that does not reply is therefore not used again, and the retry opens a new one.
type Kept = Arc<Mutex<Option<MultiplexedConnection>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1);
    let mut heart = watch(server.as_deref().unwrap_or("redis://127.0.0.1:6379"))?;
    while let Some(event) = heart.next().await {
        println!("{event}");
    }
    Ok(())
}

/// Probes `server` every second and detects a crash within three seconds.
pub(crate) fn watch(server: &str) -> Result<Heart, Box<dyn Error>> {
    let client = Client::open(server)?;
    let config = Config::every(Duration::from_secs(1))
        .detect_within(Duration::from_secs(3))
        .without_initial_delay()
        .build()?;
    let kept = Kept::default();
    let probe = move || ping(client.clone(), kept.clone());
    Ok(systole::task::spawn(config, probe))
}

async fn ping(client: Client, kept: Kept) -> Result<(), ProbeError> {
    let answering = kept.lock().await.take();
    let mut connection = match answering {
        Some(connection) => connection,
        None => connect(&client).await.map_err(|error| fault(&error))?,
    };
    let pong: String = cmd("PING")
        .query_async(&mut connection)
        .await
        .map_err(|error| fault(&error))?;
    if pong != "PONG" {
        return Err(Failure::InvalidReply.into());
    }
    *kept.lock().await = Some(connection);
    Ok(())
}

/// Opens a connection without time-outs of its own: systole has them, and learns from late replies.
async fn connect(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_connection_timeout(None);
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

fn fault(error: &RedisError) -> ProbeError {
    if error.is_connection_dropped() {
        Failure::Reset.into()
    } else if error.is_io_error() {
        ProbeError::of(error) // refused, or a local fault
    } else {
        Failure::InvalidReply.into() // it is loading its data, or requires a password
    }
}
