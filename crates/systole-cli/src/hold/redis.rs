//! Leases in Redis: a key with an expiry, whose value is the token of the holder, and a counter
//! beside it that every acquisition raises.

use std::time::Duration;

use systole::lease::{Action, Refusal};
use systole::{Failure, ProbeError};

use super::store::{Answer, Ask, Store};
use crate::target::{Miss, Place, Protocol, Redis, RedisSession};

/// `SET key token NX PX ttl`, and the epoch by `INCR`. The same token again is the same acquisition,
/// whose answer was lost: it gets the same epoch.
const ACQUIRE: &str = "\
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 'granted ' .. (redis.call('GET', KEYS[2]) or 0)
end
if holder then return 'held ' .. holder end
local epoch = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
return 'granted ' .. epoch";

const RENEW: &str = "\
local holder = redis.call('GET', KEYS[1])
if holder ~= ARGV[1] then return holder and 'held ' .. holder or 'expired' end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 'granted ' .. (redis.call('GET', KEYS[2]) or 0)";

const RELEASE: &str = "\
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 'released'";

pub(super) struct RedisStore {
    client: Redis,
    key: String,
    epoch_key: String,
}

impl RedisStore {
    pub(super) fn new(client: Redis, name: &str) -> Self {
        Self {
            client,
            key: name.into(),
            epoch_key: epoch_key(name),
        }
    }
}

/// Returns the key of the counter, which is in the same slot of a cluster.
fn epoch_key(name: &str) -> String {
    let tag = name
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'));
    match tag {
        Some((tag, _)) if !tag.is_empty() => format!("{name}:epoch"),
        _ => format!("{{{name}}}:epoch"),
    }
}

impl Store for RedisStore {
    type Session = RedisSession;

    async fn open(&self, place: &Place) -> Result<RedisSession, Miss> {
        let (stream, _) = place.connect_any().await?;
        self.client.begin(stream, place.host()).await
    }

    async fn ask(&self, session: &mut RedisSession, ask: &Ask) -> Result<Answer, Miss> {
        let script = match ask.action {
            Action::Acquire => ACQUIRE,
            Action::Renew => RENEW,
            Action::Release => RELEASE,
        };
        let ttl_ms = ask.ttl.as_millis();
        let (key, epoch_key) = (&*self.key, &*self.epoch_key);
        let words = [
            "EVAL",
            script,
            "2",
            key,
            epoch_key,
            &ask.token,
            &ttl_ms.to_string(),
        ];
        let reply = session.call(&words).await?;
        let ttl = Duration::from_millis(u64::try_from(ttl_ms).unwrap_or(u64::MAX));
        let answer = read(&String::from_utf8_lossy(&reply), ttl);
        answer.ok_or_else(|| ProbeError::Failed(Failure::InvalidReply).into())
    }
}

/// Reads what a script returned.
fn read(reply: &str, ttl: Duration) -> Option<Answer> {
    let (kind, rest) = reply.split_once(' ').unwrap_or((reply, ""));
    Some(match kind {
        "granted" => Answer::Granted {
            ttl,
            epoch: rest.parse().ok()?,
        },
        "held" => Answer::Refused(Refusal::HeldByAnother, Some(rest.into())),
        "expired" => Answer::Refused(Refusal::Expired, None),
        "released" => Answer::Released,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_in_the_slot_of_the_key() {
        assert_eq!(epoch_key("a"), "{a}:epoch");
        assert_eq!(epoch_key("x{a}y"), "x{a}y:epoch");
    }

    #[test]
    fn what_scripts_return_is_read() {
        let ttl = Duration::from_secs(1);
        assert_eq!(
            read("granted 7", ttl),
            Some(Answer::Granted { ttl, epoch: 7 })
        );
        let held = Answer::Refused(Refusal::HeldByAnother, Some("a b".into()));
        assert_eq!(read("held a b", ttl), Some(held));
        for reply in ["", "granted", "granted -1", "OK"] {
            assert_eq!(read(reply, ttl), None, "{reply}");
        }
    }
}
