//! Probes over a connection that is kept. The timeout of a probe includes the set-up of a
//! connection, the round trip does not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use systole::{Failure, ProbeError};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::link::{Answer, Herald, Link, Miss, Request};
use super::place::Place;

/// The age after which a connection is not used again: a server whose accept queue is full still
/// replies on old connections.
const RENEW_AFTER: Duration = Duration::from_secs(30);

/// A protocol with a request that proves life.
pub(super) trait Protocol: Send + Sync + 'static {
    type Talk: Talk;

    /// Sets up the connection, up to the first request.
    fn begin(&self, stream: TcpStream) -> impl Future<Output = Result<Self::Talk, Miss>> + Send;
}

/// A connection over which a peer is probed.
pub(super) trait Talk: Send + 'static {
    /// Sends a request; returns the reply and the time of its arrival.
    fn ask(&mut self) -> impl Future<Output = Result<(Answer, Instant), Miss>> + Send;

    /// Reads the rest of the reply. Returns whether the connection can be used again.
    fn finish(&mut self) -> impl Future<Output = bool> + Send {
        std::future::ready(true)
    }
}

/// Returns a link that speaks `protocol`. A probe opens another connection if an earlier probe still
/// uses the kept one.
pub(super) fn link<P: Protocol>(protocol: P, place: Place, news: Herald) -> Link {
    let line = Arc::new(Line {
        protocol,
        place,
        idle: Mutex::new(None),
    });
    Link::of_tasks(news, move |request, news| {
        Arc::clone(&line).probe(request, news)
    })
}

struct Line<P: Protocol> {
    protocol: P,
    place: Place,
    idle: Mutex<Option<Kept<P::Talk>>>,
}

struct Kept<T> {
    talk: T,
    since: Instant,
}

impl<P: Protocol> Line<P> {
    async fn probe(self: Arc<Self>, request: Request, news: Herald) {
        let Request {
            id,
            asked,
            reply_window,
        } = request;
        let mut sent = asked;
        match timeout(reply_window, self.exchange(&mut sent)).await {
            Ok(Ok((kept, answer, at))) => {
                news.settled_at(id, Ok(answer), at.into_std(), sent - asked);
                // a connection whose reply does not end is not kept
                let _ = timeout(reply_window, self.keep(kept)).await;
            }
            Ok(Err(miss)) => news.settled(id, Err(miss)),
            Err(_) => news.settled(id, Err(ProbeError::Missed.into())),
        }
    }

    /// Sends a request over the kept connection, or over a new one; `sent` is set to the time of
    /// sending.
    async fn exchange(&self, sent: &mut Instant) -> Result<(Kept<P::Talk>, Answer, Instant), Miss> {
        if let Some(mut kept) = self.idle() {
            *sent = Instant::now();
            match kept.talk.ask().await {
                Ok((answer, at)) => return Ok((kept, answer, at)),
                // the peer closed the connection while it was idle, which is no evidence
                Err(Miss::ProbeError(ProbeError::Failed(Failure::Reset))) => {}
                Err(miss) => return Err(miss),
            }
        }
        let mut kept = self.open().await?;
        *sent = Instant::now();
        let (answer, at) = kept.talk.ask().await?;
        Ok((kept, answer, at))
    }

    async fn open(&self) -> Result<Kept<P::Talk>, Miss> {
        let since = Instant::now();
        let (stream, _) = self.place.connect().await?;
        let talk = self.protocol.begin(stream).await?;
        Ok(Kept { talk, since })
    }

    fn idle(&self) -> Option<Kept<P::Talk>> {
        let kept = self.shelf().take();
        kept.filter(|kept| kept.since.elapsed() < RENEW_AFTER)
    }

    async fn keep(&self, mut kept: Kept<P::Talk>) {
        if kept.talk.finish().await {
            *self.shelf() = Some(kept);
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Option<Kept<P::Talk>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::advance;

    use super::super::redis::Redis;
    use super::*;

    /// Starts a server that closes each connection after so many replies; returns its address and
    /// the number of connections so far.
    async fn server(answers: usize) -> (Line<Redis>, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    for _ in 0..answers {
                        let _ = stream.read(&mut [0; 64]).await;
                        let _ = stream.write_all(b"+PONG\r\n").await;
                    }
                });
            }
        });
        let place = Place::of("127.0.0.1", address.port()).await.unwrap();
        let line = Line {
            protocol: Redis,
            place,
            idle: Mutex::new(None),
        };
        (line, connections)
    }

    /// Sends one probe; returns whether a reply came.
    async fn ask(line: &Line<Redis>) -> bool {
        match line.exchange(&mut Instant::now()).await {
            Ok((kept, ..)) => {
                line.keep(kept).await;
                true
            }
            Err(_) => false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_kept_and_now_and_then_renewed() {
        let (line, connections) = server(usize::MAX).await;
        for _ in 0..3 {
            assert!(ask(&line).await);
        }
        assert_eq!(connections.load(Ordering::Relaxed), 1);
        advance(RENEW_AFTER).await;
        assert!(ask(&line).await);
        assert_eq!(connections.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_connection_closed_while_idle_is_no_evidence() {
        let (line, connections) = server(1).await;
        for _ in 0..3 {
            assert!(ask(&line).await);
        }
        assert_eq!(connections.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn one_closed_at_once_is_reset() {
        let (line, _) = server(0).await;
        assert!(!ask(&line).await);
    }
}
