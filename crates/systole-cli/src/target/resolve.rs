//! Names: looked up in the hosts file and in the DNS, off the path of the probes.
//!
//! The resolver of the C library gives no lifetime of a record and cannot be cancelled.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::config::{LookupIpStrategy, ResolveHosts};
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{Resolver, TokioResolver};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

/// The most lookups that run at the same time; others wait.
const LOOKUPS_MAX: usize = 64;
/// The longest lookup.
const LOOKUP_MAX: Duration = Duration::from_secs(10);
/// The shortest and the longest time for which a record is believed.
const TTL_MIN: Duration = Duration::from_secs(1);
const TTL_MAX: Duration = Duration::from_secs(3600);
/// The most addresses of a name that are tried.
const ADDRESSES_MAX: usize = 16;

static LOOKUPS: Semaphore = Semaphore::const_new(LOOKUPS_MAX);

/// The addresses of a name, and until when they are believed.
#[derive(Clone, Debug)]
pub(super) struct Records {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) expire: Instant,
}

/// Where names are looked up.
#[derive(Clone, Debug, Default)]
pub(super) enum Source {
    /// The hosts file and the servers of `/etc/resolv.conf`, which are read for every lookup, so
    /// that changes take effect.
    #[default]
    System,
    /// One server of a test.
    #[cfg(test)]
    Server(std::net::SocketAddr),
}

/// Looks up the first address of `host`, as for every target.
///
/// # Errors
/// The reason why there is none.
///
/// # Cancel safety
/// A lookup that is dropped has no effect.
pub(crate) async fn look_up(host: &str) -> Result<IpAddr, String> {
    let found = Source::default().look_up(host).await?;
    let first = found.addresses.first().copied();
    first.ok_or_else(|| "it has no address".into())
}

impl Source {
    /// Looks up all addresses of `host`.
    ///
    /// # Errors
    /// The reason why there is none.
    ///
    /// # Cancel safety
    /// A lookup that is dropped has no effect.
    pub(super) async fn look_up(&self, host: &str) -> Result<Records, String> {
        if !is_name(host) {
            return Err(
                "it is no name: between dots stand 1 to 63 bytes, and at most 253 in all".into(),
            );
        }
        let _turn = LOOKUPS.acquire().await.map_err(|error| error.to_string())?;
        let resolver = self.resolver().map_err(|error| error.to_string())?;
        let found = timeout(LOOKUP_MAX, resolver.lookup_ip(host)).await;
        let found = found.map_err(|_| "the name servers do not reply".to_owned())?;
        let found = found.map_err(|error| reason(&error.to_string()))?;
        let now = Instant::now();
        let lifetime = found
            .valid_until()
            .saturating_duration_since(now.into_std());
        let mut addresses: Vec<IpAddr> = found.iter().take(ADDRESSES_MAX).collect();
        addresses.sort_by_key(IpAddr::is_ipv6); // stable: keeps the order of the server otherwise
        if addresses.is_empty() {
            return Err("it has no address".into());
        }
        Ok(Records {
            addresses,
            expire: now + lifetime.clamp(TTL_MIN, TTL_MAX),
        })
    }

    fn resolver(&self) -> Result<TokioResolver, hickory_resolver::net::NetError> {
        let mut builder = match self {
            Self::System => TokioResolver::builder_tokio().unwrap_or_else(|_| local()),
            #[cfg(test)]
            Self::Server(address) => of_server(*address),
        };
        limit(builder.options_mut());
        builder.build()
    }
}

type Builder = hickory_resolver::ResolverBuilder<TokioRuntimeProvider>;

/// Without `/etc/resolv.conf` there is a server on this machine, or none.
fn local() -> Builder {
    let server = NameServerConfig::udp_and_tcp(std::net::Ipv4Addr::LOCALHOST.into());
    with(server)
}

fn with(server: NameServerConfig) -> Builder {
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    Resolver::builder_with_config(config, TokioRuntimeProvider::default())
}

#[cfg(test)]
fn of_server(address: std::net::SocketAddr) -> Builder {
    let mut server = NameServerConfig::udp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    with(server)
}

fn limit(options: &mut ResolverOpts) {
    options.cache_size = 0; // a lookup after a failure has to ask
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.use_hosts_file = ResolveHosts::Always;
    options.timeout = options.timeout.min(Duration::from_secs(3));
    options.attempts = options.attempts.min(2);
}

/// Returns whether a name server can be asked for `host` (RFC 1035, 2.3.4). A dot at its end is
/// allowed.
fn is_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| (1..=63).contains(&label.len());
    host.len() <= 253 && host.split('.').all(is_label)
}

/// Says in the words of a user what went wrong.
fn reason(error: &str) -> String {
    match error {
        _ if error.contains("no records found") => "it has no address".into(),
        _ if error.contains("timed out") => "the name servers do not reply".into(),
        _ => error.into(),
    }
}
