//! HTTP: a probe is a request. The round trip ends with the first byte of the reply; status and
//! body decide whether it proves life.

use std::error::Error;
use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{
    AUTHORIZATION, DATE, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
    USER_AGENT,
};
use hyper::{Request, Response, StatusCode, Uri};
use systole::{Failure, ProbeError};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::link::{Answer, Miss};
use super::options::{Options, Statuses};
use super::persistent::{Protocol, Session};
use super::secret::Secret;
use super::stream::Stream;
use super::tls::{Tls, Trust};
use super::wire::{FirstByte, Wire};
use super::{AGENT, Target};
use crate::trouble::Trouble;

/// The longest body that is read, in bytes. After a longer one the connection is not used again.
const BODY_MAX: usize = 64 * 1024;
/// The most header fields of a reply, and the most bytes that they have.
const HEADERS_MAX: usize = 1_000;
const HEAD_MAX: usize = 256 * 1024;

pub(super) struct Http {
    request: Request<Empty<Bytes>>,
    options: Options,
    tls: Option<Tls>,
}

/// Returns the request to send to `target`, or `None` if its path is invalid.
pub(super) fn request(target: &Target) -> Option<Request<Empty<Bytes>>> {
    let path = match &*target.path {
        "" => "/",
        path => path,
    };
    let path = match path.strip_prefix('?') {
        Some(query) => format!("/?{query}"),
        None => path.into(),
    };
    let mut request = Request::builder()
        .method(hyper::Method::from(target.options.method))
        .uri(path.parse::<Uri>().ok()?)
        .header(HOST, target.short_authority())
        .header(USER_AGENT, AGENT)
        .body(Empty::new())
        .ok()?;
    for (name, value) in &target.options.headers {
        let name: HeaderName = name.parse().ok()?;
        request
            .headers_mut()
            .insert(name, HeaderValue::from_str(value).ok()?);
    }
    Some(request)
}

impl Http {
    pub(super) fn new(target: &Target, trust: &Trust) -> Result<Self, Trouble> {
        let malformed =
            || Trouble::Target(target.to_string(), "the path is not one of HTTP".into());
        Ok(Self {
            request: request(target).ok_or_else(malformed)?,
            options: (*target.options).clone(),
            tls: Tls::wanted(target, trust, Some(b"http/1.1"))?,
        })
    }

    /// Returns the request with user and password, if there are any.
    fn signed(&self) -> Result<Request<Empty<Bytes>>, Miss> {
        let mut request = self.request.clone();
        if let Some(value) = authorization(&self.options)? {
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        Ok(request)
    }

    async fn shake_hands(&self, stream: Stream) -> Result<Asking, Miss> {
        let first_byte = FirstByte::default();
        let wire = Wire::new(stream, first_byte.clone());
        let mut builder = Builder::new();
        builder.max_headers(HEADERS_MAX).max_buf_size(HEAD_MAX);
        let (sender, connection) = builder
            .handshake(wire)
            .await
            .map_err(|error| miss(&error))?;
        // the sender returns the errors of the connection
        let connection = tokio::spawn(async move { drop(connection.await) });
        Ok(Asking {
            request: self.signed()?,
            expected: Expected::of(&self.options),
            sender,
            first_byte,
            body: None,
            _connection: AbortOnDropHandle::new(connection),
        })
    }
}

/// Returns the field for basic authentication (RFC 7617).
fn authorization(options: &Options) -> Result<Option<HeaderValue>, Miss> {
    let (None, None) = (&options.user, &options.password) else {
        let user = options.user.as_deref().unwrap_or_default();
        let password = options.password.as_ref().map(Secret::read);
        let password = password
            .transpose()
            .map_err(Miss::Unsent)?
            .unwrap_or_default();
        let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let mut value = HeaderValue::from_str(&text).map_err(|_| Miss::Unsent("no user".into()))?;
        value.set_sensitive(true);
        return Ok(Some(value));
    };
    Ok(None)
}

impl Protocol for Http {
    type Session = Asking;

    async fn begin(&self, stream: Stream, _: &str) -> Result<Asking, Miss> {
        match &self.tls {
            Some(tls) => self.shake_hands(tls.connect(stream).await?).await,
            None => self.shake_hands(stream).await,
        }
    }
}

pub(super) struct Asking {
    request: Request<Empty<Bytes>>,
    expected: Expected,
    sender: SendRequest<Empty<Bytes>>,
    first_byte: FirstByte,
    body: Option<Incoming>,
    _connection: AbortOnDropHandle<()>,
}

impl Session for Asking {
    async fn ask(&mut self) -> Result<(Answer, Instant), Miss> {
        self.first_byte.take();
        let sent = self.sender.send_request(self.request.clone()).await;
        let response = sent.map_err(|error| miss(&error))?;
        let at = self.first_byte.take().unwrap_or_else(Instant::now);
        let answer = self.expected.judge(&response)?;
        self.body = Some(response.into_body());
        if let Some(text) = self.expected.body.clone() {
            self.expect(&text).await?;
        }
        Ok((answer, at))
    }

