//! Reading a reply from a connection. What was read and not yet used is all that is kept of it.

use std::io;

use hyper::StatusCode;
use systole::Failure;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use super::body::Body;
use super::head::Head;
use crate::target::link::Miss;
use crate::target::stream::{Stream, poll_once};

/// The most bytes of a head, with those of interim replies before it.
const HEAD_MAX: usize = 256 * 1024;
/// The number of bytes per read, and of a buffer that a connection keeps while it is idle.
const CHUNK: usize = 4 * 1024;
const IDLE_MAX: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Reader {
    /// What was read and not yet used.
    buffer: Vec<u8>,
}

impl Reader {
    /// Makes sure that nothing came on an idle connection, which would be taken for the reply to the
    /// next request.
    ///
    /// # Errors
    /// The connection has ended, or the server sent what nobody asked for.
    pub(super) async fn expect_silence(&mut self, stream: &mut Stream) -> Result<(), Failure> {
        match poll_once(self.more(stream)).await {
            None => Ok(()),
            Some(Ok(())) => Err(unasked(&self.buffer)),
            Some(Err(_)) => Err(Failure::Reset),
        }
    }

    /// Reads the head of a reply; returns it with the time at which its first byte arrived. Interim
    /// replies are left out.
    pub(super) async fn head(
        &mut self,
        stream: &mut Stream,
        to_head: bool,
    ) -> Result<(Head, Instant), Miss> {
        self.more(stream).await?;
        let at = Instant::now();
        let mut used = 0;
        loop {
            let read = self.buffer.get(used..).unwrap_or_default();
            match Head::parse(read, to_head)? {
                Some((head, length)) if head.status.is_informational() => used += length,
                Some((head, length)) => {
                    self.drop_first(used + length);
                    return Ok((head, at));
                }
                None => self.until_line(stream).await?,
            }
        }
    }

    /// Reads on until a blank line has come, so that a head that comes byte by byte is not parsed
    /// for each of them.
    async fn until_line(&mut self, stream: &mut Stream) -> Result<(), Miss> {
        loop {
            let before = self.buffer.len();
            if before >= HEAD_MAX {
                return Err(Failure::InvalidReply.into());
            }
            self.more(stream).await?;
            let new = self.buffer.get(before.saturating_sub(3)..);
            if is_blank_line_in(new.unwrap_or_default()) {
                return Ok(());
            }
        }
    }

    /// Reads a body, whose parts are passed to `part`, up to `most` bytes. Returns whether that was
    /// all of it, and nothing came after it.
    pub(super) async fn body(
        &mut self,
        stream: &mut Stream,
        mut body: Body,
        most: usize,
        mut part: impl FnMut(&[u8]),
    ) -> bool {
        let mut length = 0;
        while !body.is_over() {
            let Ok((used, data)) = body.take(&self.buffer) else {
                return false;
            };
            length += data.len();
            if length > most {
                return false;
            }
            part(data);
            self.drop_first(used);
            if used == 0 && self.more(stream).await.is_err() {
                return false;
            }
        }
        self.rest()
    }

    /// Gives memory back that only a long reply needed; returns whether nothing is left of it.
    fn rest(&mut self) -> bool {
        self.buffer.shrink_to(IDLE_MAX);
        self.buffer.is_empty()
    }

    fn drop_first(&mut self, length: usize) {
        self.buffer.drain(..length.min(self.buffer.len()));
    }

