//! gRPC: a probe calls `grpc.health.v1.Health/Check`. The round trip ends with the head of the
//! reply; `SERVING` proves life.

use std::error::Error;
use std::io;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, TE, USER_AGENT};
use hyper::rt::Executor;
use hyper::{Request, Response, StatusCode, Uri};
use systole::{Failure, ProbeError};
use tokio::time::Instant;

use super::background::Background;
use super::expiry::Expiry;
use super::link::{Answer, Miss};
use super::persistent::{Protocol, Session};
use super::stream::Stream;
use super::tls::{Tls, Trust};
use super::wire::Wire;
use super::{AGENT, Scheme, Target};
use crate::trouble::Trouble;

/// The longest reply in bytes. A longer one is invalid.
const ANSWER_MAX: usize = 1_024;
/// The most bytes that a server may send ahead: of a reply, of all replies, and of header fields.
const WINDOW: u32 = 64 * 1024;
/// The length of the prefix of a message: a compression flag and the message length.
const PREFIX: usize = 5;
/// The tags of the only field of request and reply: a string and a number.
const SERVICE: u8 = 0x0a;
const STATUS: u8 = 0x08;

pub(super) struct Grpc {
    request: Request<Full<Bytes>>,
    tls: Option<Tls>,
}

/// Returns the request to send to `target`, or `None` if its path is no service name.
pub(super) fn request(target: &Target) -> Option<Request<Full<Bytes>>> {
    let service = target.path.strip_prefix('/').unwrap_or(&target.path);
    let scheme = match target.scheme {
        Scheme::Grpcs => "https",
        _ => "http",
    };
    let uri = Uri::builder()
        .scheme(scheme)
        .authority(target.authority())
        .path_and_query("/grpc.health.v1.Health/Check")
        .build();
    let request = Request::post(uri.ok()?)
        .header(CONTENT_TYPE, "application/grpc")
        .header(TE, "trailers")
        .header(USER_AGENT, AGENT);
    request.body(question(service)?.into()).ok()
}

/// Encodes a `HealthCheckRequest` for one service or, if `service` is empty, for the whole server.
/// Returns `None` if the length of the name does not fit in one byte.
fn question(service: &str) -> Option<Vec<u8>> {
    let length = u8::try_from(service.len()).ok().filter(|&l| l < 0x80)?;
    let field = match length {
        0 => Vec::new(),
        _ => [&[SERVICE, length], service.as_bytes()].concat(),
    };
    let whole = u32::try_from(field.len()).ok()?.to_be_bytes();
    Some([&[0], &whole[..], &field].concat())
}

/// Returns the status in a `HealthCheckResponse`, or `None` if the message is invalid.
fn serving(message: &[u8]) -> Option<u8> {
    let (prefix, field) = message.split_at_checked(PREFIX)?;
    let length = u32::try_from(field.len()).ok()?.to_be_bytes();
    match (prefix == [&[0], &length[..]].concat(), field) {
        (true, []) => Some(0),
        (true, &[STATUS, status]) => Some(status),
        _ => None,
    }
}

impl Grpc {
    pub(super) fn new(target: &Target, trust: &Trust) -> Result<Self, Trouble> {
        let malformed =
            || Trouble::Target(target.to_string(), "a service has at most 127 bytes".into());
        let tls = Tls::wanted(target, trust, Some(b"h2"))?;
        let request = request(target).ok_or_else(malformed)?;
        Ok(Self { request, tls })
    }

    async fn shake_hands(&self, stream: Stream) -> Result<Calling, Miss> {
        let wire = Wire::new(stream);
        let mut builder = Builder::new(Tasks);
        builder
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_header_list_size(WINDOW);
        let (sender, connection) = builder
            .handshake(wire)
            .await
            .map_err(|error| miss(&error))?;
        Ok(Calling {
            request: self.request.clone(),
            sender,
            connection: Background::spawn(connection),
        })
    }
}

/// Spawns the background tasks of a connection, which end with it.
#[derive(Clone, Copy, Debug)]
struct Tasks;

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, task: F) {
        tokio::spawn(task);
    }
}

impl Protocol for Grpc {
    type Session = Calling;

    fn expiry(&self) -> Option<Expiry> {
        self.tls.as_ref().map(Tls::expiry)
    }

    async fn begin(&self, stream: Stream, _: &str) -> Result<Calling, Miss> {
        match &self.tls {
            Some(tls) => self.shake_hands(tls.connect(stream).await?).await,
            None => self.shake_hands(stream).await,
        }
    }
}

