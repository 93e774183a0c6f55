//! A connection of bytes: TCP, a local socket, or TLS over one of them.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite};

/// A connection over which a protocol is spoken, whatever carries it.
pub(crate) type Stream = Box<dyn Duplex>;

pub(crate) trait Duplex: AsyncRead + AsyncWrite + fmt::Debug + Unpin + Send + Sync {}

impl<S: AsyncRead + AsyncWrite + fmt::Debug + Unpin + Send + Sync> Duplex for S {}

/// Polls `future` once, and drops it; returns its result, if there is one without waiting.
pub(super) async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