    async fn more(&mut self, stream: &mut Stream) -> io::Result<()> {
        if self.buffer.capacity() - self.buffer.len() < IDLE_MAX / 2 {
            let more = if self.buffer.is_empty() {
                IDLE_MAX
            } else {
                CHUNK
            };
            self.buffer.reserve_exact(more);
        }
        match stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Says what bytes mean that came without a request: that the server closes an idle connection
/// (408, or another error after which it does), or else nothing that it sends proves anything.
fn unasked(bytes: &[u8]) -> Failure {
    let is_farewell = |head: &Head| {
        let is_error = head.status.is_client_error() || head.status.is_server_error();
        head.status == StatusCode::REQUEST_TIMEOUT || (is_error && !head.is_kept)
    };
    match Head::parse(bytes, false) {
        Ok(Some((head, _))) if is_farewell(&head) => Failure::Reset,
        _ => Failure::InvalidReply,
    }
}

/// Returns whether `bytes` hold the end of a line and after it an empty one.
fn is_blank_line_in(bytes: &[u8]) -> bool {
    let is_end = |four: &[u8]| four.ends_with(b"\n\r\n") || four.ends_with(b"\n\n");
    (1..=bytes.len()).any(|end| is_end(bytes.get(end.saturating_sub(3)..end).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    /// Reads a reply that comes in pieces of `size` bytes; returns its status, its body, and whether
    /// the connection can be used again.
    async fn reply(text: &[u8], size: usize) -> Result<(u16, Vec<u8>, bool), Miss> {
        let (near, mut far) = duplex(size);
        let sent = text.to_vec();
        tokio::spawn(async move { far.write_all(&sent).await });
        let (mut stream, mut reader): (Stream, _) = (Box::new(near), Reader::default());
        let (head, _) = reader.head(&mut stream, false).await?;
        let mut whole = Vec::new();
        let part = |part: &[u8]| whole.extend_from_slice(part);
        let is_all = reader.body(&mut stream, head.body, 64, part).await;
        assert!(reader.buffer.capacity() <= 2 * CHUNK);
        Ok((head.status.as_u16(), whole, is_all))
    }

    #[tokio::test]
    async fn a_reply_is_the_same_however_it_arrives() {
        let text =
            b"HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
            3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        for size in [1, 2, 5, 64, 1_000] {
            let expected = (200, b"abcde".to_vec(), true);
            assert_eq!(reply(text, size).await, Ok(expected), "pieces of {size}");
        }
    }

    #[tokio::test]
    async fn what_comes_after_a_reply_ends_the_use_of_a_connection() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 408";
        assert_eq!(reply(text, 1_000).await, Ok((200, b"ab".to_vec(), false)));
        let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab";
        assert_eq!(reply(cut, 1_000).await, Ok((200, b"ab".to_vec(), false)));
    }

    #[tokio::test]
    async fn what_nobody_asked_for_is_no_reply_and_a_farewell_is_no_fault() {
        let timeout = b"HTTP/1.0 408 Request Time-out\r\nConnection: close\r\n\r\n";
        for (said, expected) in [
            (&b""[..], Ok(())),
            (b"HTTP/1.1 200 OK\r\n\r\n", Err(Failure::InvalidReply)),
            (b"H", Err(Failure::InvalidReply)),
            (timeout, Err(Failure::Reset)),
        ] {
            let (near, mut far) = duplex(64);
            let (mut stream, mut reader): (Stream, _) = (Box::new(near), Reader::default());
            assert_eq!(reader.expect_silence(&mut stream).await, Ok(()));
            far.write_all(said).await.unwrap();
            assert_eq!(reader.expect_silence(&mut stream).await, expected);
            drop(far);
            let ended = reader.expect_silence(&mut stream).await;
            assert_eq!(ended, Err(Failure::Reset));
        }
    }

    #[tokio::test]
    async fn a_head_has_a_bound_and_garbage_is_told_at_once() {
        let invalid = Err(Failure::InvalidReply.into());
        assert_eq!(reply(b"SSH-2.0-OpenSSH\r\n", 64).await, invalid);
        assert_eq!(reply(b"\r\n\r\n\r\n", 64).await, invalid);
        let endless = [b"HTTP/1.1 200 OK\r\nA: ", &vec![b'x'; 2 * HEAD_MAX][..]].concat();
        assert_eq!(reply(&endless, 8 * CHUNK).await, invalid);
        let reset = reply(b"HTTP/1.1 200", 64).await;
        assert_eq!(reset, Err(Failure::Reset.into()));
    }
}
