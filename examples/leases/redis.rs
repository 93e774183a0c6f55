//! A lease in Redis: the work runs only while this process holds it.
//!
//! `cargo run --features tokio --example lease_redis -- redis://127.0.0.1:6379 name`
//!
//! Each step is one script, which Redis runs atomically. The token tells holders apart, and the
//! epoch is counted beside the key, by the script that acquires.

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, cmd};
use systole::lease::{Action, Answer, Config, Refusal, Request};
use systole::task::Lease;
use tokio::sync::Mutex;

/// Repeated with the same token, it renews: the answer to the first one may have been lost.
const ACQUIRE: &str = "
    if redis.call('GET', KEYS[1]) == ARGV[1] then
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return tonumber(redis.call('GET', KEYS[2]))
    end
    if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
        return redis.call('INCR', KEYS[2])
    end
    return -1";
const RENEW: &str = "
    local holder = redis.call('GET', KEYS[1])
    if holder == ARGV[1] then
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return tonumber(redis.call('GET', KEYS[2]))
    end
    return holder and -1 or -2";
const RELEASE: &str = "
    if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
    return 0";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next();
    let server = server.as_deref().unwrap_or("redis://127.0.0.1:6379");
    let name = arguments.next();
    let server = Server::new(server, name.as_deref().unwrap_or("leader"))?;
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
    client: Client,
    name: Arc<str>,
    /// What no other process has.
    process: u64,
    /// The connection that replied last. A request takes it out and puts it back after a reply, so
    /// one that does not reply is not used again.
    kept: Arc<Mutex<Option<MultiplexedConnection>>>,
}

impl Server {
    pub(crate) fn new(server: &str, name: &str) -> Result<Self, RedisError> {
        Ok(Self {
            client: Client::open(server)?,
            name: name.into(),
            process: RandomState::new().hash_one(std::process::id()),
            kept: Arc::default(),
        })
    }

    pub(crate) fn lease(&self, config: Config) -> Lease {
        let server = self.clone();
        Lease::spawn(config, move |request| server.clone().ask(request))
    }

    pub(crate) async fn ask(self, request: Request) -> Result<Answer, RedisError> {
        let script = match request.action {
            Action::Acquire => ACQUIRE,
            Action::Renew => RENEW,
            Action::Release => RELEASE,
        };
        // The server counts whole milliseconds.
        let ttl = Duration::from_millis(request.ttl.as_millis().try_into().unwrap_or(u64::MAX));
        let mut connection = self.connection().await?;
        let epoch: i64 = cmd("EVAL")
            .arg(script)
            .arg(2)
            .arg(format!("lease:{}", self.name))
            .arg(format!("lease:{}:epoch", self.name))
            .arg(format!("{}/{}", self.process, request.holding))
            .arg(ttl.as_millis().to_string())
            .query_async(&mut connection)
            .await?;
        *self.kept.lock().await = Some(connection);
        Ok(match (request.action, u64::try_from(epoch)) {
            (Action::Release, _) => Answer::Released,
            (_, Ok(epoch)) => Answer::Granted { ttl, epoch },
            _ if epoch == -2 => Answer::Refused(Refusal::Expired),
            _ => Answer::Refused(Refusal::HeldByAnother),
        })
    }

    /// Returns a connection without time-outs of its own: the lease repeats what gets no answer.
    async fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        if let Some(kept) = self.kept.lock().await.take() {
            return Ok(kept);
        }
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_connection_timeout(None);
        self.client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }
}
