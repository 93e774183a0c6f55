//! Probes on a connection that is kept: setting it up is inside the deadline and outside the round trip.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use systole::{Failure, ProbeError};
use tokio::net::TcpStream;
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::link::{Answer, Herald, Miss, Post, Request};
use super::place::Place;

/// A connection older than this is not used again: a server whose accept queue is full goes on answering old ones.
const RENEW_AFTER: Duration = Duration::from_secs(30);

/// A protocol in which one can be asked for a sign of life.
pub(super) trait Protocol: Send + Sync + 'static {
    type Talk: Talk;

    /// All that has to be said before the first question.
    fn begin(&self, stream: TcpStream) -> impl Future<Output = Result<Self::Talk, Miss>> + Send;
}

/// A connection on which it is asked.
pub(super) trait Talk: Send + 'static {
    /// Asks; says what came back, and when.
    fn ask(&mut self) -> impl Future<Output = Result<(Answer, Instant), Miss>> + Send;

    /// Reads what is left of the answer. False where the connection is of no further use.
    fn finish(&mut self) -> impl Future<Output = bool> + Send {
        std::future::ready(true)
    }
}

/// Every probe is a task of its own. Where the kept connection is busy with an earlier one, it opens another.
pub(super) async fn run<P: Protocol>(protocol: P, place: Place, mut post: Post) {
    let line = Arc::new(Line {
        protocol,
        place,
        idle: Mutex::new(None),
    });
    let mut probes = JoinSet::new();
    loop {
        select! {
            request = post.requests.recv() => match request {
                Some(request) => drop(probes.spawn(Arc::clone(&line).probe(request, post.news.clone()))),
                None => return,
            },
            Some(_) = probes.join_next() => {}
        }
    }
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
    async fn probe(self: Arc<Self>, Request { id, reply_window }: Request, news: Herald) {
        let asked = Instant::now();
        let mut sent = asked;
        match timeout(reply_window, self.exchange(&mut sent)).await {
            Ok(Ok((kept, answer, at))) => {
                news.settled_at(id, Ok(answer), at.into_std(), sent - asked);
                let _ = timeout(reply_window, self.keep(kept)).await; // an answer without an end is none of ours
            }
            Ok(Err(miss)) => news.settled(id, Err(miss)),
            Err(_) => news.settled(id, Err(ProbeError::Missed.into())),
        }
    }

    /// Asks on the kept connection or on a new one; `sent` is when that was.
    async fn exchange(&self, sent: &mut Instant) -> Result<(Kept<P::Talk>, Answer, Instant), Miss> {
        if let Some(mut kept) = self.idle() {
            *sent = Instant::now();
            match kept.talk.ask().await {
                Ok((answer, at)) => return Ok((kept, answer, at)),
                Err(Miss::ProbeError(ProbeError::Failed(Failure::Reset))) => {} // closed while idle: no evidence
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

    /// A server that closes each connection after so many answers, and how many connections it has had.
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

    /// One probe; whether it was answered.
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
