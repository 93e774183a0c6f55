//! Redis servers behind a group, each reached through a path that can be cut, and what may befall them.

use std::sync::Arc;
use std::time::Duration;

use systole::tokio::{Builder, Events, Group};
use systole::{Condition, Endpoint, FailoverConfig, FailoverEvent, Fault};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::StreamExt;

use super::proxy::{Path, Proxy};
use super::redis::{redis, redis_on};
use super::server::{Server, signal};

/// What a request may still be under way when its endpoint is quarantined.
const UNDER_WAY: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    Stop,
    Kill,
    Hole,
    Slow,
}

pub(crate) const BLOWS: [Blow; 4] = [Blow::Stop, Blow::Kill, Blow::Hole, Blow::Slow];

struct Replica {
    port: u16,
    server: Option<Server>,
    path: Proxy,
}

/// `M` servers, a group that keeps one of them active, and a client that sends requests to that one.
pub(crate) struct Replicas<const M: usize> {
    replicas: Vec<Replica>,
    pub(crate) group: Arc<Group<M>>,
    events: Events<FailoverEvent>,
    /// Since when each endpoint is in quarantine.
    quarantined: [Option<Instant>; M],
    client: AbortHandle,
}

impl<const M: usize> Replicas<M> {
    /// All of them healthy; none where Redis is not installed.
    pub(crate) async fn start(config: FailoverConfig) -> Option<Self> {
        let mut replicas = Vec::new();
        for _ in 0..M {
            let server = redis()?;
            let path = Proxy::to(server.port).await;
            replicas.push(Replica {
                port: server.port,
                server: Some(server),
                path,
            });
        }
        let ports: Vec<u16> = replicas.iter().map(|replica| replica.path.port).collect();
        let group = Builder::group(config, &[Endpoint::new(); M]).unwrap();
        let to = ports.clone();
        let group = Arc::new(group.spawn(move |endpoint| ping(to[endpoint])));
        let client = tokio::spawn(requests(group.clone(), ports)).abort_handle();
        let replicas = Self {
            replicas,
            events: group.events(),
            group,
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

    pub(crate) fn condition(&self, endpoint: usize) -> Condition {
        self.group
            .with(|group, _| group.condition(endpoint))
            .unwrap()
    }

    pub(crate) fn strike(&mut self, endpoint: usize, blow: Blow) {
        let replica = &mut self.replicas[endpoint];
        match blow {
            Blow::Stop => signal(replica.server.as_ref().unwrap().pid(), "STOP"),
            Blow::Kill => drop(replica.server.take()),
            Blow::Hole => replica.path.set(Path::Hole),
            Blow::Slow => replica.path.set(Path::Slow(Duration::from_secs(2))),
        }
    }

    pub(crate) fn heal(&mut self, endpoint: usize, blow: Blow) {
        let replica = &mut self.replicas[endpoint];
        match blow {
            Blow::Stop => signal(replica.server.as_ref().unwrap().pid(), "CONT"),
            Blow::Kill => replica.server = redis_on(replica.port),
            Blow::Hole | Blow::Slow => replica.path.set(Path::Open),
        }
        assert!(replica.server.is_some(), "its port is free");
    }

    /// The events of the next `span`, each as it comes checked against the requests that were sent.
    pub(crate) async fn listen(&mut self, span: Duration) -> Vec<FailoverEvent> {
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
    pub(crate) async fn switch(&mut self, patience: Duration) -> (Instant, FailoverEvent) {
        let switch = async {
            while let Some(event) = self.events.next().await {
                self.check(&event);
                if let FailoverEvent::Switched { at, .. } = event {
                    return (self.moment(at), event);
                }
            }
            panic!("it ended")
        };
        timeout(patience, switch).await.expect("a switch")
    }

    fn moment(&self, at: systole::Instant) -> Instant {
        let ago = self.group.with(|_, now| now.saturating_duration_since(at));
        Instant::now() - ago
    }

    /// No request reaches an endpoint between its quarantine and its release.
    fn check(&mut self, event: &FailoverEvent) {
        match *event {
            FailoverEvent::Quarantined { at, endpoint, .. } => {
                self.quarantined[endpoint] = Some(self.moment(at));
                self.replicas[endpoint].path.take_requests();
            }
            FailoverEvent::Released { at, endpoint, .. } => {
                let from = self.quarantined[endpoint].take().unwrap() + UNDER_WAY;
                let quiet = from..self.moment(at);
                let sent = self.replicas[endpoint].path.take_requests();
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
async fn requests<const M: usize>(group: Arc<Group<M>>, ports: Vec<u16>) {
    loop {
        let request = ping(ports[group.active()]);
        let _ = timeout(Duration::from_millis(800), request).await;
        sleep(Duration::from_millis(50)).await;
    }
}

async fn ping(port: u16) -> Result<(), Fault> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"PING\r\n").await?;
    let mut reply = [0; 7];
    stream.read_exact(&mut reply).await?;
    match &reply {
        b"+PONG\r\n" => Ok(()),
        _ => Err(systole::Failure::Garbage.into()),
    }
}
