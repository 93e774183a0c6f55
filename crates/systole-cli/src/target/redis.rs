//! Redis: a probe is a `PING`.

use systole::{Failure, ProbeError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::kept::{Protocol, Talk};
use super::link::{Answer, Miss};

const PING: &[u8] = b"PING\r\n";
/// The longest reply to `PING`, which is one short line.
const LINE_MAX: usize = 512;

#[derive(Debug)]
pub(super) struct Redis;

impl Protocol for Redis {
    type Talk = TcpStream;

    async fn begin(&self, stream: TcpStream) -> Result<TcpStream, Miss> {
        Ok(stream)
    }
}

/// `+PONG` proves life, and so does an error such as `-NOAUTH` or `-LOADING`. Any other reply is
/// not Redis.
impl Talk for TcpStream {
    async fn ask(&mut self) -> Result<(Answer, Instant), Miss> {
        self.write_all(PING).await?;
        let mut line = Vec::with_capacity(LINE_MAX);
        if self.read_buf(&mut line).await? == 0 {
            return Err(ProbeError::Failed(Failure::Reset).into());
        }
        let first = Instant::now();
        while line.last() != Some(&b'\n') && self.read_buf(&mut line).await? > 0 {
            if line.len() >= LINE_MAX {
                break;
            }
        }
        match line.as_slice() {
            [b'+' | b'-', .., b'\n'] => Ok((Answer::Fine, first)),
            _ => Err(ProbeError::Failed(Failure::InvalidReply).into()),
        }
    }
}
