//! Leases in PostgreSQL: a row with an expiry, the token of the holder and the epoch. Each step is
//! one statement that commits by itself, and takes the time from `clock_timestamp()`.

use std::time::Duration;

use systole::lease::{Action, Refusal};
use systole::{Failure, ProbeError};

use super::store::{Answer, Ask, Store};
use crate::target::{Miss, Place, Postgres, PostgresSession, Protocol};

const IS_THERE: &str = "SELECT to_regclass('systole_leases')::text";
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS systole_leases (
        name text PRIMARY KEY, token text NOT NULL, epoch bigint NOT NULL, expires timestamptz NOT NULL
    )";
/// Returns the epoch if it is granted, or else who holds it. The same token again is the same
/// acquisition, whose answer was lost: it gets the same epoch.
const ACQUIRE: &str = "
    WITH taken AS (
        INSERT INTO systole_leases AS held (name, token, epoch, expires)
        VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3::text::float8))
        ON CONFLICT (name) DO UPDATE SET
            token = EXCLUDED.token,
            epoch = held.epoch + CASE
                WHEN held.token = EXCLUDED.token AND held.expires > clock_timestamp() THEN 0 ELSE 1
            END,
            expires = clock_timestamp() + make_interval(secs => $3::text::float8)
        WHERE held.token = EXCLUDED.token OR held.expires <= clock_timestamp()
        RETURNING epoch, token
    )
    SELECT epoch::text, token FROM taken
    UNION ALL
    SELECT NULL, token FROM systole_leases WHERE name = $1 AND NOT EXISTS (SELECT FROM taken)";
const RENEW: &str = "
    WITH kept AS (
        UPDATE systole_leases SET expires = clock_timestamp() + make_interval(secs => $3::text::float8)
        WHERE name = $1 AND token = $2 AND expires > clock_timestamp()
        RETURNING epoch, token
    )
    SELECT epoch::text, token FROM kept
    UNION ALL
    SELECT NULL, token FROM systole_leases
    WHERE name = $1 AND token <> $2 AND expires > clock_timestamp() AND NOT EXISTS (SELECT FROM kept)";
const RELEASE: &str = "
    UPDATE systole_leases SET expires = '-infinity'
    WHERE name = $1 AND token = $2 AND $3::text::float8 > 0 RETURNING epoch::text, token";

pub(super) struct PostgresStore {
    client: Postgres,
    name: String,
}

impl PostgresStore {
    pub(super) fn new(client: Postgres, name: &str) -> Self {
        Self {
            client,
            name: name.into(),
        }
    }
}

impl Store for PostgresStore {
    type Session = PostgresSession;

    async fn open(&self, place: &Place) -> Result<PostgresSession, Miss> {
        let (stream, _) = place.connect_any().await?;
        let session = self.client.begin(stream, place.host()).await?;
        let table = session.row(IS_THERE, &[]).await?;
        if table.is_none_or(|[name, _]| name.is_none()) {
            session.row(TABLE, &[]).await?;
        }
        Ok(session)
    }

    async fn ask(&self, session: &mut PostgresSession, ask: &Ask) -> Result<Answer, Miss> {
        let statement = match ask.action {
            Action::Acquire => ACQUIRE,
            Action::Renew => RENEW,
            Action::Release => RELEASE,
        };
        let seconds = ask.ttl.as_secs_f64().to_string();
        let words = [&*self.name, &ask.token, &seconds];
        let row = session.row(statement, &words).await?;
        read(ask.action, ask.ttl, row)
            .ok_or_else(|| ProbeError::Failed(Failure::InvalidReply).into())
    }
}

/// Reads what a statement returned: an epoch, and the token of who holds the lease.
fn read(action: Action, ttl: Duration, row: Option<[Option<String>; 2]>) -> Option<Answer> {
    let [epoch, holder] = row.unwrap_or_default();
    Some(match (action, epoch) {
        (Action::Release, _) => Answer::Released,
        (_, Some(epoch)) => Answer::Granted {
            ttl,
            epoch: epoch.parse().ok()?,
        },
        (Action::Renew, None) if holder.is_none() => Answer::Refused(Refusal::Expired, None),
        (_, None) => Answer::Refused(Refusal::HeldByAnother, holder),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_statements_return_is_read() {
        let ttl = Duration::from_secs(1);
        let row = |epoch: &str| Some([Some(epoch.to_owned()), Some("me".to_owned())]);
        let granted = Answer::Granted { ttl, epoch: 7 };
        assert_eq!(read(Action::Renew, ttl, row("7")), Some(granted));
        assert_eq!(read(Action::Acquire, ttl, row("-1")), None);
        let other = Some([None, Some("you".to_owned())]);
        let held = Answer::Refused(Refusal::HeldByAnother, Some("you".into()));
        assert_eq!(read(Action::Renew, ttl, other.clone()), Some(held.clone()));
        assert_eq!(read(Action::Acquire, ttl, other), Some(held));
        let expired = Answer::Refused(Refusal::Expired, None);
        assert_eq!(read(Action::Renew, ttl, None), Some(expired));
        assert_eq!(read(Action::Release, ttl, None), Some(Answer::Released));
    }
}
