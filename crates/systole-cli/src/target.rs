//! Targets, and the links over which they are probed.

mod address;
mod background;
mod datagram;
mod demo;
mod descriptors;
#[cfg(target_os = "linux")]
mod etcd;
mod expiry;
mod grpc;
mod http;
#[cfg(unix)]
mod icmp;
mod link;
mod name;
mod open;
mod options;
mod parse;
mod persistent;
mod place;
mod postgres;
#[cfg(unix)]
mod prompt;
mod redis;
mod resolve;
mod resp;
mod scheme;
mod secret;
mod stream;
mod tcp;
mod tls;
mod udp;
mod wire;

pub(crate) use address::Target;
pub(crate) use descriptors::raise_limit;
#[cfg(target_os = "linux")]
pub(crate) use etcd::{Etcd, EtcdSession};
pub(crate) use link::{Answer, Arrival, Herald, Inbox, Link, LinkEvent, Miss, inbox};
#[cfg(target_os = "linux")]
pub(crate) use persistent::Protocol;
#[cfg(target_os = "linux")]
pub(crate) use place::Place;
#[cfg(target_os = "linux")]
pub(crate) use postgres::{Database as PostgresSession, Postgres};
#[cfg(target_os = "linux")]
pub(crate) use redis::{Asking as RedisSession, Redis};
pub(crate) use resolve::look_up;
pub(crate) use scheme::Scheme;
pub(crate) use tls::Trust;

/// The user agent sent in protocols that have a field for it.
const AGENT: &str = concat!("systole/", env!("CARGO_PKG_VERSION"));
