//! PostgreSQL: a probe is `SELECT 1`.

use std::error::Error;
use std::io;

use systole::{Failure, ProbeError};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_util::task::AbortOnDropHandle;

use super::Target;
use super::kept::{Protocol, Talk};
use super::link::{Answer, Miss};
use crate::trouble::Trouble;

#[derive(Debug)]
pub(super) struct Postgres(Config);

/// Returns the settings with which to log in to `target`, or `None` if they are invalid or require
/// TLS, which is not supported.
pub(super) fn login(target: &Target) -> Option<Config> {
    let text = target.login.as_deref()?;
    let mut config: Config = text.parse().ok()?;
    config.application_name("systole");
    (config.get_ssl_mode() != SslMode::Require).then_some(config)
}

impl Postgres {
    pub(super) fn new(target: &Target) -> Result<Self, Trouble> {
        let malformed = || Trouble::Address(target.to_string());
        login(target).map(Self).ok_or_else(malformed)
    }
}

impl Protocol for Postgres {
    type Talk = Session;

    async fn begin(&self, stream: TcpStream) -> Result<Session, Miss> {
        let (client, connection) = self
            .0
            .connect_raw(stream, NoTls)
            .await
            .map_err(|error| miss(&error))?;
        // the client returns the errors of the connection
        let connection = tokio::spawn(async move { drop(connection.await) });
        Ok(Session {
            client,
            _connection: AbortOnDropHandle::new(connection),
        })
    }
}

#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    _connection: AbortOnDropHandle<()>,
}

impl Talk for Session {
    async fn ask(&mut self) -> Result<(Answer, Instant), Miss> {
        let answer = self.client.simple_query("SELECT 1").await;
        let at = Instant::now();
        answer
            .map(|_| (Answer::Fine, at))
            .map_err(|error| miss(&error))
    }
}

/// Converts an error. An error message of the server, such as that it is starting up or shutting
/// down, proves no life.
fn miss(error: &tokio_postgres::Error) -> Miss {
    if let Some(said) = error.as_db_error() {
        return Miss::Unhealthy(format!("PostgreSQL: {}", said.message()));
    }
    let io = error
        .source()
        .and_then(<dyn Error>::downcast_ref::<io::Error>);
    match io.map(io::Error::kind) {
        // bytes that are not a message
        Some(io::ErrorKind::Other) => ProbeError::Failed(Failure::InvalidReply).into(),
        Some(kind) => ProbeError::from(io::Error::from(kind)).into(),
        None if error.is_closed() => ProbeError::Failed(Failure::Reset).into(),
        None => ProbeError::Failed(Failure::InvalidReply).into(),
    }
}
