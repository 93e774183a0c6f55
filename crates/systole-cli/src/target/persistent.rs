//! Probes over a connection that is kept. The timeout of a probe includes the set-up of a
//! connection, the round trip does not.
//!
//! A target has at most two connections, including those that are being set up: one for the probe
//! that waits for its reply, and one more for a retry or a renewal. A probe that finds none to use
//! waits for a set-up that is under way; it starts another one only if that takes longer than it
//! usually does.

mod pool;
mod setup_time;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use systole::{Failure, ProbeError};
use tokio::select;
use tokio::sync::{Mutex as Turn, OwnedSemaphorePermit};
use tokio::time::{Instant, sleep, timeout};

use self::pool::Pool;
use super::descriptors;
use super::expiry::Expiry;
use super::link::{Answer, Herald, Link, Miss, Request};
use super::place::Place;
use super::stream::Stream;

/// The age from which a connection is renewed: a server whose accept queue is full still replies on
/// old connections.
const RENEW_AFTER: Duration = Duration::from_secs(30);

/// The longest time from the first byte of a reply to its end, after which a connection is not kept:
/// the next probe may need its place.
const FINISH_MAX: Duration = Duration::from_millis(250);

/// How long a peer that sent what nobody asked for is listened to before it is asked again.
const LISTEN_MAX: Duration = Duration::from_millis(250);

/// A protocol with a request that proves life.
pub(crate) trait Protocol: Send + Sync + 'static {
    type Session: Session;

    /// Returns where it is noted when the certificate of the peer expires, if it has one.
    fn expiry(&self) -> Option<Expiry> {
        None
    }

    /// Sets up the connection to `host`, up to the first request.
    fn begin(
        &self,
        stream: Stream,
        host: &str,
    ) -> impl Future<Output = Result<Self::Session, Miss>> + Send;
}

/// A connection over which a peer is probed.
pub(crate) trait Session: Send + 'static {
    /// Sends a request; returns the reply and the time of its arrival.
    fn ask(&mut self) -> impl Future<Output = Result<(Answer, Instant), Miss>> + Send;

    /// Reads the rest of the reply. Returns whether the connection can be used again.
    fn finish(&mut self) -> impl Future<Output = bool> + Send {
        std::future::ready(true)
    }
}

/// How connections to a peer are set up.
#[derive(Debug)]
struct Way<P> {
    protocol: P,
    /// Where the peer may be, in the order in which they are tried.
    places: Vec<Place>,
    /// Whether the peer has sent what nobody asked for, and has not answered since.
    is_wary: AtomicBool,
}

/// A connection that can be used.
struct Kept<S> {
    session: S,
    since: Instant,
    /// The place that it leads to, and its address there.
    place: usize,
    address: Option<SocketAddr>,
    /// One of the connections that the target may have, and one of those of all targets.
    _permits: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

/// The connections of a target.
struct Line<P: Protocol> {
    way: Arc<Way<P>>,
    pool: Arc<Pool<P::Session>>,
    /// Who decides whether another set-up is started: one waiting probe at a time.
    opener: Turn<()>,
    /// Until when the peer is not ready, by its own words.
    busy: Mutex<Option<(Instant, Miss)>>,
}

/// Returns a link that speaks `protocol` with a peer at one of `places`.
pub(super) fn link<P: Protocol>(protocol: P, places: Vec<Place>, news: Herald) -> Link {
    let expiry = protocol.expiry();
    let line = Arc::new(Line::new(protocol, places));
    let probe = move |request, news| Arc::clone(&line).probe(request, news);
    Link::of_tasks(news, probe).with_certificate(expiry)
}

impl<P: Protocol> Line<P> {
    fn new(protocol: P, places: Vec<Place>) -> Self {
        Self {
            way: Arc::new(Way {
                protocol,
                places,
                is_wary: AtomicBool::new(false),
            }),
            pool: Arc::default(),
            opener: Turn::default(),
            busy: Mutex::default(),
        }
    }

