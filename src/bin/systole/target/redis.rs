//! A probe is a `PING` on a kept connection; several may be under way, and are answered in order.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use systole::{Failure, Fault, ProbeId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::select;
use tokio::time::{Instant, timeout};

use super::{Herald, Post, Request};

const PING: &[u8] = b"PING\r\n";
/// A reply to `PING` is one short line.
const LINE_MAX: usize = 512;

/// Connects when there is a probe to send, and again after the connection failed.
pub(super) async fn run(addresses: Vec<SocketAddr>, mut post: Post) {
    while let Some(Request { id, patience }) = post.requests.recv().await {
        let asked = Instant::now();
        let stream = match timeout(patience, TcpStream::connect(addresses.as_slice())).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                post.news.settled(id, Err(error.into()));
                continue;
            }
            Err(_) => {
                post.news.settled(id, Err(Fault::Missed));
                continue;
            }
        };
        let _ = stream.set_nodelay(true); // a convenience: a lone PING is not held back anyway
        let mut talk = Talk::new(stream, post.news.clone());
        let fault = talk.hold(id, asked, &mut post).await;
        talk.give_up(fault);
    }
}

/// A connection, and the probes that wait for its replies.
struct Talk {
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    waiting: VecDeque<Waiting>,
    received: Vec<u8>,
    news: Herald,
}

struct Waiting {
    id: ProbeId,
    sent: Instant,
    /// From the request to the sending: setting up the connection.
    setup: Duration,
}

impl Talk {
    fn new(stream: TcpStream, news: Herald) -> Self {
        let (reader, writer) = stream.into_split();
        Self {
            reader,
            writer,
            waiting: VecDeque::new(),
            received: Vec::new(),
            news,
        }
    }

    /// Talks until the connection fails, or has been silent for so long that a new one is the better bet.
    async fn hold(&mut self, first: ProbeId, asked: Instant, post: &mut Post) -> Fault {
        if let Err(error) = self.ping(first, asked.elapsed()).await {
            return error.into();
        }
        loop {
            let mut chunk = [0; LINE_MAX];
            let outcome = select! {
                biased;
                read = self.reader.read(&mut chunk) => match read {
                    Ok(0) => Err(Fault::Failed(Failure::Reset)),
                    Ok(length) => self.hear(chunk.get(..length).unwrap_or_default()),
                    Err(error) => Err(error.into()),
                },
                request = post.requests.recv() => match request {
                    Some(request) => self.ask(request).await,
                    None => Err(Fault::Missed),
                },
            };
            if let Err(fault) = outcome {
                return fault;
            }
        }
    }

    async fn ask(&mut self, Request { id, patience }: Request) -> Result<(), Fault> {
        let oldest = self.waiting.front().map(|waiting| waiting.sent.elapsed());
        let sent = self.ping(id, Duration::ZERO).await;
        if oldest.is_some_and(|age| age > patience) {
            return Err(Fault::Missed); // what was lost on the way may take TCP minutes to send again
        }
        Ok(sent?)
    }

    async fn ping(&mut self, id: ProbeId, setup: Duration) -> io::Result<()> {
        let sent = Instant::now();
        self.waiting.push_back(Waiting { id, sent, setup });
        self.writer.write_all(PING).await
    }

    fn hear(&mut self, chunk: &[u8]) -> Result<(), Fault> {
        self.received.extend_from_slice(chunk);
        while let Some(end) = self.received.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.received.drain(..=end).collect();
            self.settle(&line)?;
        }
        if self.received.len() > LINE_MAX {
            return Err(Fault::Failed(Failure::Garbage));
        }
        Ok(())
    }

    /// `+PONG` is a sign of life, and so is an error such as `-NOAUTH` or `-LOADING`; anything else is not Redis.
    fn settle(&mut self, line: &[u8]) -> Result<(), Fault> {
        if !matches!(line.first(), Some(b'+' | b'-')) {
            return Err(Fault::Failed(Failure::Garbage));
        }
        if let Some(Waiting { id, setup, .. }) = self.waiting.pop_front() {
            self.news.settled_after(id, Ok(()), setup);
        }
        Ok(())
    }

    fn give_up(self, fault: Fault) {
        for Waiting { id, .. } in self.waiting {
            self.news.settled(id, Err(fault));
        }
    }
}
