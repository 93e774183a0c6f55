//! HTTP: a probe is a `GET`. The round trip ends with the first byte of the reply; the status
//! decides whether it proves life.

use std::error::Error;
use std::io;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{DATE, HOST, HeaderMap, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response, StatusCode, Uri};
use systole::{Failure, ProbeError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::kept::{Protocol, Talk};
use super::link::{Answer, Miss};
use super::tls::{Tls, Trust};
use super::wire::{FirstByte, Wire};
use super::{AGENT, Target};
use crate::trouble::Trouble;

/// The longest body that is read, in bytes. After a longer one the connection is not used again.
const BODY_MAX: usize = 64 * 1024;

pub(super) struct Http {
    request: Request<Empty<Bytes>>,
    tls: Option<Tls>,
}

/// Returns the request to send to `target`, or `None` if its path is invalid.
pub(super) fn request(target: &Target) -> Option<Request<Empty<Bytes>>> {
    let path = match &*target.path {
        "" => "/",
        path => path,
    };
    let request = Request::get(path.parse::<Uri>().ok()?)
        .header(HOST, target.authority())
        .header(USER_AGENT, AGENT);
    request.body(Empty::new()).ok()
}

impl Http {
    pub(super) fn new(target: &Target, trust: &Trust) -> Result<Self, Trouble> {
        let malformed = || Trouble::Address(target.to_string());
        let tls = Tls::wanted(target, trust, b"http/1.1")?;
        let request = request(target).ok_or_else(malformed)?;
        Ok(Self { request, tls })
    }

    async fn shake_hands<S>(&self, stream: S) -> Result<Asking, Miss>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let first_byte = FirstByte::default();
        let wire = Wire::new(stream, first_byte.clone());
        let (sender, connection) = handshake(wire).await.map_err(|error| miss(&error))?;
        // the sender returns the errors of the connection
        let connection = tokio::spawn(async move { drop(connection.await) });
        Ok(Asking {
            request: self.request.clone(),
            sender,
            first_byte,
            body: None,
            _connection: AbortOnDropHandle::new(connection),
        })
    }
}

impl Protocol for Http {
    type Talk = Asking;

    async fn begin(&self, stream: TcpStream) -> Result<Asking, Miss> {
        match &self.tls {
            Some(tls) => self.shake_hands(tls.connect(stream).await?).await,
            None => self.shake_hands(stream).await,
        }
    }
}

pub(super) struct Asking {
    request: Request<Empty<Bytes>>,
    sender: SendRequest<Empty<Bytes>>,
    first_byte: FirstByte,
    body: Option<Incoming>,
    _connection: AbortOnDropHandle<()>,
}

impl Talk for Asking {
    async fn ask(&mut self) -> Result<(Answer, Instant), Miss> {
        self.first_byte.take();
        let sent = self.sender.send_request(self.request.clone()).await;
        let response = sent.map_err(|error| miss(&error))?;
        let at = self.first_byte.take().unwrap_or_else(Instant::now);
        let answer = judge(&response)?;
        self.body = Some(response.into_body());
        Ok((answer, at))
    }

    async fn finish(&mut self) -> bool {
        let Some(mut body) = self.body.take() else {
            return false;
        };
        let mut length = 0;
        while let Some(Ok(frame)) = body.frame().await {
            length += frame.data_ref().map_or(0, Bytes::len);
            if length > BODY_MAX {
                return false;
            }
        }
        self.sender.ready().await.is_ok()
    }
}

fn judge<B>(response: &Response<B>) -> Result<Answer, Miss> {
    let status = response.status();
    let headers = response.headers();
    let wait = retry_after(headers);
    match status {
        StatusCode::TOO_MANY_REQUESTS => Ok(Answer::Pushback { wait }),
        StatusCode::SERVICE_UNAVAILABLE if headers.contains_key(RETRY_AFTER) => {
            Ok(Answer::Pushback { wait })
        }
        _ if status.is_success() || status.is_redirection() => Ok(Answer::Fine),
        _ => Err(Miss::Unhealthy(format!("HTTP {status}"))),
    }
}

/// Returns how long the server asks not to be probed: a number of seconds, or a date that is
/// compared with the date of the reply (RFC 9110, 10.2.3). Returns zero if it is missing or
/// invalid.
fn retry_after(headers: &HeaderMap) -> Duration {
    let text = |name| headers.get(name)?.to_str().ok();
    let date = |name| httpdate::parse_http_date(text(name)?).ok();
    let seconds = || text(RETRY_AFTER)?.parse().ok().map(Duration::from_secs);
    let until = || date(RETRY_AFTER)?.duration_since(date(DATE)?).ok();
    seconds().or_else(until).unwrap_or_default()
}

/// Converts an error: a reply that is not HTTP is invalid, and a connection that ended counts as
/// reset.
fn miss(error: &hyper::Error) -> Miss {
    let io = error
        .source()
        .and_then(<dyn Error>::downcast_ref::<io::Error>);
    match io {
        _ if error.is_parse() => ProbeError::Failed(Failure::InvalidReply).into(),
        Some(io) => ProbeError::from(io::Error::from(io.kind())).into(),
        None => ProbeError::Failed(Failure::Reset).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "Wed, 25 Nov 2026 18:59:50 GMT";

    fn judged(status: u16, retry_after: Option<&str>) -> Result<Answer, Miss> {
        let mut response = Response::builder().status(status).header(DATE, NOW);
        if let Some(later) = retry_after {
            response = response.header(RETRY_AFTER, later);
        }
        judge(&response.body(()).unwrap())
    }

    const fn wait(seconds: u64) -> Answer {
        let wait = Duration::from_secs(seconds);
        Answer::Pushback { wait }
    }

    #[test]
    fn the_status_says_whether_it_is_alive() {
        for (status, later, answer) in [
            (200, None, Answer::Fine),
            (204, None, Answer::Fine),
            (304, None, Answer::Fine),
            (429, None, wait(0)),
            (429, Some("7"), wait(7)),
            (503, Some("5"), wait(5)),
        ] {
            assert_eq!(judged(status, later), Ok(answer), "{status}");
        }
        for status in [404, 500, 503] {
            assert!(matches!(judged(status, None), Err(Miss::Unhealthy(_))));
        }
    }

    #[test]
    fn a_date_is_held_against_the_servers_own_clock() {
        for (later, answer) in [
            ("Wed, 25 Nov 2026 19:00:20 GMT", wait(30)),
            (NOW, wait(0)),
            ("Wed, 25 Nov 2026 18:00:00 GMT", wait(0)), // the date has passed
            ("soon", wait(0)),
            ("-5", wait(0)),
            ("99999999999999999999", wait(0)),
        ] {
            assert_eq!(judged(503, Some(later)), Ok(answer), "{later}");
        }
    }
}