    /// Makes one probe.
    async fn probe(self: Arc<Self>, request: Request, news: Herald) {
        let Request {
            id,
            asked,
            reply_window,
        } = request;
        if let Some(miss) = self.busy() {
            return news.settled(id, Err(miss));
        }
        let mut sent = asked;
        match timeout(reply_window, self.exchange(&mut sent, reply_window)).await {
            Ok(Ok((kept, answer, at))) => {
                self.way.is_wary.store(false, Ordering::Relaxed);
                news.settled_at(id, Ok(answer), at.into_std(), sent - asked);
                let _ = timeout(FINISH_MAX, self.keep(kept, reply_window)).await;
            }
            Ok(Err(miss)) => {
                self.note_busy(&miss, reply_window);
                self.note_nonsense(&miss);
                news.settled_at(id, Err(miss), Instant::now().into_std(), sent - asked);
            }
            Err(_) => news.settled(id, Err(ProbeError::Missed.into())),
        }
    }

    /// Sends a request over the kept connection, or over a new one; `sent` is set to the time of
    /// sending.
    async fn exchange(
        &self,
        sent: &mut Instant,
        window: Duration,
    ) -> Result<(Kept<P::Session>, Answer, Instant), Miss> {
        if let Some(mut kept) = self.pool.take() {
            self.renew(&kept, window);
            *sent = Instant::now();
            match kept.session.ask().await {
                Ok((answer, at)) => return Ok((kept, answer, at)),
                // the peer closed the connection while it was idle, which is no evidence
                Err(Miss::ProbeError(ProbeError::Failed(Failure::Reset))) => {}
                Err(miss) => return Err(miss),
            }
        }
        let mut kept = self.fresh(window).await?;
        if let Some(miss) = self.busy() {
            self.pool.give(kept); // another probe, which waited too, was told so meanwhile
            return Err(miss);
        }
        *sent = Instant::now();
        let (answer, at) = kept.session.ask().await?;
        Ok((kept, answer, at))
    }

    /// Waits for a connection, and sees to it that one is set up.
    async fn fresh(&self, window: Duration) -> Result<Kept<P::Session>, Miss> {
        let mut turn = self.pool.queue();
        select! {
            biased;
            got = &mut turn => match got {
                Ok(result) => result,
                Err(_) => Err(ProbeError::Failed(Failure::Reset).into()), // the pool is gone
            },
            never = self.open(window) => never,
        }
    }

    /// Starts set-ups until the caller has a connection, and drops this future.
    async fn open(&self, window: Duration) -> Result<Kept<P::Session>, Miss> {
        let _turn = self.opener.lock().await;
        loop {
            self.pool.until_setup().await;
            let permit = self.pool.permit().await?;
            self.set_up(permit, window);
        }
    }

    /// Starts a set-up beside `kept` if that is old, or leads where the peer is no longer.
    fn renew(&self, kept: &Kept<P::Session>, window: Duration) {
        let is_old = kept.since.elapsed() >= RENEW_AFTER;
        let place = self.way.places.get(kept.place);
        let has_left = || place.is_some_and(|place| place.has_left(kept.address));
        if (is_old || has_left())
            && !self.pool.is_setting_up()
            && let Some(permit) = self.pool.spare_permit()
        {
            self.set_up(permit, window);
        }
    }

    /// Sets up a connection in a task of its own, for at most `window`.
    fn set_up(&self, permit: OwnedSemaphorePermit, window: Duration) {
        let way = Arc::clone(&self.way);
        let pool = Arc::downgrade(&self.pool);
        self.pool.start_setup(|number| {
            tokio::spawn(async move {
                let opened = timeout(window, way.open(window, permit)).await;
                let opened = opened.unwrap_or_else(|_| Err(ProbeError::Missed.into()));
                if let Some(pool) = pool.upgrade() {
                    pool.end_setup(number, opened);
                }
            })
        });
    }

