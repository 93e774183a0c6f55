//! PostgreSQL: a probe is a query, which also asks for the role if one is required.

mod guard;

use std::error::Error;
use std::io;

use percent_encoding::percent_decode_str;
use systole::{Failure, ProbeError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tokio_postgres::config::SslMode as ClientMode;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};
#[cfg(target_os = "linux")]
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

use self::guard::{Allowance, Guard};
use super::Target;
use super::background::Background;
use super::expiry::Expiry;
use super::link::{Answer, Miss};
use super::options::{Options, SessionAttrs, SslMode};
use super::persistent::{Protocol, Session};
use super::secret::{Secret, without};
use super::stream::Stream;
use super::tls::{Tls, Trust};
use crate::trouble::Trouble;

/// The message that asks for TLS: its length, and a number in place of a version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

pub(crate) struct Postgres {
    options: Options,
    /// Empty for the one that bears the name of the user.
    database: String,
    tls: Vec<(String, Tls)>,
    expiry: Expiry,
}

/// Returns the database that a target names, which is empty if it names none, and `None` if that is
/// no name.
pub(super) fn database(target: &Target) -> Option<String> {
    let name = target.path.strip_prefix('/').unwrap_or(&target.path);
    let name = percent_decode_str(name).decode_utf8().ok()?;
    (!name.contains(['/', '\0'])).then(|| name.into_owned())
}

impl Postgres {
    pub(crate) fn new(target: &Target, trust: &Trust) -> Result<Self, Trouble> {
        let options = &target.options;
        let tls = |host: &str| match options.ssl {
            SslMode::Disable => Ok(None),
            SslMode::Prefer => Tls::unverified(host, &options.tls).map(Some),
            SslMode::Require => Tls::new(host, &options.tls, trust, None).map(Some),
        };
        let (mut by_host, expiry) = (Vec::new(), Expiry::default());
        for host in &target.hosts {
            let tls = tls(&host.name)?.map(|tls| tls.noting_in(&expiry));
            by_host.extend(tls.map(|tls| (host.name.clone(), tls)));
        }
        Ok(Self {
            options: (**options).clone(),
            database: database(target).unwrap_or_default(),
            tls: by_host,
            expiry,
        })
    }

    /// Returns the connection over TLS if the server offers it and the mode wants it.
    async fn encrypt(&self, mut stream: Stream, host: &str) -> Result<Stream, Miss> {
        let mut by_host = self.tls.iter();
        let Some((_, tls)) = by_host.find(|(name, _)| name == host) else {
            return Ok(stream);
        };
        stream.write_all(&SSL_REQUEST).await?;
        stream.flush().await?;
        match (stream.read_u8().await?, self.options.ssl) {
            (b'S', _) => tls.connect(stream).await,
            (b'N', SslMode::Require) => {
                Err(Miss::Unhealthy("PostgreSQL: it does not offer TLS".into()))
            }
            (b'N', _) => Ok(stream),
            _ => Err(ProbeError::Failed(Failure::InvalidReply).into()),
        }
    }

    fn config(&self, password: Option<&str>) -> Config {
        let mut config = Config::new();
        config.ssl_mode(ClientMode::Disable); // TLS is below it, if at all
        let name = self.options.application_name.as_deref();
        config.application_name(name.unwrap_or("systole"));
        config.user(self.options.user.as_deref().unwrap_or("postgres"));
        if !self.database.is_empty() {
            config.dbname(&self.database);
        }
        if let Some(password) = password {
            config.password(password);
        }
        config
    }
}

impl Protocol for Postgres {
    type Session = Database;

    fn expiry(&self) -> Option<Expiry> {
        Some(self.expiry.clone())
    }

    async fn begin(&self, stream: Stream, host: &str) -> Result<Database, Miss> {
        let secret = self.options.password.as_ref().map(Secret::read);
        let password = secret.transpose().map_err(Miss::Unsent)?;
        let password = password.as_deref();
        let stream = self.encrypt(stream, host).await?;
        let allowance = Allowance::default();
        let guarded = Guard::new(stream, allowance.clone());
        let connected = self.config(password).connect_raw(guarded, NoTls).await;
        let (client, connection) = connected.map_err(|error| miss(&error, password))?;
        let session = Database {
            client,
            allowance,
            attrs: self.options.session,
            connection: Background::spawn(connection),
        };
        if session.attrs != SessionAttrs::Any {
            session.query().await?; // so that the next host is tried
        }
        Ok(session)
    }
}

#[derive(Debug)]
pub(crate) struct Database {
    client: Client,
    allowance: Allowance,
    attrs: SessionAttrs,
    connection: Background<tokio_postgres::Error>,
}

impl Session for Database {
    async fn ask(&mut self) -> Result<(Answer, Instant), Miss> {
        let miss = |error: &_| miss(error, None);
        self.connection.expect_sense(miss).await?;
        let at = self.query().await?;
        Ok((Answer::Fine, at))
    }
}

impl Database {
    /// Runs a statement, which commits by itself, with texts as parameters; returns the first two
    /// columns of its first row, which are texts.
    ///
    /// # Errors
    /// The connection broke, or the server replied with an error.
    #[cfg(target_os = "linux")]
    pub(crate) async fn row(
        &self,
        statement: &str,
        words: &[&str],
    ) -> Result<Option<[Option<String>; 2]>, Miss> {
        self.allowance.renew();
        let words: Vec<_> = words
            .iter()
            .map(|word| (word as &(dyn ToSql + Sync), Type::TEXT))
            .collect();
        let rows = self.client.query_typed(statement, &words).await;
        let rows = rows.map_err(|error| miss(&error, None))?;
        let text = |row: &Row, column: usize| row.try_get(column).ok().flatten();
        Ok(rows.first().map(|row| [text(row, 0), text(row, 1)]))
    }

    /// Sends the query; returns when its result came.
    async fn query(&self) -> Result<Instant, Miss> {
        self.allowance.renew();
        let (query, expected) = self.attrs.query();
        let result = self.client.simple_query(query).await;
        let at = Instant::now();
        let rows = result.map_err(|error| miss(&error, None))?;
        let row = rows.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.try_get(0).ok().flatten(),
            _ => None,
        });
        match row {
            Some(value) if value == expected => Ok(at),
            Some(_) => Err(Miss::Unhealthy(format!(
                "PostgreSQL: {}",
                self.attrs.refusal()
            ))),
            None => Err(ProbeError::Failed(Failure::InvalidReply).into()),
        }
    }
}

/// Converts an error. An error message of the server, such as that it is starting up or shutting
/// down, proves no life.
fn miss(error: &tokio_postgres::Error, secret: Option<&str>) -> Miss {
    if let Some(said) = error.as_db_error() {
        let words = without(said.message(), secret);
        return Miss::Unhealthy(format!("PostgreSQL: {words}"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_one_name() {
        let of = |text: &str| database(&text.parse::<Target>().unwrap());
        assert_eq!(of("postgres://h"), Some(String::new()));
        assert_eq!(of("postgres://h/shop%20a"), Some("shop a".into()));
        assert!("postgres://h/a%2fb".parse::<Target>().is_err());
    }
}
