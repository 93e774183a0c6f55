//! Leases in etcd: a key under a lease of etcd. Who creates the key holds it, and the revision at
//! which it was created is the epoch.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use systole::lease::{Action, Refusal};
use systole::{Failure, ProbeError};

use super::store::{Answer, Ask, Store};
use crate::target::{Etcd, EtcdSession, Miss, Place};

pub(super) struct EtcdStore {
    client: Etcd,
    /// The name of the key, as JSON has it.
    key: String,
}

/// A key as etcd shows it.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    token: String,
    lease: i64,
    created: u64,
    modified: u64,
}

impl Entry {
    /// Returns the epoch, if the key is as it was put by the holder called `token`.
    fn epoch(&self, token: &str) -> Option<u64> {
        let is_ours = self.token == token && self.lease == lease_of(token);
        (is_ours && self.created == self.modified).then_some(self.created)
    }

    fn refusal(self) -> Answer {
        Answer::Refused(Refusal::HeldByAnother, Some(self.token))
    }
}

impl EtcdStore {
    pub(super) fn new(client: Etcd, name: &str) -> Self {
        Self {
            client,
            key: STANDARD.encode(name),
        }
    }

    /// Campaigns for the key. An acquisition whose answer was lost finds its own lease and key.
    async fn acquire(&self, session: &mut EtcdSession, ask: &Ask) -> Result<Answer, Miss> {
        let other = self.entry(session).await?;
        if let Some(other) = other.filter(|entry| entry.token != ask.token) {
            return Ok(other.refusal()); // no lease is needed to wait
        }
        let lease = lease_of(&ask.token);
        let ttl = match extend(session, lease).await? {
            Some(ttl) => ttl,
            None => grant(session, lease, ask.ttl).await?,
        };
        let reply = told(session, "kv/txn", &self.campaign(ask, lease)).await?;
        if reply.get("succeeded").and_then(Value::as_bool) == Some(true) {
            let epoch = number(reply.get("header").unwrap_or(&Value::Null), "revision");
            return Ok(Answer::Granted {
                ttl,
                epoch: epoch.unsigned_abs(),
            });
        }
        let found = reply.pointer("/responses/0/response_range");
        let entry = found.and_then(entry).ok_or_else(invalid)?;
        Ok(match entry.epoch(&ask.token) {
            Some(epoch) => Answer::Granted { ttl, epoch },
            None => entry.refusal(),
        })
    }

    /// Returns the transaction that puts the key unless it is there.
    fn campaign(&self, ask: &Ask, lease: i64) -> Value {
        let key = &self.key;
        json!({
            "compare": [{ "key": key, "target": "CREATE", "result": "EQUAL", "create_revision": "0" }],
            "success": [{ "request_put": {
                "key": key, "value": STANDARD.encode(&ask.token), "lease": lease.to_string(),
            } }],
            "failure": [{ "request_range": { "key": key } }],
        })
    }

    /// Extends the lease first, then looks at the key: what is granted counts from the send, and the
    /// key was there after it.
    async fn renew(&self, session: &mut EtcdSession, ask: &Ask) -> Result<Answer, Miss> {
        let Some(ttl) = extend(session, lease_of(&ask.token)).await? else {
            return Ok(Answer::Refused(Refusal::Expired, None));
        };
        let Some(entry) = self.entry(session).await? else {
            return Ok(Answer::Refused(Refusal::Expired, None)); // somebody deleted it
        };
        Ok(match entry.epoch(&ask.token) {
            Some(epoch) => Answer::Granted { ttl, epoch },
            None => entry.refusal(),
        })
    }

    async fn entry(&self, session: &mut EtcdSession) -> Result<Option<Entry>, Miss> {
        let reply = told(session, "kv/range", &json!({ "key": self.key })).await?;
        Ok(entry(&reply))
    }
}

impl Store for EtcdStore {
    type Session = EtcdSession;

    async fn open(&self, place: &Place) -> Result<EtcdSession, Miss> {
        let (stream, _) = place.connect_any().await?;
        self.client.begin(stream).await
    }