    async fn finish(&mut self) -> bool {
        let Some(body) = self.body.take() else {
            return false;
        };
        read(body, BODY_MAX, |_| {}).await && self.sender.ready().await.is_ok()
    }
}

impl Asking {
    /// Reads the body, which has to contain `text`. A longer one is not read to its end.
    async fn expect(&mut self, text: &str) -> Result<(), Miss> {
        let mut whole = Vec::new();
        if let Some(body) = self.body.take() {
            read(body, BODY_MAX, |part| whole.extend_from_slice(part)).await;
        }
        let is_in = whole
            .windows(text.len())
            .any(|part| part == text.as_bytes());
        let missing = || Miss::Unhealthy("HTTP: the body does not contain what is expected".into());
        is_in.then_some(()).ok_or_else(missing)
    }
}

/// Passes on the parts of a body, up to `most` bytes; returns whether that was all.
async fn read(mut body: Incoming, most: usize, mut part: impl FnMut(&[u8])) -> bool {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return false;
        };
        let data = frame.data_ref().map_or(&[][..], Bytes::as_ref);
        length += data.len();
        if length > most {
            return false;
        }
        part(data);
    }
    true
}

/// What a reply has to be like.
#[derive(Clone, Debug, Default)]
struct Expected {
    statuses: Option<Statuses>,
    body: Option<String>,
}

impl Expected {
    fn of(options: &Options) -> Self {
        Self {
            statuses: options.statuses.clone(),
            body: options.body.clone(),
        }
    }

    /// Judges by the status. A server that says when to come back is not ready until then.
    fn judge<B>(&self, response: &Response<B>) -> Result<Answer, Miss> {
        let (status, headers) = (response.status(), response.headers());
        if let Some(statuses) = &self.statuses {
            return if statuses.contain(status.as_u16()) {
                Ok(Answer::Fine)
            } else {
                Err(unhealthy(status, headers))
            };
        }
        match status {
            StatusCode::TOO_MANY_REQUESTS => Ok(Answer::Pushback {
                wait: retry_after(headers),
            }),
            _ if status.is_success() || status.is_redirection() => Ok(Answer::Fine),
            _ => Err(unhealthy(status, headers)),
        }
    }
}

fn unhealthy(status: StatusCode, headers: &HeaderMap) -> Miss {
    let place = headers.get(LOCATION).filter(|_| status.is_redirection());
    let note = match place {
        Some(place) => {
            let place = String::from_utf8_lossy(place.as_bytes());
            format!("HTTP {status}, to {place}")
        }
        None => format!("HTTP {status}"),
    };
    match retry_after(headers) {
        Duration::ZERO => Miss::Unhealthy(note),
        wait => Miss::Busy { note, wait },
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
        Expected::default().judge(&response.body(()).unwrap())
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
        ] {
            assert_eq!(judged(status, later), Ok(answer), "{status}");
        }
        for status in [404, 500, 503] {
            assert!(matches!(judged(status, None), Err(Miss::Unhealthy(_))));
        }
        let wait = Duration::from_secs(5);
        assert!(matches!(judged(503, Some("5")), Err(Miss::Busy { wait: w, .. }) if w == wait));
    }

    #[test]
    fn statuses_that_are_expected_take_the_place_of_the_usual_ones() {
        let target: Target = "http://h#status=404,500-503".parse().unwrap();
        let expected = Expected::of(&target.options);
        for (status, is_well) in [
            (404, true),
            (502, true),
            (200, false),
            (302, false),
            (429, false),
        ] {
            let response = Response::builder().status(status).body(()).unwrap();
            assert_eq!(expected.judge(&response).is_ok(), is_well, "{status}");
        }
    }

    #[test]
    fn a_request_is_what_the_options_say() {
        let text =
            "http://me@h:80/x?q=1#method=HEAD&header=host:other&header=X-A:b&password_file=none";
        let target: Target = text.parse().unwrap();
        let request = request(&target).unwrap();
        assert_eq!(request.method(), "HEAD");
        assert_eq!(request.uri(), "/x?q=1");
        assert_eq!(request.headers()[HOST], "other");
        assert_eq!(request.headers()["x-a"], "b");
        assert!(matches!(
            authorization(&target.options),
            Err(Miss::Unsent(_))
        ));
        let target: Target = "http://Aladdin:open%20sesame@h".parse().unwrap();
        let value = authorization(&target.options).unwrap().unwrap();
        assert_eq!(value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="); // RFC 7617, 2
        assert!(!format!("{value:?}").contains("QWxh"));
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
            assert_eq!(judged(429, Some(later)), Ok(answer), "{later}");
        }
    }
}
