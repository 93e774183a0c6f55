//! Opens links: chooses how each scheme probes.

use std::sync::Arc;

use super::link::{Herald, Link};
use super::place::Place;
use super::tls::Trust;
use super::{Scheme, Target, demo, grpc, http, kept, postgres, redis, tcp, udp};
use crate::trouble::Trouble;

impl Link {
    /// Opens a link to `target`.
    pub(crate) async fn open(
        target: &Target,
        trust: &Trust,
        news: Herald,
    ) -> Result<Self, Trouble> {
        let place = Place::of(&target.host, target.port).await?;
        Ok(match target.scheme {
            Scheme::Tcp => {
                let place = Arc::new(place);
                Self::of_tasks(news, move |request, news| {
                    tcp::probe(Arc::clone(&place), request, news)
                })
            }
            Scheme::Udp => Self::of_socket(news, |post| udp::run(place, post)),
            Scheme::Redis => kept::link(redis::Redis, place, news),
            Scheme::Http | Scheme::Https => {
                kept::link(http::Http::new(target, trust)?, place, news)
            }
            Scheme::Grpc | Scheme::Grpcs => {
                kept::link(grpc::Grpc::new(target, trust)?, place, news)
            }
            Scheme::Postgres => kept::link(postgres::Postgres::new(target)?, place, news),
        })
    }

    /// Opens a link to the built-in demo peer; returns the link and its name.
    pub(crate) async fn demo(port: u16, news: Herald) -> Result<(Self, String), Trouble> {
        let address = demo::start(port, news.clone()).await?;
        let place = Place::of(&address.ip().to_string(), address.port()).await?;
        let link = Self::of_socket(news, |post| udp::run(place, post));
        Ok((link, format!("udp://{address} (played)")))
    }
}
