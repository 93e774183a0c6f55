//! A name, and what is known of its addresses. It is looked up again when its records expire and
//! after failures, beside the probes; until then the known addresses are used.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::link::Miss;
use super::resolve::{Records, Source};

/// The shortest time from the end of a lookup to the next one.
const LOOKUP_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Name {
    host: String,
    source: Source,
    known: Arc<watch::Sender<Known>>,
    /// The lookup that runs, or the last one. It ends with the name.
    lookup: Mutex<Option<AbortOnDropHandle<()>>>,
}

/// What is known of a name.
#[derive(Debug)]
struct Known {
    addresses: Vec<IpAddr>,
    expire: Instant,
    /// Whether the latest connection to these addresses has failed or is not yet established.
    doubtful: bool,
    is_looked_up: bool,
    /// When the last lookup ended, if there was one.
    ended: Option<Instant>,
    /// Why the last lookup found nothing.
    failure: Option<String>,
}

impl Name {
    pub(super) fn new(host: &str, source: Source) -> Self {
        let known = Known {
            addresses: Vec::new(),
            expire: Instant::now(),
            doubtful: false,
            is_looked_up: false,
            ended: None,
            failure: None,
        };
        Self {
            host: host.into(),
            source,
            known: Arc::new(watch::Sender::new(known)),
            lookup: Mutex::default(),
        }
    }

    /// Returns the known addresses, and has them looked up if that is due. It never waits: a lookup
    /// that takes long would make a probe overdue that was not sent.
    ///
    /// # Errors
    /// No address is known, or not yet.
    pub(super) fn addresses(&self) -> Result<Vec<IpAddr>, Miss> {
        self.refresh();
        let known = self.known.borrow();
        if known.addresses.is_empty() {
            let why = known.failure.as_deref().unwrap_or("it is being looked up");
            return Err(Miss::Unsent(format!("no address for {}: {why}", self.host)));
        }
        Ok(known.addresses.clone())
    }

    /// Waits until an address is known, or the lookup that runs has ended without one.
    pub(super) async fn looked_up(&self) {
        self.refresh();
        let mut known = self.known.subscribe();
        let is_over = |known: &Known| !known.addresses.is_empty() || !known.is_looked_up;
        let _ = known.wait_for(is_over).await; // the sender lives as long as `self`
    }

    pub(super) fn is_known(&self) -> bool {
        !self.known.borrow().addresses.is_empty()
    }

    /// Says whether the addresses are in doubt, so that the next use has them looked up.
    pub(super) fn doubt(&self, doubtful: bool) {
        self.known.send_if_modified(|known| {
            known.doubtful = doubtful;
            false // nobody waits for this
        });
    }

    /// Returns whether the name is known to have moved away from `address`.
    pub(super) fn has_left(&self, address: IpAddr) -> bool {
        self.refresh();
        let known = self.known.borrow();
        !known.addresses.is_empty() && !known.addresses.contains(&address)
    }

    /// Starts a lookup if one is due and none runs.
    fn refresh(&self) {
        let now = Instant::now();
        let is_due = self.known.send_if_modified(|known| {
            let is_due = known.is_due(now);
            known.is_looked_up |= is_due;
            is_due
        });
        if !is_due {
            return;
        }
        let (host, source) = (self.host.clone(), self.source.clone());
        let known = Arc::clone(&self.known);
        let lookup = tokio::spawn(async move {
            let found = source.look_up(&host).await;
            known.send_modify(|known| known.learn(found));
        });
        let mut running = self.lookup.lock().unwrap_or_else(PoisonError::into_inner);
        *running = Some(AbortOnDropHandle::new(lookup));
    }
}

impl Known {
    fn is_due(&self, now: Instant) -> bool {
        let is_wanted = self.doubtful || self.expire <= now;
        let has_rested = self.ended.is_none_or(|ended| ended + LOOKUP_EVERY <= now);
        is_wanted && has_rested && !self.is_looked_up
    }

