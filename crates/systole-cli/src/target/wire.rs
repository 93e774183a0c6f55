//! A connection in the form that hyper needs, which records when the first byte of a reply arrived.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// The time at which the first byte arrived since the last call of `take`.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstByte(Arc<Mutex<Option<Instant>>>);

impl FirstByte {
    pub(super) fn take(&self) -> Option<Instant> {
        self.with(Option::take)
    }

    fn note(&self) {
        self.with(|at| {
            at.get_or_insert_with(Instant::now);
        });
    }

    fn with<R>(&self, call: impl FnOnce(&mut Option<Instant>) -> R) -> R {
        call(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The number of bytes per read.
const CHUNK: usize = 4_096;

#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    first_byte: FirstByte,
}

impl<S> Wire<S> {
    pub(super) const fn new(stream: S, first_byte: FirstByte) -> Self {
        Self { stream, first_byte }
    }
}

impl<S: AsyncRead + Unpin> Read for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut chunk = [0; CHUNK];
        let room = chunk.get_mut(..cursor.remaining().min(CHUNK));
        let mut read = ReadBuf::new(room.unwrap_or_default());
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut read))?;
        if !read.filled().is_empty() {
            self.first_byte.note();
        }
        cursor.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Write for Wire<S> {
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