pub(super) struct Calling {
    request: Request<Full<Bytes>>,
    sender: SendRequest<Full<Bytes>>,
    connection: Background<hyper::Error>,
}

impl Session for Calling {
    async fn ask(&mut self) -> Result<(Answer, Instant), Miss> {
        self.connection.expect_sense(miss).await?;
        let sent = self.sender.send_request(self.request.clone()).await;
        let response = sent.map_err(|error| miss(&error))?;
        let at = Instant::now();
        judge(response).await?;
        Ok((Answer::Fine, at))
    }
}

/// Reads the reply to its end, which contains the status of the call.
async fn judge(response: Response<Incoming>) -> Result<(), Miss> {
    if response.status() != StatusCode::OK {
        return Err(Miss::Unhealthy(format!("HTTP {}", response.status())));
    }
    let (head, mut body) = response.into_parts();
    let (mut message, mut end) = (Vec::new(), head.headers);
    while let Some(frame) = body.frame().await {
        match frame.map_err(|error| miss(&error))?.into_data() {
            Ok(data) => message.extend_from_slice(&data),
            Err(frame) => end.extend(frame.into_trailers().unwrap_or_default()),
        }
        if message.len() > ANSWER_MAX {
            return Err(ProbeError::Failed(Failure::InvalidReply).into());
        }
    }
    succeeded(&end)?;
    match serving(&message) {
        Some(1) => Ok(()),
        Some(2) => Err(Miss::Unhealthy("gRPC: not serving".into())),
        Some(_) => Err(Miss::Unhealthy("gRPC: unknown".into())),
        None => Err(ProbeError::Failed(Failure::InvalidReply).into()),
    }
}

/// Returns the result of a call from its trailers. Without a status the peer does not speak gRPC.
fn succeeded(end: &HeaderMap) -> Result<(), Miss> {
    let text = |name| end.get(name).map(HeaderValue::as_bytes);
    let Some(status) = text("grpc-status") else {
        return Err(ProbeError::Failed(Failure::InvalidReply).into());
    };
    if status == b"0" {
        return Ok(());
    }
    let status = String::from_utf8_lossy(status);
    let why = String::from_utf8_lossy(text("grpc-message").unwrap_or_default());
    Err(Miss::Unhealthy(format!("gRPC status {status}: {why}")))
}

/// Converts an error: a reply that is not HTTP/2 is invalid, and a connection that ended counts as
/// reset.
fn miss(error: &hyper::Error) -> Miss {
    let source = || error.source();
    let io = source().and_then(<dyn Error>::downcast_ref::<io::Error>);
    let h2 = source().and_then(<dyn Error>::downcast_ref::<h2::Error>);
    match (io, h2) {
        (Some(io), _) => ProbeError::from(io::Error::from(io.kind())).into(),
        (None, Some(h2)) if h2.is_library() => ProbeError::Failed(Failure::InvalidReply).into(),
        _ => ProbeError::Failed(Failure::Reset).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_what_a_server_expects() {
        assert_eq!(question("").unwrap(), [0; 5]);
        assert_eq!(question("a.B").unwrap(), *b"\0\0\0\0\x05\x0a\x03a.B");
        assert_eq!(question(&"x".repeat(128)), None);
    }

    #[test]
    fn answers_are_made_out_and_what_is_none_is_garbage() {
        assert_eq!(serving(b"\0\0\0\0\x02\x08\x01"), Some(1));
        assert_eq!(serving(b"\0\0\0\0\x02\x08\x02"), Some(2));
        assert_eq!(serving(b"\0\0\0\0\0"), Some(0)); // protobuf omits default values
        for garbage in [
            &b""[..],
            b"\0\0\0",
            b"\0\0\0\0\x02\x08",
            b"\0\0\0\0\x03\x08\x01",
            b"\x01\0\0\0\x02\x08\x01",
            b"\0\0\0\0\x02\x10\x01",
        ] {
            assert_eq!(serving(garbage), None, "{garbage:?}");
        }
    }

    #[test]
    fn a_call_that_failed_says_why() {
        let end = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs
                .iter()
                .map(|&(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
            succeeded(&pairs.collect::<HeaderMap>())
        };
        assert_eq!(end(&[("grpc-status", "0")]), Ok(()));
        let why = "gRPC status 5: unknown service".to_owned();
        let not_found = [("grpc-status", "5"), ("grpc-message", "unknown service")];
        assert_eq!(end(&not_found), Err(Miss::Unhealthy(why)));
        assert_eq!(
            end(&[]),
            Err(ProbeError::Failed(Failure::InvalidReply).into())
        );
    }
}
