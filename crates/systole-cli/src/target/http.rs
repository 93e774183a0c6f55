//! HTTP: a probe is a request. The round trip ends with the first byte of the reply; status and
//! body decide whether it proves life.
//!
//! A connection asks the same thing again and again, so the bytes of the request are made once, and
//! nothing is kept of a reply. A general client would cost several times the memory and the time.

mod body;
mod head;
mod reply;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use self::body::Body;
use self::head::Head;
use self::reply::Reader;
use super::expiry::Expiry;
use super::link::{Answer, Miss};
use super::options::{Options, Statuses};
use super::persistent::{Protocol, Session};
use super::secret::Secret;
use super::stream::Stream;
use super::tls::{Tls, Trust};
use super::{AGENT, Target};
use crate::trouble::Trouble;

/// The longest body that is read, in bytes. After a longer one the connection is not used again.
const BODY_MAX: usize = 64 * 1024;

pub(super) struct Http {
    request: Request<()>,
    options: Options,
    expected: Arc<Expected>,
    tls: Option<Tls>,
}

/// Returns the request to send to `target`, or `None` if its path is invalid.
pub(super) fn request(target: &Target) -> Option<Request<()>> {
    let path = match &*target.path {
        "" => "/",
        path => path,
    };
    let path = match path.strip_prefix('?') {
        Some(query) => format!("/?{query}"),
        None => path.into(),
    };
    let mut request = Request::builder()
        .method(Method::from(target.options.method))
        .uri(path.parse::<Uri>().ok()?)
        .header(HOST, target.short_authority())
        .header(USER_AGENT, AGENT)
        .body(())
        .ok()?;
    for (name, value) in &target.options.headers {
        let name: HeaderName = name.parse().ok()?;
        request
            .headers_mut()
            .insert(name, HeaderValue::from_str(value).ok()?);
    }
    if request.method() == Method::POST {
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    Some(request)
}

/// Returns the bytes of a request.
fn written(request: &Request<()>) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

impl Http {
    pub(super) fn new(target: &Target, trust: &Trust) -> Result<Self, Trouble> {
        let malformed =
            || Trouble::Target(target.to_string(), "the path is not one of HTTP".into());
        Ok(Self {
            request: request(target).ok_or_else(malformed)?,
            options: (*target.options).clone(),
            expected: Arc::new(Expected::of(&target.options)),
            tls: Tls::wanted(target, trust, Some(b"http/1.1"))?,
        })
    }

    /// Returns the bytes of the request with user and password, if there are any.
    fn signed(&self) -> Result<Vec<u8>, Miss> {
        let mut request = self.request.clone();
        if let Some(value) = authorization(&self.options)? {
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        Ok(written(&request))
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

    fn expiry(&self) -> Option<Expiry> {
        self.tls.as_ref().map(Tls::expiry)
    }

    async fn begin(&self, stream: Stream, _: &str) -> Result<Asking, Miss> {
        let stream = match &self.tls {
            Some(tls) => tls.connect(stream).await?,
            None => stream,
        };
        Ok(Asking {
            request: self.signed()?,
            to_head: self.request.method() == Method::HEAD,
            expected: Arc::clone(&self.expected),
            stream,
            reader: Reader::default(),
            left: None,
        })
    }
}

/// A connection, over which the same request is sent again and again.
pub(super) struct Asking {
    request: Vec<u8>,
    to_head: bool,
    expected: Arc<Expected>,
    stream: Stream,
    reader: Reader,
    /// The body of the last reply, if the connection is of use after it.
    left: Option<Body>,
}

impl Session for Asking {
    async fn ask(&mut self) -> Result<(Answer, Instant), Miss> {
        self.reader.expect_silence(&mut self.stream).await?;
        self.stream.write_all(&self.request).await?;
        self.stream.flush().await?;
        let (head, at) = self.reader.head(&mut self.stream, self.to_head).await?;
        let answer = self.expected.judge(&head)?;
        self.left = head.is_kept.then_some(head.body);
        let expected = Arc::clone(&self.expected);
        if let Some(text) = &expected.body {
            self.expect(text, head.body).await?;
        }
        Ok((answer, at))
    }

    async fn finish(&mut self) -> bool {
        let Some(body) = self.left.take() else {
            return false;
        };
        let stream = &mut self.stream;
        self.reader.body(stream, body, BODY_MAX, |_| {}).await
    }
}

impl Asking {
    /// Reads the body, which has to contain `text`. A longer one is not read to its end.
    async fn expect(&mut self, text: &str, body: Body) -> Result<(), Miss> {
        let mut whole = Vec::new();
        let part = |part: &[u8]| whole.extend_from_slice(part);
        let stream = &mut self.stream;
        let is_all = self.reader.body(stream, body, BODY_MAX, part).await;
        self.left = self.left.filter(|_| is_all).map(|_| Body::Left(0));
        let mut parts = whole.windows(text.len());
        let missing = || Miss::Unhealthy("HTTP: the body does not contain what is expected".into());
        let is_in = parts.any(|part| part == text.as_bytes());
        is_in.then_some(()).ok_or_else(missing)
    }
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
    fn judge(&self, head: &Head) -> Result<Answer, Miss> {
        let status = head.status;
        if let Some(statuses) = &self.statuses {
            return if statuses.contain(status.as_u16()) {
                Ok(Answer::Fine)
            } else {
                Err(unhealthy(head))
            };
        }
        match status {
            StatusCode::TOO_MANY_REQUESTS => Ok(Answer::Pushback {
                wait: head.retry_after,
            }),
            _ if status.is_success() || status.is_redirection() => Ok(Answer::Fine),
            _ => Err(unhealthy(head)),
        }
    }
}

fn unhealthy(head: &Head) -> Miss {
    let status = head.status;
    let note = match &head.location {
        Some(place) => format!("HTTP {status}, to {place}"),
        None => format!("HTTP {status}"),
    };
    if head.retry_after.is_zero() {
        Miss::Unhealthy(note)
    } else {
        let wait = head.retry_after;
        Miss::Busy { note, wait }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn head(status: u16, retry_after: &str) -> Head {
        let text = format!("HTTP/1.1 {status} x\r\nRetry-After: {retry_after}\r\n\r\n");
        Head::parse(text.as_bytes(), false).unwrap().unwrap().0
    }

    fn judged(status: u16, retry_after: &str) -> Result<Answer, Miss> {
        Expected::default().judge(&head(status, retry_after))
    }

    const fn wait(seconds: u64) -> Answer {
        let wait = Duration::from_secs(seconds);
        Answer::Pushback { wait }
    }

    #[test]
    fn the_status_says_whether_it_is_alive() {
        for (status, later, answer) in [
            (200, "", Answer::Fine),
            (204, "", Answer::Fine),
            (304, "", Answer::Fine),
            (429, "", wait(0)),
            (429, "7", wait(7)),
        ] {
            assert_eq!(judged(status, later), Ok(answer), "{status}");
        }
        for status in [404, 500, 503] {
            assert!(matches!(judged(status, ""), Err(Miss::Unhealthy(_))));
        }
        let wait = Duration::from_secs(5);
        assert!(matches!(judged(503, "5"), Err(Miss::Busy { wait: w, .. }) if w == wait));
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
            assert_eq!(
                expected.judge(&head(status, "")).is_ok(),
                is_well,
                "{status}"
            );
        }
    }

    #[test]
    fn a_request_is_what_the_options_say() {
        let text =
            "http://me@h:80/x?q=1#method=HEAD&header=host:other&header=X-A:b&password_file=none";
        let target: Target = text.parse().unwrap();
        let request = request(&target).unwrap();
        let expected =
            format!("HEAD /x?q=1 HTTP/1.1\r\nhost: other\r\nuser-agent: {AGENT}\r\nx-a: b\r\n\r\n");
        assert_eq!(String::from_utf8(written(&request)).unwrap(), expected);
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
    fn a_post_says_that_it_has_no_body() {
        let target: Target = "http://h#method=POST".parse().unwrap();
        let bytes = written(&request(&target).unwrap());
        assert!(bytes.ends_with(b"\r\ncontent-length: 0\r\n\r\n"));
    }
}
