//! Opens links: chooses the task for each scheme.

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
            Scheme::Tcp => Self::start(news, |post| tcp::run(place, post)),
            Scheme::Udp => Self::start(news, |post| udp::run(place, post)),
            Scheme::Redis => Self::start(news, |post| kept::run(redis::Redis, place, post)),
            Scheme::Http | Scheme::Https => {
                let http = http::Http::new(target, trust)?;
                Self::start(news, |post| kept::run(http, place, post))
            }
            Scheme::Grpc | Scheme::Grpcs => {
                let grpc = grpc::Grpc::new(target, trust)?;
                Self::start(news, |post| kept::run(grpc, place, post))
            }
            Scheme::Postgres => {
                let postgres = postgres::Postgres::new(target)?;
                Self::start(news, |post| kept::run(postgres, place, post))
            }
        })
    }

    /// Opens a link to the built-in demo peer; returns the link and its name.
    pub(crate) async fn demo(port: u16, news: Herald) -> Result<(Self, String), Trouble> {
        let address = demo::start(port, news.clone()).await?;
        let place = Place::of(&address.ip().to_string(), address.port()).await?;
        let link = Self::start(news, |post| udp::run(place, post));
        Ok((link, format!("udp://{address} (played)")))
    }
}
