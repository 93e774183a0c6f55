//! Redis: a probe is a `PING`. Any error is a reply that the server is not ready, in its words.

use std::io;

use systole::{Failure, ProbeError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::Target;
use super::expiry::Expiry;
use super::link::{Answer, Miss};
use super::options::{Options, Role};
use super::persistent::{Protocol, Session};
use super::resp::{self, Reply};
use super::secret::without;
use super::stream::{Stream, poll_once};
use super::tls::{Tls, Trust};
use crate::trouble::Trouble;

/// The bytes that are read at once.
const CHUNK: usize = 4 * 1024;

pub(crate) struct Redis {
    options: Options,
    tls: Option<Tls>,
}

impl Redis {
    pub(crate) fn new(target: &Target, trust: &Trust) -> Result<Self, Trouble> {
        Ok(Self {
            options: (*target.options).clone(),
            tls: Tls::wanted(target, trust, None)?,
        })
    }

    async fn log_in(&self, asking: &mut Asking) -> Result<(), Miss> {
        let Some(password) = &self.options.password else {
            return Ok(());
        };
        let password = password.read().map_err(Miss::Unsent)?;
        let command = match &self.options.user {
            Some(user) => resp::command(&["AUTH", user, &password]),
            None => resp::command(&["AUTH", &password]),
        };
        asking.send(&command).await;
        asking.take(Some(&password)).await.map(drop)
    }
}

impl Protocol for Redis {
    type Session = Asking;

    fn expiry(&self) -> Option<Expiry> {
        self.tls.as_ref().map(Tls::expiry)
    }

    async fn begin(&self, stream: Stream, _: &str) -> Result<Asking, Miss> {
        let stream = match &self.tls {
            Some(tls) => tls.connect(stream).await?,
            None => stream,
        };
        let mut asking = Asking::new(stream, self.options.role);
        self.log_in(&mut asking).await?;
        Ok(asking)
    }
}

/// A connection to a server, logged in.
#[derive(Debug)]
pub(crate) struct Asking {
    stream: Stream,
    /// What was received and not yet taken.
    received: Vec<u8>,
    role: Option<Role>,
    /// Why the last command could not be sent, unless the server says more.
    unsent: Option<io::Error>,
}

impl Session for Asking {
    async fn ask(&mut self) -> Result<(Answer, Instant), Miss> {
        self.expect_silence().await?;
        let mut request = resp::command(&["PING"]);
        if self.role.is_some() {
            request.extend(resp::command(&["INFO", "replication"]));
        }
        self.send(&request).await;
        let first = self.receive().await?;
        if self.take(None).await? != b"PONG" {
            return Err(ProbeError::Failed(Failure::InvalidReply).into());
        }
        if let Some(role) = self.role {
            let text = self.take(None).await?;
            has_role(&String::from_utf8_lossy(&text), role)?;
        }
        Ok((Answer::Fine, first))
    }
}

impl Asking {
    const fn new(stream: Stream, role: Option<Role>) -> Self {
        Self {
            stream,
            received: Vec::new(),
            role,
            unsent: None,
        }
    }

    /// Sends a command and returns its reply.
    ///
    /// # Errors
    /// The connection broke, or the server replied with an error. Then no further command may be
    /// sent.
    pub(crate) async fn call(&mut self, words: &[&str]) -> Result<Vec<u8>, Miss> {
        self.send(&resp::command(words)).await;
        self.take(None).await
    }

    /// Sends a command. A server that takes no more clients says so, and closes: what it said is
    /// read even if the command could not be sent.
    async fn send(&mut self, command: &[u8]) {
        let sent = async {
            self.stream.write_all(command).await?;
            self.stream.flush().await
        };
        self.unsent = sent.await.err();
    }

    /// Makes sure that nothing came that was not asked for: it answers nothing. A server that takes
    /// no more clients says so at once.
    async fn expect_silence(&mut self) -> Result<(), Miss> {
        if let Some(read) = poll_once(self.read()).await {
            read?;
        }
        match resp::split(&self.received) {
            Ok(Some((Reply::Error(words), _))) => Err(not_ready(words, None)),
            Ok(None) if self.received.is_empty() => Ok(()),
            _ => Err(ProbeError::Failed(Failure::InvalidReply).into()),
        }
    }

    /// Waits for the next bytes, unless some have come; returns when they came.
    async fn receive(&mut self) -> Result<Instant, Miss> {
        if self.received.is_empty() {
            self.read().await?;
        }
        Ok(Instant::now())
    }

    async fn read(&mut self) -> Result<(), Miss> {
        let mut chunk = [0; CHUNK];
        match self.stream.read(&mut chunk).await {
            Ok(length @ 1..) => {
                self.received
                    .extend_from_slice(chunk.get(..length).unwrap_or_default());
                Ok(())
            }
            Ok(_) => Err(match self.unsent.take() {
                Some(error) => error.into(),
                None => ProbeError::Failed(Failure::Reset).into(),
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the next reply that is no error. `secret` is masked in what the server says.
    async fn take(&mut self, secret: Option<&str>) -> Result<Vec<u8>, Miss> {
        loop {
            let invalid = |_| Miss::from(ProbeError::Failed(Failure::InvalidReply));
            match resp::split(&self.received).map_err(invalid)? {
                Some((Reply::Error(words), _)) => return Err(not_ready(words, secret)),
                Some((Reply::Line(text) | Reply::Bulk(text), length)) => {
                    let text = text.to_vec();
                    self.received.drain(..length);
                    return Ok(text);
                }
                None => self.read().await?,
            }
        }
    }
}

fn not_ready(words: &[u8], secret: Option<&str>) -> Miss {
    let words = without(&String::from_utf8_lossy(words), secret);
    Miss::Unhealthy(format!("Redis: {words}"))
}

/// Compares the role in the reply to `INFO replication` with the one that is asked for.
fn has_role(replication: &str, role: Role) -> Result<(), Miss> {
    let told = replication
        .lines()
        .find_map(|line| line.strip_prefix("role:"));
    let told = match told.map(str::trim) {
        Some("master") => Role::Primary,
        Some("slave" | "replica") => Role::Replica,
        _ => return Err(ProbeError::Failed(Failure::InvalidReply).into()),
    };
    if told != role {
        let words = format!("Redis: it is a {}", told.name());
        return Err(Miss::Unhealthy(words));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks a server that says `words` to whatever it is asked.
    async fn asked(words: &[u8], role: Option<Role>) -> Result<Answer, Miss> {
        let (ours, mut theirs) = tokio::io::duplex(REPLY);
        let words = words.to_vec();
        tokio::spawn(async move {
            let _ = theirs.read(&mut [0; 64]).await;
            theirs.write_all(&words).await
        });
        let mut asking = Asking::new(Box::new(ours), role);
        asking.ask().await.map(|(answer, _)| answer)
    }

    const REPLY: usize = 128 * 1024;

    fn words(miss: &Result<Answer, Miss>) -> &str {
        match miss {
            Err(Miss::Unhealthy(words)) => words,
            _ => panic!("{miss:?}"),
        }
    }

    #[tokio::test]
    async fn only_pong_is_a_sign_of_life() {
        assert_eq!(asked(b"+PONG\r\n", None).await, Ok(Answer::Fine));
        for other in [
            &b"+OK\r\n"[..],
            b"HTTP/1.1 400 Bad Request\r\n",
            b"\0\0\0\0",
        ] {
            let invalid = ProbeError::Failed(Failure::InvalidReply).into();
            assert_eq!(asked(other, None).await, Err(invalid), "{other:?}");
        }
        let reset = ProbeError::Failed(Failure::Reset).into();
        assert_eq!(asked(b"+PO", None).await, Err(reset));
    }

    #[tokio::test]
    async fn what_comes_unasked_is_no_reply_unless_it_is_an_error() {
        for (said, expected) in [
            (
                &b"+PONG\r\n"[..],
                ProbeError::Failed(Failure::InvalidReply).into(),
            ),
            (b"-ERR full\r\n", Miss::Unhealthy("Redis: ERR full".into())),
        ] {
            let (ours, mut theirs) = tokio::io::duplex(REPLY);
            theirs.write_all(said).await.unwrap();
            let mut asking = Asking::new(Box::new(ours), None);
            assert_eq!(asking.ask().await.unwrap_err(), expected);
        }
    }

    #[tokio::test]
    async fn every_error_is_told_in_the_words_of_the_server() {
        for error in [
            "LOADING Redis is loading the dataset in memory",
            "MASTERDOWN Link with MASTER is down",
            "MISCONF Redis is configured to save RDB snapshots",
            "NOAUTH Authentication required.",
            "ERR max number of clients reached",
        ] {
            let miss = asked(format!("-{error}\r\n").as_bytes(), None).await;
            assert_eq!(words(&miss), format!("Redis: {error}"));
        }
        let long = format!("-DENIED {}\r\n", "x".repeat(1_065));
        assert!(words(&asked(long.as_bytes(), None).await).starts_with("Redis: DENIED xxx"));
    }

    #[tokio::test]
    async fn the_role_is_compared() {
        let said = |role: &str| {
            format!(
                "+PONG\r\n${}\r\nrole:{role}\r\nx:1\r\n\r\n",
                role.len() + 12
            )
        };
        let primary = Some(Role::Primary);
        assert_eq!(
            asked(said("master").as_bytes(), primary).await,
            Ok(Answer::Fine)
        );
        let miss = asked(said("slave").as_bytes(), primary).await;
        assert_eq!(words(&miss), "Redis: it is a replica");
        let replica = Some(Role::Replica);
        assert_eq!(
            asked(said("slave").as_bytes(), replica).await,
            Ok(Answer::Fine)
        );
    }
}