    /// Keeps a connection for the next probe. One whose renewal has not succeeded within a bound is
    /// dropped, so that the next probe shows whether the peer accepts connections.
    async fn keep(&self, mut kept: Kept<P::Session>, window: Duration) {
        let is_usable = kept.since.elapsed() < RENEW_AFTER + window && !descriptors::are_scarce();
        if is_usable && kept.session.finish().await {
            self.pool.give(kept);
        }
    }

    /// Returns what the peer said if it wanted to be left alone until later: it is not asked before.
    fn busy(&self) -> Option<Miss> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if busy
            .as_ref()
            .is_some_and(|(until, _)| *until <= Instant::now())
        {
            *busy = None;
        }
        busy.as_ref().map(|(_, miss)| miss.clone())
    }

    /// Remembers that the peer sent what is no reply, perhaps without being asked.
    fn note_nonsense(&self, miss: &Miss) {
        if miss.fault() == ProbeError::Failed(Failure::InvalidReply) {
            self.way.is_wary.store(true, Ordering::Relaxed);
        }
    }

    /// Remembers how long the peer wants to be left alone, though no longer than `most`.
    fn note_busy(&self, miss: &Miss, most: Duration) {
        if let Miss::Busy { wait, .. } = miss {
            let until = Instant::now() + (*wait).min(most);
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            busy.get_or_insert_with(|| (until, miss.clone()));
        }
    }
}

impl<P: Protocol> Way<P> {
    /// Tries the places in turn, each for its share of `window`. Where one of them could not be
    /// tried, that is told: the peer may be there.
    async fn open(
        &self,
        window: Duration,
        permit: OwnedSemaphorePermit,
    ) -> Result<Kept<P::Session>, Miss> {
        let turn = descriptors::permit().await.map_err(Miss::Unsent)?;
        let since = Instant::now();
        let share = window / u32::try_from(self.places.len()).unwrap_or(1).max(1);
        let mut misses = Vec::new();
        for (index, place) in self.places.iter().enumerate() {
            match timeout(share, self.open_at(place, share)).await {
                Ok(Ok((session, address))) => {
                    return Ok(Kept {
                        session,
                        since,
                        place: index,
                        address,
                        _permits: (permit, turn),
                    });
                }
                Ok(Err(miss)) => misses.push(miss),
                Err(_) => misses.push(ProbeError::Missed.into()),
            }
        }
        let is_unsent = |miss: &Miss| miss.fault() == ProbeError::Unsent;
        let untried = misses.iter().position(is_unsent);
        let told = untried.map(|place| misses.swap_remove(place));
        let told = told.or_else(|| misses.pop());
        Err(told.unwrap_or_else(|| Miss::Unsent("it has no host".into())))
    }

