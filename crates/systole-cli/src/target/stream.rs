//! A connection of bytes: TCP, a local socket, or TLS over one of them.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};

/// A connection over which a protocol is spoken, whatever carries it.
pub(crate) type Stream = Box<dyn Duplex>;

pub(crate) trait Duplex: AsyncRead + AsyncWrite + fmt::Debug + Unpin + Send + Sync {}

impl<S: AsyncRead + AsyncWrite + fmt::Debug + Unpin + Send + Sync> Duplex for S {}
