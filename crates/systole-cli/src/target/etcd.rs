//! etcd: requests to its JSON gateway, which needs nothing but HTTP.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use systole::{Failure, ProbeError};

use super::background::Background;
use super::link::Miss;
use super::options::Options;
use super::secret::without;
use super::stream::Stream;
use super::tls::{Tls, Trust};
use super::{AGENT, Target};
use crate::trouble::Trouble;

/// The longest reply, in bytes.
const REPLY_MAX: usize = 256 * 1024;

pub(crate) struct Etcd {
    options: Options,
    tls: Option<Tls>,
    authority: String,
}

impl Etcd {
    pub(crate) fn new(target: &Target, trust: &Trust) -> Result<Self, Trouble> {
        Ok(Self {
            options: (*target.options).clone(),
            tls: Tls::wanted(target, trust, Some(b"http/1.1"))?,
            authority: target.short_authority(),
        })
    }

    /// Sets up a connection, and logs in where there is a user.
    pub(crate) async fn begin(&self, stream: Stream) -> Result<EtcdSession, Miss> {
        let stream = match &self.tls {
            Some(tls) => tls.connect(stream).await?,
            None => stream,
        };
        let (requests, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        let mut session = EtcdSession {
            requests,
            authority: self.authority.clone(),
            token: None,
            connection: Background::spawn(connection),
        };
        self.log_in(&mut session).await?;
        Ok(session)
    }

    async fn log_in(&self, session: &mut EtcdSession) -> Result<(), Miss> {
        let Some(password) = &self.options.password else {
            return Ok(());
        };
        let password = password.read().map_err(Miss::Unsent)?;
        let name = self.options.user.as_deref().unwrap_or_default();
        let request = json!({ "name": name, "password": &*password });
        let reply = session.call("auth/authenticate", &request).await?;
        let reply = reply.map_err(|refused| refused.into_miss(Some(&password)))?;
        let token = reply.get("token").and_then(Value::as_str);
        let token = token.and_then(|token| HeaderValue::from_str(token).ok());
        let mut token = token.ok_or_else(invalid)?;
        token.set_sensitive(true);
        session.token = Some(token);
        Ok(())
    }
}

/// A connection to the gateway, logged in.
pub(crate) struct EtcdSession {
    requests: SendRequest<Full<Bytes>>,
    authority: String,
    token: Option<HeaderValue>,
    connection: Background<hyper::Error>,
}

/// An error that etcd reported, with the code of gRPC.
#[derive(Debug)]
pub(crate) struct Refused {
    code: u64,
    message: String,
}

impl Refused {
    /// Returns whether etcd does not know what was named.
    pub(crate) const fn is_not_found(&self) -> bool {
        self.code == 5
    }

    pub(crate) fn into_miss(self, secret: Option<&str>) -> Miss {
        Miss::Unhealthy(format!("etcd: {}", without(&self.message, secret)))
    }
}

impl EtcdSession {
    /// Calls `name` and returns the reply, or the first one of a stream.
    ///
    /// # Errors
    /// The connection broke, or the reply is none of etcd.
    pub(crate) async fn call(
        &mut self,
        name: &str,
        request: &Value,
    ) -> Result<Result<Value, Refused>, Miss> {
        let mut head = Request::post(format!("/v3/{name}"))
            .header(HOST, &self.authority)
            .header(USER_AGENT, AGENT)
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            head = head.header(AUTHORIZATION, token);
        }
        let body = Full::new(Bytes::from(request.to_string()));
        let request = head.body(body).map_err(|_| invalid())?;
        self.connection.expect_sense(broken).await?;
        self.requests
            .ready()
            .await
            .map_err(|error| broken(&error))?;
        let reply = self
            .requests
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        let status = reply.status();
        let body = Limited::new(reply.into_body(), REPLY_MAX).collect().await;
        let body = body.map_err(|_| invalid())?.to_bytes();
        read(status, &body)
    }
}

fn read(status: StatusCode, body: &[u8]) -> Result<Result<Value, Refused>, Miss> {
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    let first = values.next().and_then(Result::ok);
    let Some(first) = first.filter(Value::is_object) else {
        return match status {
            StatusCode::OK => Err(invalid()),
            status => Err(Miss::Unhealthy(format!("etcd: HTTP {status}"))),
        };
    };
    if let Some(message) = text(&first, "error").or_else(|| text(&first, "message")) {
        let code = first.get("code").and_then(Value::as_u64).unwrap_or(0);
        let message = message.to_owned();
        return Ok(Err(Refused { code, message }));
    }
    Ok(Ok(first))
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn invalid() -> Miss {
    ProbeError::Failed(Failure::InvalidReply).into()
}

fn broken(error: &hyper::Error) -> Miss {
    if error.is_parse() {
        return invalid();
    }
    ProbeError::Failed(Failure::Reset).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_a_value_an_error_or_invalid() {
        let ok = StatusCode::OK;
        let reply = read(ok, b"{\"a\":1}\n{\"a\":2}").unwrap().unwrap();
        assert_eq!(reply, json!({ "a": 1 }), "the first one of a stream");
        let body = br#"{"error":"etcdserver: requested lease not found","code":5}"#;
        let refused = read(StatusCode::NOT_FOUND, body).unwrap().unwrap_err();
        assert!(refused.is_not_found());
        for body in [&b""[..], b"<html>", b"[1]", b"{"] {
            assert!(read(ok, body).is_err(), "{body:?}");
        }
        let miss = read(StatusCode::BAD_GATEWAY, b"<html>").unwrap_err();
        assert_eq!(miss.note(), Some("etcd: HTTP 502 Bad Gateway"));
    }

    #[test]
    fn a_password_that_etcd_repeats_is_not_told() {
        let refused = Refused {
            code: 3,
            message: "authentication failed, hunter2".into(),
        };
        let miss = refused.into_miss(Some("hunter2"));
        assert!(!miss.note().unwrap().contains("hunter2"));
    }
}