    /// Opens a connection within `share`. A peer that sends what nobody asked for is listened to
    /// before it is asked, so that the session finds it: else it would pass for a reply.
    async fn open_at(
        &self,
        place: &Place,
        share: Duration,
    ) -> Result<(P::Session, Option<SocketAddr>), Miss> {
        let (stream, address) = place.connect_any().await?;
        let session = self.protocol.begin(stream, place.host()).await?;
        if self.is_wary.load(Ordering::Relaxed) {
            sleep(LISTEN_MAX.min(share / 4)).await;
        }
        Ok((session, address))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;
    use tokio::time::advance;

    use super::super::redis::Redis;
    use super::super::{Target, Trust};
    use super::*;

    const WINDOW: Duration = Duration::from_secs(5);

    /// What a server does with each connection.
    #[derive(Clone, Copy)]
    struct Server {
        /// How long it takes until it answers the first request.
        setup: Duration,
        /// How many requests it answers before it closes.
        answers: usize,
    }

    impl Server {
        /// Starts the server; returns a line to it, and the number of connections so far.
        async fn start(self) -> (Line<Slow>, Arc<AtomicUsize>) {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let connections = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&connections);
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    counted.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(async move {
                        for _ in 0..self.answers {
                            let _ = stream.read(&mut [0; 64]).await;
                            let _ = stream.write_all(b"+PONG\r\n").await;
                        }
                    });
                }
            });
            let target: Target = format!("redis://{address}").parse().unwrap();
            let redis = Redis::new(&target, &Trust::default()).unwrap();
            let slow = Slow(redis, self.setup);
            let place = Place::of("127.0.0.1", address.port());
            (Line::new(slow, vec![place]), connections)
        }
    }

    /// Redis with a handshake that takes a while.
    struct Slow(Redis, Duration);

    impl Protocol for Slow {
        type Session = <Redis as Protocol>::Session;

        async fn begin(&self, stream: Stream, host: &str) -> Result<Self::Session, Miss> {
            sleep(self.1).await;
            self.0.begin(stream, host).await
        }
    }

    const QUICK: Server = Server {
        setup: Duration::ZERO,
        answers: usize::MAX,
    };

    /// Sends one probe; returns how long it waited before it was sent, if a reply came.
    async fn ask<P: Protocol>(line: &Line<P>) -> Option<Duration> {
        let asked = Instant::now();
        let mut sent = asked;
        let (kept, ..) = line.exchange(&mut sent, WINDOW).await.ok()?;
        line.keep(kept, WINDOW).await;
        Some(sent - asked)
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_renewed_beside_the_old_one() {
        let setup = Duration::from_millis(1_500);
        let (line, connections) = Server { setup, ..QUICK }.start().await;
        assert!(ask(&line).await.unwrap() >= setup);
        for second in 0..70 {
            let waited = ask(&line).await.unwrap();
            assert_eq!(waited, Duration::ZERO, "after {second} s");
            advance(Duration::from_secs(1)).await;
        }
        assert_eq!(connections.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn probes_that_wait_share_a_set_up() {
        let setup = Duration::from_secs(2);
        let (line, connections) = Server { setup, ..QUICK }.start().await;
        let probes = (ask(&line), ask(&line), ask(&line), ask(&line));
        let answered = tokio::join!(probes.0, probes.1, probes.2, probes.3);
        assert!(answered.0.is_some() && answered.1.is_some(), "{answered:?}");
        assert!(answered.2.is_some() && answered.3.is_some(), "{answered:?}");
        assert_eq!(connections.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_hangs_has_two_connections_at_most() {
        let hanging = Server {
            answers: 0,
            ..QUICK
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (mut line, _) = hanging.start().await;
        let port = listener.local_addr().unwrap().port();
        line.way = Arc::new(Way {
            places: vec![Place::of("127.0.0.1", port)],
            protocol: Arc::into_inner(line.way).unwrap().protocol,
            is_wary: AtomicBool::new(false),
        });
        let counted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&counted);
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok(stream) = listener.accept().await {
                held.push(stream); // and says nothing
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        let line = Arc::new(line);
        let mut probes = JoinSet::new();
        for _ in 0..8 {
            let line = Arc::clone(&line);
            probes.spawn(async move { timeout(WINDOW, ask(&line)).await });
            sleep(Duration::from_millis(500)).await;
        }
        assert_eq!(counted.load(Ordering::Relaxed), 2);
        let results = probes.join_all().await;
        assert!(results.iter().all(Result::is_err), "{results:?}");
    }

    #[tokio::test]
    async fn a_connection_closed_while_idle_is_no_evidence() {
        let (line, connections) = Server {
            answers: 1,
            ..QUICK
        }
        .start()
        .await;
        for _ in 0..3 {
            assert!(ask(&line).await.unwrap() < Duration::from_millis(200));
        }
        assert_eq!(connections.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn one_closed_at_once_is_reset() {
        let (line, _) = Server {
            answers: 0,
            ..QUICK
        }
        .start()
        .await;
        assert_eq!(ask(&line).await, None);
    }
}
