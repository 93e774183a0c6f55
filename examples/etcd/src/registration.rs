//! A key in etcd that lives as long as its owner: under a lease that a heart keeps alive.

use std::sync::Arc;
use std::time::Duration;

use etcd_client::{Client, ConnectOptions, Error, KeyValue, PutOptions};
use systole::pacing::{Fluctuation, Lifetime};
use systole::task::{Builder, Heart, StopOutcome};
use systole::{Config, ConfigError, Failure, ProbeError};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tonic::Code;

/// How long the farewell may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// A key that is in etcd while this is: registered by the first beat of a heart, kept by the next ones, registered anew where its lease has
/// lapsed, and gone with the lease at the stop.
#[derive(Debug)]
pub struct Registration {
    heart: Heart<Lifetime<Fluctuation>>,
    tenure: watch::Receiver<Option<Tenure>>,
}

/// What is held while a lease is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// The lease.
    pub lease: i64,
    /// The revision at which the key was put under it. No other registration of the key, ours included, has the same; it is another one
    /// where the key had to be put back.
    pub epoch: i64,
    /// Until when etcd keeps it, at the least: counted from when the last renewal that was answered was sent. Our clock stands still
    /// while the machine is suspended, so what must never happen twice is to be written in a transaction on the key and its epoch.
    pub until: Instant,
}

/// How often a lease is renewed that is to outlive stalls of etcd shorter than `ttl`: by the fluctuation rule from a fifth of `ttl` on, and
/// every third of it at the latest. The verdict is `Dead` after a `ttl` without an answer.
///
/// # Errors
/// Where `ttl` is a few microseconds, or above 12.7 days.
pub fn pace(ttl: Duration) -> Result<Config<Lifetime<Fluctuation>>, ConfigError> {
    let rule = *Config::every(ttl / 5).build()?.policy();
    let policy = Lifetime::at_most(rule, ttl / 3);
    Config::with_policy(policy, ttl / 10, ttl / 3)
        .detect_within(ttl)
        .without_initial_delay()
        .build()
}

/// What etcd is asked for: a lease is up to a third older than its last renewal when a stall of `ttl` begins, and the first renewal after it
/// takes a moment. In whole seconds, which etcd counts in.
fn granted(ttl: Duration) -> i64 {
    let least = ttl + ttl / 3 + Duration::from_millis(500);
    i64::try_from(least.as_secs() + 1).unwrap_or(i64::MAX)
}

impl Registration {
    /// Keeps `key` at `value` in the etcd at `endpoint`. Does not wait for etcd, which may come up later.
    ///
    /// It outlives stalls of etcd shorter than `ttl`. The last renewal may be a third of that old when one begins, and so the lease is asked for
    /// `ttl`, a third of it and half a second, rounded up to the next whole second; that is how long the key stays where its owner is gone.
    ///
    /// # Errors
    /// What [`pace`] refuses, or an endpoint that is no address.
    pub async fn start(
        endpoint: &str,
        key: &str,
        value: &str,
        ttl: Duration,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let config = pace(ttl)?;
        let (told, tenure) = watch::channel(None);
        let owner = Arc::new(Owner {
            client: connect(endpoint, ttl).await?,
            key: key.to_owned(),
            value: value.to_owned(),
            ttl: granted(ttl),
            tenure: told,
            registering: Mutex::new(()),
        });
        let last = Arc::clone(&owner);
        let heart = Builder::new(config)
            .on_stop(FAREWELL, move || last.revoke())
            .spawn(move || Arc::clone(&owner).beat());
        Ok(Self { heart, tenure })
    }

    /// What is held now: nothing before the first registration, and nothing once the lease may have lapsed by our clock.
    #[must_use]
    pub fn tenure(&self) -> Option<Tenure> {
        let held = *self.tenure.borrow();
        held.filter(|tenure| Instant::now() < tenure.until)
    }

    /// The tenure as it is renewed, lost and won again; whether it has run out meanwhile is for the reader to see.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Option<Tenure>> {
        self.tenure.clone()
    }

    /// The heart, which knows whether etcd is alive.
    pub const fn heart(&self) -> &Heart<Lifetime<Fluctuation>> {
        &self.heart
    }

    /// Revokes the lease, which takes the key with it.
    pub async fn stop(self) -> StopOutcome {
        self.heart.stop().await
    }
}

/// A client whose connection is given up, and made again, where the host has vanished.
pub(crate) async fn connect(endpoint: &str, ttl: Duration) -> Result<Client, Error> {
    let options = ConnectOptions::new()
        .with_connect_timeout(ttl / 3)
        .with_keep_alive(ttl / 3, ttl)
        .with_keep_alive_while_idle(true);
    Client::connect([endpoint], Some(options)).await
}

/// What a renewal found.
enum Kept {
    /// The lease, and the key as it was put under it.
    All,
    /// The lease; the key was deleted or overwritten.
    Lease(Tenure),
    /// Nothing: the lease has lapsed, or there was none.
    Nothing,
}

