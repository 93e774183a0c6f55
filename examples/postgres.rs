//! A PostgreSQL server monitored with `SELECT 1`, which shows more than that it accepts
//! connections.
//!
//! `cargo run --features tokio --example postgres -- postgres://user@127.0.0.1/database`

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use systole::task::Heart;
use systole::{Config, Failure, ProbeError};
use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls};
use tokio_stream::StreamExt;

/// The connection that replied last. A probe takes it out and puts it back after a reply. A
/// connection that does not reply is therefore not used again, and the retry opens a new one.
type Kept = Arc<Mutex<Option<Client>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1);
    let mut heart = watch(
        server
            .as_deref()
            .unwrap_or("postgres://postgres@127.0.0.1/postgres"),
    )?;
    while let Some(event) = heart.next().await {
        println!("{event}");
    }
    Ok(())
}

/// Probes `server` every second and detects a crash within three seconds.
pub(crate) fn watch(server: &str) -> Result<Heart, Box<dyn Error>> {
    let server: tokio_postgres::Config = server.parse()?;
    let config = Config::every(Duration::from_secs(1))
        .detect_within(Duration::from_secs(3))
        .without_initial_delay()
        .build()?;
    let kept = Kept::default();
    let probe = move || select(server.clone(), kept.clone());
    Ok(systole::task::spawn(config, probe))
}

async fn select(server: tokio_postgres::Config, kept: Kept) -> Result<(), ProbeError> {
    let answering = kept.lock().await.take();
    let client = match answering.filter(|client| !client.is_closed()) {
        Some(client) => client,
        None => connect(&server).await.map_err(fault)?,
    };
    client.simple_query("SELECT 1").await.map_err(fault)?;
    *kept.lock().await = Some(client);
    Ok(())
}

/// Opens a connection. Its task runs beside the client and ends with it.
async fn connect(server: &tokio_postgres::Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = server.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn fault(error: tokio_postgres::Error) -> ProbeError {
    if error.as_db_error().is_some() {
        return Failure::InvalidReply.into(); // it starts up, shuts down or refuses this client
    }
    if error.is_closed() {
        return Failure::Reset.into();
    }
    error.into() // by the `io::Error` behind it
}