    /// Takes what a lookup found. One that fails is no evidence against the peer: the known
    /// addresses stay.
    fn learn(&mut self, found: Result<Records, String>) {
        self.is_looked_up = false;
        self.ended = Some(Instant::now());
        match found {
            Ok(records) => {
                self.addresses = records.addresses;
                self.expire = records.expire;
                self.failure = None;
            }
            Err(why) => self.failure = Some(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

    use tokio::net::UdpSocket;
    use tokio::time::{sleep, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A name server that gives every name one address, 127.0.0.N. With N = 0 it is silent.
    #[derive(Clone, Debug, Default)]
    struct Server {
        last: Arc<AtomicU8>,
        asked: Arc<AtomicUsize>,
    }

    impl Server {
        async fn start(&self, ttl: u8) -> Source {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let address = socket.local_addr().unwrap();
            let server = self.clone();
            tokio::spawn(async move { server.serve(socket, ttl).await });
            Source::Server(address)
        }

        async fn serve(&self, socket: UdpSocket, ttl: u8) {
            let mut query = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut query).await {
                self.asked.fetch_add(1, Ordering::Relaxed);
                let last = self.last.load(Ordering::Relaxed);
                if last > 0 {
                    let reply = reply(&query[..length], last, ttl);
                    socket.send_to(&reply, from).await.unwrap();
                }
            }
        }
    }

    /// Answers a query for an address; one for an IPv6 address finds none (RFC 1035, 4.1).
    fn reply(query: &[u8], last: u8, ttl: u8) -> Vec<u8> {
        let end = 12 + query[12..].iter().position(|&byte| byte == 0).unwrap() + 5;
        let is_ipv4 = query[end - 3] == 1;
        let head = [
            &query[..2],
            &[0x81, 0x80, 0, 1, 0, u8::from(is_ipv4), 0, 0, 0, 0],
        ]
        .concat();
        let record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, ttl, 0, 4, 127, 0, 0, last];
        let record = if is_ipv4 { &record[..] } else { &[] };
        [&head, &query[12..end], record].concat()
    }

    fn at(last: u8) -> Vec<IpAddr> {
        vec![Ipv4Addr::new(127, 0, 0, last).into()]
    }

    /// Waits for the first lookup as a link does, and uses the name.
    async fn first(name: &Name) -> Result<Vec<IpAddr>, Miss> {
        name.looked_up().await;
        name.addresses()
    }

    /// Uses the name until it has `addresses`.
    async fn until(name: &Name, addresses: &[IpAddr]) {
        let moved = async {
            while name.addresses().unwrap() != addresses {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(10 * SECOND, moved).await.unwrap();
    }

    #[tokio::test]
    async fn a_name_that_moves_is_followed_when_its_record_expires() {
        let server = Server::default();
        server.last.store(2, Ordering::Relaxed);
        let name = Name::new("moving.test", server.start(1).await);
        assert_eq!(first(&name).await, Ok(at(2)));
        assert!(!name.has_left(at(2)[0]));
        server.last.store(3, Ordering::Relaxed);
        until(&name, &at(3)).await;
        assert!(name.has_left(at(2)[0]));
    }

    #[tokio::test]
    async fn a_failure_has_a_name_looked_up_though_its_record_is_good() {
        let server = Server::default();
        server.last.store(2, Ordering::Relaxed);
        let name = Name::new("moving.test", server.start(200).await);
        assert_eq!(first(&name).await, Ok(at(2)));
        server.last.store(3, Ordering::Relaxed);
        for _ in 0..10 {
            assert_eq!(name.addresses(), Ok(at(2)));
        }
        assert!(server.asked.load(Ordering::Relaxed) <= 4, "it asked again");
        name.doubt(true);
        until(&name, &at(3)).await;
    }

    #[tokio::test]
    async fn known_addresses_are_used_while_the_resolver_is_silent() {
        let server = Server::default();
        server.last.store(2, Ordering::Relaxed);
        let name = Name::new("silent.test", server.start(200).await);
        assert_eq!(first(&name).await, Ok(at(2)));
        server.last.store(0, Ordering::Relaxed);
        name.doubt(true);
        sleep(LOOKUP_EVERY).await;
        for _ in 0..100 {
            assert_eq!(name.addresses(), Ok(at(2)));
        }
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_told_and_asked_again() {
        let server = Server::default();
        let source = server.start(1).await;
        let Source::Server(address) = source else {
            return;
        };
        let name = Name::new("nowhere.test", Source::Server(address));
        let waiting = timeout(SECOND / 5, name.looked_up()).await;
        assert!(waiting.is_err(), "nobody has answered yet");
        let told = name.addresses().unwrap_err();
        let words = told.note().unwrap_or_default();
        assert_eq!(words, "no address for nowhere.test: it is being looked up");
        let refused = Name::new(
            "x..test",
            Source::Server(SocketAddr::from(([127, 0, 0, 1], 1))),
        );
        assert!(matches!(first(&refused).await, Err(Miss::Unsent(_))));
    }
}
