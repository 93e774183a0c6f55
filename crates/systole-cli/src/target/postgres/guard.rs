//! Bounds on what a server may send. The client allocates what the length of a message claims, and
//! computes as many rounds of a hash as a server asks for.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::stream::Stream;

/// The longest message, and the most bytes for a login or a query, in bytes.
const MESSAGE_MAX: usize = 64 * 1024;
const ANSWER_MAX: usize = 256 * 1024;
/// The most rounds of SCRAM-SHA-256, which take a quarter of a second. Servers ask for 4,096.
const ROUNDS_MAX: u64 = 200_000;

/// The kind of a message about authentication, and the length of kind and length.
const AUTHENTICATION: u8 = b'R';
const HEADER: usize = 5;

/// How many bytes were received since the last request.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    /// A request is about to be sent.
    pub(super) fn renew(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn spend(&self, bytes: usize) -> io::Result<()> {
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > ANSWER_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(())
    }
}

/// A connection that passes on whole messages only, within the bounds.
#[derive(Debug)]
pub(super) struct Guard {
    stream: Stream,
    allowance: Allowance,
    /// What was received. The first `checked` bytes are whole messages.
    received: Vec<u8>,
    checked: usize,
}

impl Guard {
    pub(super) const fn new(stream: Stream, allowance: Allowance) -> Self {
        Self {
            stream,
            allowance,
            received: Vec::new(),
            checked: 0,
        }
    }

    /// Checks the messages that are complete.
    fn check(&mut self) -> io::Result<()> {
        while let Some(rest) = self.received.get(self.checked..) {
            let Some(length) = length(rest)? else { break };
            let Some(message) = rest.get(..length) else {
                break;
            };
            if message.first() == Some(&AUTHENTICATION) && rounds(message) > ROUNDS_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.checked += length;
        }
        Ok(())
    }

    /// Passes on what is checked; returns whether that was anything.
    fn pass(&mut self, to: &mut ReadBuf<'_>) -> bool {
        let length = self.checked.min(to.remaining());
        let passed = self.received.get(..length).unwrap_or_default();
        to.put_slice(passed);
        self.received.drain(..length);
        self.checked -= length;
        length > 0
    }
}

/// Returns the length of the message that `bytes` begin with, or `None` if they do not tell yet.
fn length(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(&[_, a, b, c, d]) = bytes.first_chunk::<HEADER>() else {
        return Ok(None);
    };
    let length = 1 + u32::from_be_bytes([a, b, c, d]) as usize;
    if !(HEADER..=MESSAGE_MAX).contains(&length) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(Some(length))
}

/// Returns the rounds that the server's part of SCRAM asks for: `r=...,s=...,i=4096`.
fn rounds(message: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(message);
    let count = text.split(',').find_map(|part| part.strip_prefix("i="));
    count.map_or(0, |count| count.parse().unwrap_or(u64::MAX))
}

impl AsyncRead for Guard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.pass(to) {
            let mut chunk = [0; 4 * 1024];
            let mut read = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(())); // the end; half a message is dropped
            }
            self.allowance.spend(read.filled().len())?;
            self.received.extend_from_slice(read.filled());
            self.check()?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Guard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind], &length[..], body].concat()
    }

    /// Reads all that a server sends through a guard.
    async fn read(sent: Vec<u8>) -> io::Result<Vec<u8>> {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        tokio::spawn(async move {
            let _ = theirs.write_all(&sent).await; // the guard may hang up
        });
        let mut guard = Guard::new(Box::new(ours), Allowance::default());
        let mut all = Vec::new();
        guard.read_to_end(&mut all).await.map(|_| all)
    }

    #[tokio::test]
    async fn messages_pass_unchanged() {
        let sent = [message(b'R', &[0; 4]), message(b'T', &[7; 3_000])].concat();
        assert_eq!(read(sent.clone()).await.unwrap(), sent);
    }

    #[tokio::test]
    async fn a_length_is_not_believed() {
        for claimed in [[0x7f, 0xff, 0xff, 0xff], [0xff; 4], [0; 4], [0, 0, 0, 3]] {
            let sent = [&b"D"[..], &claimed, &[0; 100]].concat();
            let error = read(sent).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{claimed:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_ends() {
        let endless = message(b'D', &[0; 1_000]).repeat(1_000);
        let error = read(endless).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn rounds_without_end_are_refused() {
        let scram =
            |rounds: &str| message(b'R', format!("\0\0\0\x0br=x,s=y,i={rounds}").as_bytes());
        assert!(read(scram("4096")).await.is_ok());
        for rounds in ["200001", "2147483647", "99999999999999999999999", "x"] {
            assert!(read(scram(rounds)).await.is_err(), "{rounds}");
        }
    }
}
