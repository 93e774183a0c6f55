//! Opens links: chooses how each scheme probes.

use std::sync::Arc;

use tokio::net::UdpSocket;

use super::link::{Herald, Link};
use super::place::Place;
use super::tls::Trust;
use super::{Scheme, Target, datagram, demo, grpc, http, persistent, postgres, redis, tcp};
use crate::trouble::Trouble;

impl Link {
    /// Opens a link to `target`.
    ///
    /// # Errors
    /// A file of certificates cannot be used. A name that has no address is no error: it is looked
    /// up again with each probe.
    pub(crate) fn open(target: &Target, trust: &Trust, news: Herald) -> Result<Self, Trouble> {
        let mut places = target.places();
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
