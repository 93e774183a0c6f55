//! Redis servers behind a group, each reached through a path that can be cut, and what may befall them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use systole::task::{Builder, Events, Group};
use systole::{
    Event, ProbeError,
    failover::{self, Condition, Endpoint, Failback},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::StreamExt;

use crate::servers::process::Server;
use crate::servers::proxy::{Path, Proxy};
use crate::servers::redis::{redis, redis_on};
use crate::servers::signal::signal;

/// For how long a failed endpoint is not chosen, at first.
pub const QUARANTINE: Duration = Duration::from_secs(2);
/// The least time between two switches.
pub const HOLD_DOWN: Duration = Duration::from_secs(1);
/// A probe and the quarantine of its endpoint may fall due in one poll.
const ONE_POLL: Duration = Duration::from_millis(50);

/// The classic form, less patient.
pub fn impatient() -> failover::Config {
    failover::Config::builder()
        .failback(Failback::Prefer)
        .quarantine(QUARANTINE, 2 * QUARANTINE)
        .hold_down(HOLD_DOWN)
        .build()
        .unwrap()
}

/// What may befall a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// It hangs.
    Stop,
    /// It is gone, with its socket.
    Kill,
    /// Nothing passes on its path.
    Hole,
    /// Its replies take longer.
    Slow,
}

/// When requests and probes were sent to each endpoint. One thread sends them and runs the group, so their order is exact.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<HashMap<usize, Vec<Instant>>>>);

impl Sent {
    fn note(&self, endpoint: usize) {
        let mut sent = self.0.lock().unwrap();
        sent.entry(endpoint).or_default().push(Instant::now());
    }

    fn take(&self, endpoint: usize) -> Vec<Instant> {
        self.0.lock().unwrap().remove(&endpoint).unwrap_or_default()
    }
}

struct Replica {
    port: u16,
    server: Option<Server>,
    path: Proxy,
}

/// `M` servers, a group that keeps one of them active, and a client that sends requests to that one.
pub struct Replicas<const M: usize> {
    servers: Vec<Replica>,
    /// The group under test.
    pub group: Arc<Group<M>>,
    events: Events<Event<failover::EventKind>>,
    sent: Sent,
    /// Since when each endpoint is in quarantine.
    quarantined: [Option<Instant>; M],
    client: AbortHandle,
}

impl<const M: usize> Replicas<M> {
    /// All of them healthy; none where Redis is not installed.
    pub async fn start(config: failover::Config) -> Option<Self> {
        let mut servers = Vec::new();
        for _ in 0..M {
            let server = redis()?;
            let path = Proxy::to(server.port).await;
            servers.push(Replica {
                port: server.port,
                server: Some(server),
                path,
            });
        }
        let ports: Vec<u16> = servers.iter().map(|replica| replica.path.port).collect();
        let group = Builder::group(config, &[Endpoint::new(); M]).unwrap();
        let to = ports.clone();
        let sent = Sent::default();
        let probes = sent.clone();
        let group = Arc::new(group.spawn(move |endpoint| {
            probes.note(endpoint);
            ping(to[endpoint])
        }));
        let client = tokio::spawn(requests(group.clone(), ports, sent.clone())).abort_handle();
        let replicas = Self {
            servers,
            events: group.events(),
            group,
            sent,
            quarantined: [None; M],
            client,
        };
        replicas.until_healthy().await;
        Some(replicas)
    }

    async fn until_healthy(&self) {
        let all = || (0..M).all(|endpoint| self.condition(endpoint) == Condition::Healthy);
        let healthy = async {
            while !all() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(30), healthy).await.unwrap();
    }

    /// What the group says of an endpoint.
    pub fn condition(&self, endpoint: usize) -> Condition {
        self.group
            .with(|group, _| group.condition(endpoint))
            .unwrap()
    }

    /// Lets something befall an endpoint.
    pub fn strike(&mut self, endpoint: usize, blow: Blow) {
        let replica = &mut self.servers[endpoint];
        match blow {
            Blow::Stop => signal(replica.server.as_ref().unwrap().pid(), "STOP"),
            Blow::Kill => drop(replica.server.take()),
            Blow::Hole => replica.path.set(Path::Hole),
            Blow::Slow => replica.path.set(Path::Slow(Duration::from_secs(2))),
        }
    }

    /// Takes it back.
    pub fn heal(&mut self, endpoint: usize, blow: Blow) {
        let replica = &mut self.servers[endpoint];
        match blow {
            Blow::Stop => signal(replica.server.as_ref().unwrap().pid(), "CONT"),
            Blow::Kill => replica.server = redis_on(replica.port),
            Blow::Hole | Blow::Slow => replica.path.set(Path::Open),
        }
        assert!(replica.server.is_some(), "its port is free");
    }

    /// The events of the next `span`, each as it comes checked against the requests that were sent.
    pub async fn listen(&mut self, span: Duration) -> Vec<Event<failover::EventKind>> {
        let mut seen = Vec::new();
        let _ = timeout(span, async {
            while let Some(event) = self.events.next().await {
                seen.push(event);
                self.check(&event);
            }
        })
        .await;
        seen
    }

    /// The next switch, within `patience`: when, from where, and to where.
    pub async fn switch(&mut self, patience: Duration) -> (Instant, Event<failover::EventKind>) {
        let switch = async {
            while let Some(event) = self.events.next().await {
                self.check(&event);
                if let failover::EventKind::Switched { .. } = event.kind {
                    return (self.moment(event.at), event);
                }
            }
            panic!("it ended")
        };
        timeout(patience, switch).await.expect("a switch")
    }

    fn moment(&self, at: systole::Instant) -> Instant {
        self.between(at).end
    }

    /// When `at` was: the two clocks are not read at once, and the task may be interrupted in between.
    fn between(&self, at: systole::Instant) -> std::ops::Range<Instant> {
        let before = Instant::now();
        let ago = self.group.with(|_, now| now.saturating_duration_since(at));
        before - ago..Instant::now() - ago
    }

    /// No request reaches an endpoint between its quarantine and its release.
    fn check(&mut self, event: &Event<failover::EventKind>) {
        match event.kind {
            failover::EventKind::Quarantined { endpoint, .. } => {
                self.quarantined[endpoint] = Some(self.moment(event.at));
            }
            failover::EventKind::Released { endpoint } => {
                let from = self.quarantined[endpoint].take().unwrap() + ONE_POLL;
                let quiet = from..self.between(event.at).start;
                let sent = self.sent.take(endpoint);
                let sent = sent.iter().find(|sent| quiet.contains(sent));
                assert_eq!(sent, None, "sent to {endpoint} in {quiet:?}");
            }
            _ => {}
        }
    }
}

impl<const M: usize> Drop for Replicas<M> {
    fn drop(&mut self) {
        self.client.abort();
    }
}

/// Asks the active endpoint 20 times a second, and waits for no answer longer than a request may take.
async fn requests<const M: usize>(group: Arc<Group<M>>, ports: Vec<u16>, sent: Sent) {
    loop {
        let endpoint = group.active();
        sent.note(endpoint);
        let _ = timeout(Duration::from_millis(800), ping(ports[endpoint])).await;
        sleep(Duration::from_millis(50)).await;
    }
}

async fn ping(port: u16) -> Result<(), ProbeError> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"PING\r\n").await?;
    let mut reply = [0; 7];
    stream.read_exact(&mut reply).await?;
    match &reply {
        b"+PONG\r\n" => Ok(()),
        _ => Err(systole::Failure::InvalidReply.into()),
    }
}