/// What the probes share.
struct Owner {
    client: Client,
    key: String,
    value: String,
    ttl: i64,
    tenure: watch::Sender<Option<Tenure>>,
    registering: Mutex<()>,
}

impl Owner {
    /// One beat: a renewal where there is a lease, a registration where there is none any more, and the key put back where somebody
    /// deleted or overwrote it while its lease lived.
    async fn beat(self: Arc<Self>) -> Result<(), ProbeError> {
        let held = *self.tenure.borrow();
        let kept = match held {
            Some(tenure) => self.renew(tenure).await,
            None => Ok(Kept::Nothing),
        };
        let done = match kept {
            Ok(Kept::All) => Ok(()),
            Ok(Kept::Lease(tenure)) => self.put_back(tenure).await,
            Ok(Kept::Nothing) => self.register(held).await,
            Err(error) => Err(error),
        };
        done.map_err(|error| fault(&error))
    }

    /// Renews the lease, and looks whether the key is still ours: put under that lease, at that epoch.
    ///
    /// A stream of its own for each renewal, so that no answer is taken for another's.
    async fn renew(&self, tenure: Tenure) -> Result<Kept, Error> {
        let until = self.granted_until();
        match self.client.lease_client().keep_alive(tenure.lease).await {
            Ok(_) => self.extend(tenure.lease, until),
            Err(Error::LeaseKeepAliveError(_)) => return Ok(Kept::Nothing),
            Err(error) => return Err(error),
        }
        let found = self.client.kv_client().get(&*self.key, None).await?;
        let ours =
            |key: &KeyValue| (key.lease(), key.mod_revision()) == (tenure.lease, tenure.epoch);
        Ok(if found.kvs().iter().any(ours) {
            Kept::All
        } else {
            Kept::Lease(tenure)
        })
    }

    /// Answers may overtake each other.
    fn extend(&self, lease: i64, until: Instant) {
        self.tenure.send_if_modified(|held| {
            let later = held
                .as_mut()
                .filter(|held| held.lease == lease && held.until < until);
            later.is_some_and(|held| {
                held.until = until;
                true
            })
        });
    }

    /// Puts the key under a new lease, once for all probes that find the lease `lost` gone.
    async fn register(&self, lost: Option<Tenure>) -> Result<(), Error> {
        let _one_at_a_time = self.registering.lock().await;
        let lease_of = |tenure: Option<Tenure>| tenure.map(|tenure| tenure.lease);
        if lease_of(*self.tenure.borrow()) != lease_of(lost) {
            return Ok(());
        }
        self.tenure.send_replace(None);
        let until = self.granted_until();
        let lease = self.client.lease_client().grant(self.ttl, None).await?.id();
        let epoch = self.put(lease).await?;
        self.tenure.send_replace(Some(Tenure {
            lease,
            epoch,
            until,
        }));
        Ok(())
    }

    /// Puts the key again under the lease of `seen`, once for all probes that find it gone: a new epoch.
    async fn put_back(&self, seen: Tenure) -> Result<(), Error> {
        let _one_at_a_time = self.registering.lock().await;
        let ours = |held: &Tenure| (held.lease, held.epoch) == (seen.lease, seen.epoch);
        if !self.tenure.borrow().as_ref().is_some_and(ours) {
            return Ok(());
        }
        let epoch = self.put(seen.lease).await?;
        self.tenure.send_modify(|held| {
            if let Some(held) = held.as_mut().filter(|held| held.lease == seen.lease) {
                held.epoch = epoch;
            }
        });
        Ok(())
    }

    /// Puts the key under `lease`; returns the revision at which that was done.
    async fn put(&self, lease: i64) -> Result<i64, Error> {
        let options = PutOptions::new().with_lease(lease);
        let mut client = self.client.kv_client();
        let put = client.put(&*self.key, &*self.value, Some(options)).await?;
        Ok(put
            .header()
            .map_or(0, etcd_client::ResponseHeader::revision))
    }

    /// When a lease lapses, at the earliest, that is granted or renewed from now on.
    fn granted_until(&self) -> Instant {
        Instant::now() + Duration::from_secs(self.ttl.unsigned_abs())
    }

    async fn revoke(self: Arc<Self>) {
        if let Some(tenure) = self.tenure.send_replace(None) {
            // what cannot be revoked lapses
            let _ = self.client.lease_client().revoke(tenure.lease).await;
        }
    }
}

/// What an error says of etcd.
fn fault(error: &Error) -> ProbeError {
    match error {
        Error::TransportError(_) | Error::IoError(_) => Failure::Unreachable.into(),
        Error::GRpcStatus(status) => match status.code() {
            Code::Unavailable => Failure::Unreachable.into(),
            Code::DeadlineExceeded | Code::Cancelled => ProbeError::Missed,
            _ => Failure::InvalidReply.into(),
        },
        _ => Failure::InvalidReply.into(),
    }
}
