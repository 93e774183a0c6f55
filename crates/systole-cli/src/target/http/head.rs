//! The head of a reply: its status, and what its fields say of the body and of the next probe.

use std::mem::MaybeUninit;
use std::time::Duration;

use httparse::{Header, ParserConfig, Response, Status};
use hyper::StatusCode;
use systole::Failure;

use super::body::Body;

/// The most header fields of a reply, and the most that nearly all replies have.
const FIELDS_MAX: usize = 1_000;
const FIELDS_USUAL: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    /// Where a redirect leads.
    pub(super) location: Option<String>,
    /// How long the server asks not to be probed; zero if it does not.
    pub(super) retry_after: Duration,
    pub(super) body: Body,
    /// Whether the server keeps the connection for a further request.
    pub(super) is_kept: bool,
}

impl Head {
    /// Parses a head; returns it with its length, or `None` if it is not complete. A reply to a
    /// `HEAD` request has no body.
    ///
    /// # Errors
    /// It is no head, or has more than 1,000 fields.
    pub(super) fn parse(bytes: &[u8], to_head: bool) -> Result<Option<(Self, usize)>, Failure> {
        if matches!(bytes.first(), Some(b'\r' | b'\n')) {
            return Err(Failure::InvalidReply); // the parser would skip it, for ever if need be
        }
        let mut usual = [const { MaybeUninit::uninit() }; FIELDS_USUAL];
        match parse(bytes, &mut usual, to_head) {
            Err(httparse::Error::TooManyHeaders) => {
                let mut many = vec![MaybeUninit::uninit(); FIELDS_MAX];
                parse(bytes, &mut many, to_head)
            }
            parsed => parsed,
        }
        .map_err(|_| Failure::InvalidReply)?
        .transpose()
    }

    fn of(response: &Response<'_, '_>, to_head: bool) -> Result<Self, Failure> {
        let status = StatusCode::from_u16(response.code.unwrap_or_default());
        let status = status.map_err(|_| Failure::InvalidReply)?;
        let fields = Fields(response.headers);
        let body = fields.body(status, to_head)?;
        let location = || fields.bytes("location").next().map(String::from_utf8_lossy);
        let is_modern = response.version == Some(1);
        let is_told = |word| {
            fields
                .words("connection")
                .any(|one| one.eq_ignore_ascii_case(word))
        };
        Ok(Self {
            status,
            location: status
                .is_redirection()
                .then(|| location().map(String::from))
                .flatten(),
            retry_after: fields.retry_after(),
            body,
            is_kept: body != Body::UntilClose
                && !is_told("close")
                && (is_modern || is_told("keep-alive")),
        })
    }
}

type Parsed = Option<Result<(Head, usize), Failure>>;

fn parse<'a>(
    bytes: &'a [u8],
    fields: &mut [MaybeUninit<Header<'a>>],
    to_head: bool,
) -> Result<Parsed, httparse::Error> {
    let mut response = Response::new(&mut []);
    let parser = ParserConfig::default();
    let parsed = parser.parse_response_with_uninit_headers(&mut response, bytes, fields)?;
    let Status::Complete(length) = parsed else {
        return Ok(None);
    };
    Ok(Some(
        Head::of(&response, to_head).map(|head| (head, length)),
    ))
}

/// The header fields of a reply.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [Header<'a>]);

impl<'a> Fields<'a> {
    fn bytes(self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        let is_it = move |field: &&Header<'_>| field.name.eq_ignore_ascii_case(name);
        self.0.iter().filter(is_it).map(|field| field.value)
    }

