//! A lease in PostgreSQL: the work runs only while this process holds it.
//!
//! `cargo run --features tokio --example lease_postgres -- postgres://user@127.0.0.1/database name`
//!
//! Each step is one statement that commits by itself, and takes the time from `clock_timestamp()`,
//! after it has the lock on the row. The epoch rises in the statement that acquires.

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use systole::lease::{Action, Answer, Config, Refusal, Request};
use systole::task::Lease;
use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls};

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS leases (
        name text PRIMARY KEY, token text NOT NULL, epoch bigint NOT NULL, expires timestamptz NOT NULL
    )";
/// Repeated with the same token, it renews: the answer to the first one may have been lost.
const ACQUIRE: &str = "
    INSERT INTO leases AS held (name, token, epoch, expires)
    VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3::float8))
    ON CONFLICT (name) DO UPDATE SET
        token = EXCLUDED.token,
        epoch = held.epoch + CASE
            WHEN held.token = EXCLUDED.token AND held.expires > clock_timestamp() THEN 0 ELSE 1 END,
        expires = clock_timestamp() + make_interval(secs => $3::float8)
    WHERE held.token = EXCLUDED.token OR held.expires <= clock_timestamp()
    RETURNING epoch";
const RENEW: &str = "
    UPDATE leases SET expires = clock_timestamp() + make_interval(secs => $3::float8)
    WHERE name = $1 AND token = $2 AND expires > clock_timestamp()
    RETURNING epoch";
const RELEASE: &str = "
    UPDATE leases SET expires = '-infinity' WHERE name = $1 AND token = $2 AND $3::float8 > 0
    RETURNING epoch";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next();
    let server = server
        .as_deref()
        .unwrap_or("postgres://postgres@127.0.0.1/postgres");
    let name = arguments.next();
    let server = Server::new(server, name.as_deref().unwrap_or("leader"))?;
    server.create_table().await?;
    let lease = server.lease(Config::renewed(Duration::from_secs(10)).build()?);
    lease
        .run(async |epoch| {
            println!("leader with epoch {epoch}");
            tokio::time::sleep(Duration::from_secs(60)).await; // the work
        })
        .await;
    lease.stop(Duration::from_secs(1)).await;
    Ok(())
}

/// One lease on a server, wanted by one holder.
#[derive(Clone)]
pub(crate) struct Server {
    access: tokio_postgres::Config,
    name: Arc<str>,
    /// What no other process has.
    process: u64,
    /// The connection that replied last. A request takes it out and puts it back after a reply, so
    /// one that does not reply is not used again.
    kept: Arc<Mutex<Option<Client>>>,
}

impl Server {
    pub(crate) fn new(server: &str, name: &str) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            access: server.parse()?,
            name: name.into(),
            process: RandomState::new().hash_one(std::process::id()),
            kept: Arc::default(),
        })
    }

    pub(crate) async fn create_table(&self) -> Result<(), tokio_postgres::Error> {
        self.connection().await?.batch_execute(TABLE).await
    }

    pub(crate) fn lease(&self, config: Config) -> Lease {
        let server = self.clone();
        Lease::spawn(config, move |request| server.clone().ask(request))
    }

    pub(crate) async fn ask(self, request: Request) -> Result<Answer, tokio_postgres::Error> {
        let statement = match request.action {
            Action::Acquire => ACQUIRE,
            Action::Renew => RENEW,
            Action::Release => RELEASE,
        };
        let token = format!("{}/{}", self.process, request.holding);
        let client = self.connection().await?;
        let row = client
            .query_opt(
                statement,
                &[&&*self.name, &token, &request.ttl.as_secs_f64()],
            )
            .await?;
        *self.kept.lock().await = Some(client);
        let epoch = row.map(|row| row.get::<_, i64>(0));
        let (ttl, epoch) = (
            request.ttl,
            epoch.and_then(|epoch| u64::try_from(epoch).ok()),
        );
        Ok(match (request.action, epoch) {
            (Action::Release, _) => Answer::Released,
            (_, Some(epoch)) => Answer::Granted { ttl, epoch },
            (Action::Renew, None) => Answer::Refused(Refusal::Expired),
            (Action::Acquire, None) => Answer::Refused(Refusal::HeldByAnother),
        })
    }

    /// Returns a connection, whose task runs beside it and ends with it.
    async fn connection(&self) -> Result<Client, tokio_postgres::Error> {
        let kept = self.kept.lock().await.take();
        if let Some(client) = kept.filter(|client| !client.is_closed()) {
            return Ok(client);
        }
        let (client, connection) = self.access.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}
