//! The task that reads a connection for a client, such as those of HTTP/2 and PostgreSQL.

use systole::{Failure, ProbeError};
use tokio_util::task::AbortOnDropHandle;

use super::link::Miss;

/// A task that ends with the connection, and tells how that ended.
#[derive(Debug)]
pub(super) struct Background<E>(AbortOnDropHandle<Result<(), E>>);

impl<E: Send + 'static> Background<E> {
    pub(super) fn spawn(connection: impl Future<Output = Result<(), E>> + Send + 'static) -> Self {
        Self(AbortOnDropHandle::new(tokio::spawn(connection)))
    }

    /// Makes sure that no reply came which nobody asked for. Otherwise the connection has ended with
    /// an error that `miss` calls invalid. Every other end is left to the next request to find.
    pub(super) async fn expect_sense(&mut self, miss: impl Fn(&E) -> Miss) -> Result<(), Miss> {
        if !self.0.is_finished() {
            return Ok(());
        }
        match (&mut self.0).await {
            Ok(Err(error)) => match miss(&error) {
                invalid if invalid.fault() == ProbeError::Failed(Failure::InvalidReply) => {
                    Err(invalid)
                }
                _ => Err(Failure::Reset.into()),
            },
            _ => Err(Failure::Reset.into()),
        }
    }
}