    fn text(self, name: &'static str) -> Option<&'a str> {
        str::from_utf8(self.bytes(name).next()?).ok()
    }

    /// Returns the words of all fields of this name, which are lists.
    fn words(self, name: &'static str) -> impl Iterator<Item = &'a str> {
        let texts = self
            .bytes(name)
            .filter_map(|value| str::from_utf8(value).ok());
        texts.flat_map(|text| text.split(',')).map(str::trim)
    }

    /// Returns what follows the head (RFC 9112, 6.3).
    fn body(self, status: StatusCode, to_head: bool) -> Result<Body, Failure> {
        let is_bare = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if to_head || is_bare || status.is_informational() {
            return Ok(Body::Left(0));
        }
        if let Some(coding) = self.words("transfer-encoding").last() {
            let is_chunked = coding.eq_ignore_ascii_case("chunked");
            return Ok(if is_chunked {
                Body::Size
            } else {
                Body::UntilClose
            });
        }
        let mut lengths = self
            .bytes("content-length")
            .flat_map(|value| value.split(|&b| b == b','));
        let Some(first) = lengths.next() else {
            return Ok(Body::UntilClose);
        };
        let length = number(first).ok_or(Failure::InvalidReply)?;
        if lengths.any(|other| number(other) != Some(length)) {
            return Err(Failure::InvalidReply); // two of them contradict each other
        }
        Ok(Body::Left(length))
    }

    /// Returns how long the server asks not to be probed: a number of seconds, or a date that is
    /// compared with the date of the reply (RFC 9110, 10.2.3). Returns zero if it is missing or
    /// invalid.
    fn retry_after(self) -> Duration {
        let Some(later) = self.text("retry-after") else {
            return Duration::ZERO;
        };
        let seconds = later.parse().ok().map(Duration::from_secs);
        let until = || {
            let date = httpdate::parse_http_date(self.text("date")?).ok()?;
            let later = httpdate::parse_http_date(later).ok()?;
            later.duration_since(date).ok()
        };
        seconds.or_else(until).unwrap_or_default()
    }
}

/// Returns a number that is written in digits alone.
fn number(bytes: &[u8]) -> Option<u64> {
    let text = str::from_utf8(bytes.trim_ascii()).ok()?;
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Option<(Head, usize)>, Failure> {
        Head::parse(text.as_bytes(), false)
    }

    #[test]
    fn what_follows_a_head_is_told_by_its_status_and_fields() {
        for (text, body, is_kept) in [
            ("1.1 200 OK\r\nContent-Length: 5", Body::Left(5), true),
            ("1.1 200 OK\r\nContent-Length: 5, 5", Body::Left(5), true),
            ("1.0 200 OK\r\nContent-Length: 5", Body::Left(5), false),
            (
                "1.0 200\r\nContent-Length: 5\r\nConnection: Keep-Alive",
                Body::Left(5),
                true,
            ),
            (
                "1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, close",
                Body::Left(5),
                false,
            ),
            (
                "1.1 200 OK\r\nTransfer-Encoding: gzip, chunked",
                Body::Size,
                true,
            ),
            (
                "1.1 200 OK\r\nTransfer-Encoding: gzip",
                Body::UntilClose,
                false,
            ),
            ("1.1 200 OK\r\nServer: x", Body::UntilClose, false),
            (
                "1.1 204 No Content\r\nContent-Length: 5",
                Body::Left(0),
                true,
            ),
            (
                "1.1 304 Not Modified\r\nContent-Length: 5",
                Body::Left(0),
                true,
            ),
        ] {
            let whole = format!("HTTP/{text}\r\n\r\n");
            let (found, length) = head(&whole).unwrap().unwrap();
            assert_eq!((found.body, found.is_kept), (body, is_kept), "{text}");
            assert_eq!(length, whole.len());
        }
        let to_head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        let (found, _) = Head::parse(to_head, true).unwrap().unwrap();
        assert_eq!((found.body, found.is_kept), (Body::Left(0), true));
    }

    #[test]
    fn what_is_no_head_is_refused_as_soon_as_it_is_known() {
        assert_eq!(head("HTTP/1.1 200 OK\r\nServer"), Ok(None));
        for text in [
            "SSH-2.0-OpenSSH_9.2\r\n",
            "HTTP/2.0 200",
            "HTTP/1.1 099 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        ] {
            assert_eq!(head(text), Err(Failure::InvalidReply), "{text}");
        }
    }

    #[test]
    fn a_thousand_fields_are_read_and_no_more() {
        let with = |many| format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(many));
        assert!(matches!(head(&with(FIELDS_MAX)), Ok(Some(_))));
        assert_eq!(head(&with(FIELDS_MAX + 1)), Err(Failure::InvalidReply));
    }

    #[test]
    fn a_date_is_held_against_the_servers_own_clock() {
        const NOW: &str = "Wed, 25 Nov 2026 18:59:50 GMT";
        for (later, seconds) in [
            ("7", 7),
            ("Wed, 25 Nov 2026 19:00:20 GMT", 30),
            (NOW, 0),
            ("Wed, 25 Nov 2026 18:00:00 GMT", 0), // the date has passed
            ("soon", 0),
            ("-5", 0),
            ("99999999999999999999", 0),
        ] {
            let text = format!("HTTP/1.1 429 Slow\r\nDate: {NOW}\r\nRetry-After: {later}\r\n\r\n");
            let (found, _) = head(&text).unwrap().unwrap();
            assert_eq!(found.retry_after, Duration::from_secs(seconds), "{later}");
        }
    }
}