    async fn ask(&self, session: &mut EtcdSession, ask: &Ask) -> Result<Answer, Miss> {
        match ask.action {
            Action::Acquire => self.acquire(session, ask).await,
            Action::Renew => self.renew(session, ask).await,
            Action::Release => release(session, lease_of(&ask.token)).await,
        }
    }
}

/// Revokes the lease, which takes the key along.
async fn release(session: &mut EtcdSession, lease: i64) -> Result<Answer, Miss> {
    let request = json!({ "ID": lease.to_string() });
    match session.call("lease/revoke", &request).await? {
        Ok(_) => Ok(Answer::Released),
        Err(refused) if refused.is_not_found() => Ok(Answer::Released),
        Err(refused) => Err(refused.into_miss(None)),
    }
}

async fn grant(session: &mut EtcdSession, lease: i64, ttl: Duration) -> Result<Duration, Miss> {
    let seconds = ttl.as_secs().to_string();
    let request = json!({ "ID": lease.to_string(), "TTL": seconds });
    let reply = told(session, "lease/grant", &request).await?;
    granted(&reply).ok_or_else(invalid)
}

/// Extends the lease by what it was granted; returns that, or `None` if etcd does not know it.
async fn extend(session: &mut EtcdSession, lease: i64) -> Result<Option<Duration>, Miss> {
    let request = json!({ "ID": lease.to_string() });
    let reply = told(session, "lease/keepalive", &request).await?;
    Ok(granted(reply.get("result").unwrap_or(&reply)))
}

async fn told(session: &mut EtcdSession, name: &str, request: &Value) -> Result<Value, Miss> {
    let reply = session.call(name, request).await?;
    reply.map_err(|refused| refused.into_miss(None))
}

/// Returns the name of the lease of a holding: a positive number that no other holding has.
fn lease_of(token: &str) -> i64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    i64::try_from(hasher.finish() >> 1)
        .unwrap_or(i64::MAX)
        .max(1)
}

fn granted(reply: &Value) -> Option<Duration> {
    let seconds = u64::try_from(number(reply, "TTL")).unwrap_or(0);
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// Returns the key in the reply to a range, if there is one.
fn entry(reply: &Value) -> Option<Entry> {
    let key = reply.get("kvs")?.get(0)?;
    let token = key.get("value").and_then(Value::as_str).unwrap_or_default();
    let token = STANDARD.decode(token).ok()?;
    Some(Entry {
        token: String::from_utf8_lossy(&token).into_owned(),
        lease: number(key, "lease"),
        created: number(key, "create_revision").unsigned_abs(),
        modified: number(key, "mod_revision").unsigned_abs(),
    })
}

/// Returns a number of 64 bits, which JSON has as a text, and which is left out where it is zero.
fn number(value: &Value, name: &str) -> i64 {
    let text = value.get(name).and_then(Value::as_str);
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn invalid() -> Miss {
    ProbeError::Failed(Failure::InvalidReply).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_ours_by_token_lease_and_revision() {
        let key = |token: &str, modified: u64| {
            json!({ "kvs": [{
                "value": STANDARD.encode(token), "lease": lease_of("me").to_string(),
                "create_revision": "7", "mod_revision": modified.to_string(),
            }] })
        };
        let epoch = |reply: &Value| entry(reply).unwrap().epoch("me");
        assert_eq!(epoch(&key("me", 7)), Some(7));
        assert_eq!(epoch(&key("me", 8)), None, "it was written again");
        assert_eq!(epoch(&key("you", 7)), None);
        assert_eq!(entry(&json!({ "count": "0" })), None);
    }

    #[test]
    fn a_lease_that_etcd_does_not_know_has_no_ttl() {
        assert_eq!(granted(&json!({ "ID": "1" })), None);
        assert_eq!(granted(&json!({ "TTL": "-1" })), None);
        let ttl = Duration::from_secs(10);
        assert_eq!(granted(&json!({ "TTL": "10" })), Some(ttl));
    }

    #[test]
    fn each_holding_has_a_lease_of_its_own() {
        assert_eq!(lease_of("a/1"), lease_of("a/1"));
        assert_ne!(lease_of("a/1"), lease_of("a/2"));
    }
}
