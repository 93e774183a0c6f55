//! Opens links: chooses how each scheme probes.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio::net::UdpSocket;

use super::link::{Herald, Link};
use super::place::Place;
use super::tls::Trust;
use super::{Scheme, Target, datagram, demo, grpc, http, persistent, postgres, redis, tcp};
use crate::trouble::Trouble;

impl Link {
    /// Opens a link to `target` once an address of it is known, or all lookups have ended: a probe
    /// never waits for one.
    ///
    /// # Errors
    /// A file of certificates cannot be used. A name that has no address is no error: it is looked
    /// up again with each probe.
    ///
    /// # Cancel safety
    /// Lookups that are dropped have no effect.
    pub(crate) async fn open(
        target: &Target,
        trust: &Trust,
        news: Herald,
    ) -> Result<Self, Trouble> {
        let places = target.places();
        one_is_known(&places).await;
        Self::to(target, places, trust, news)
    }

    fn to(
        target: &Target,
        mut places: Vec<Place>,
        trust: &Trust,
        news: Herald,
    ) -> Result<Self, Trouble> {
        Ok(match target.scheme {
            Scheme::Tcp => {
                let place = Arc::new(places.remove(0));
                Self::of_tasks(news, move |request, news| {
                    tcp::probe(Arc::clone(&place), request, news)
                })
            }
            Scheme::Udp => {
                let place = places.remove(0);
                Self::of_socket(news, |post| datagram::run::<UdpSocket>(place, post))
            }
            Scheme::Icmp => Self::ping(places.remove(0), news)?,
            Scheme::Redis | Scheme::Rediss | Scheme::RedisUnix => {
                persistent::link(redis::Redis::new(target, trust)?, places, news)
            }
            Scheme::Http | Scheme::Https => {
                persistent::link(http::Http::new(target, trust)?, places, news)
            }
            Scheme::Grpc | Scheme::Grpcs => {
                persistent::link(grpc::Grpc::new(target, trust)?, places, news)
            }
            Scheme::Postgres => {
                persistent::link(postgres::Postgres::new(target, trust)?, places, news)
            }
        })
    }

    #[cfg(unix)]
    #[expect(
        clippy::unnecessary_wraps,
        reason = "other systems have no such socket"
    )]
    fn ping(place: Place, news: Herald) -> Result<Self, Trouble> {
        let run = |post| datagram::run::<super::icmp::Pinger>(place, post);
        Ok(Self::of_socket(news, run))
    }

    #[cfg(not(unix))]
    fn ping(_: Place, _: Herald) -> Result<Self, Trouble> {
        Err(Trouble::Scheme("icmp".into()))
    }

    /// Opens a link to the built-in demo peer; returns the link and its name.
    pub(crate) async fn demo(port: u16, news: Herald) -> Result<(Self, String), Trouble> {
        let address = demo::start(port, news.clone()).await?;
        let place = Place::of(&address.ip().to_string(), address.port());
        let link = Self::of_socket(news, |post| datagram::run::<UdpSocket>(place, post));
        Ok((link, format!("udp://{address} (played)")))
    }
}

/// Waits until an address of one of `places` is known, or the lookups of all have ended.
async fn one_is_known(places: &[Place]) {
    let mut lookups: Vec<_> = places
        .iter()
        .map(|place| Box::pin(place.looked_up()))
        .collect();
    poll_fn(|context| {
        lookups.retain_mut(|lookup| lookup.as_mut().poll(context).is_pending());
        let is_known = places.iter().any(Place::is_known);
        if lookups.is_empty() || is_known {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use systole::{Config, Instant, Monitor, Output};
    use tokio::time::timeout;

    use super::super::link::{LinkEvent, Miss, inbox};
    use super::super::resolve::Source;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The resolver never replies. A probe that waited for it would become overdue.
    #[tokio::test]
    async fn while_a_name_is_looked_up_probes_of_every_scheme_are_not_sent() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let config = Config::every(SECOND).seed(1).without_initial_delay();
        let mut monitor = Monitor::new(config.build().unwrap(), Instant::ZERO).unwrap();
        let Output::Send(id) = monitor.poll(Instant::ZERO) else {
            panic!("the first probe is due");
        };
        for target in [
            "tcp://h:1",
            "udp://h:1",
            "redis://h",
            "http://h",
            "grpc://h:1",
            "postgres://h,h:2",
        ] {
            let target: Target = target.parse().unwrap();
            let source = || Source::Server(silent.local_addr().unwrap());
            let host = |host: &super::super::address::Host| {
                Place::named("silent.test", host.port, source())
            };
            let places = target.hosts.iter().map(host).collect();
            let (herald, mut inbox) = inbox();
            let mut link = Link::to(&target, places, &Trust::default(), herald).unwrap();
            assert!(link.send(id, 5 * SECOND));
            let news = timeout(SECOND, inbox.recv()).await.unwrap();
            let Some(LinkEvent::Arrival(arrival)) = news else {
                panic!("{target}: {news:?}");
            };
            assert!(
                matches!(arrival.result, Err(Miss::Unsent(_))),
                "{target}: {arrival:?}"
            );
        }
    }
}
