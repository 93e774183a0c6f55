//! TCP: each probe opens a connection of its own, which is closed once it is established.

use std::sync::Arc;

use systole::ProbeError;
use tokio::time::{Instant, timeout};

use super::link::{Answer, Herald, Request};
use super::place::Place;

pub(super) async fn probe(place: Arc<Place>, request: Request, news: Herald) {
    let Request {
        id,
        asked,
        reply_window,
    } = request;
    match timeout(reply_window, place.connect()).await {
        Ok(Ok((_, sent))) => {
            let at = Instant::now().into_std();
            news.settled_at(id, Ok(Answer::Fine), at, sent - asked);
        }
        Ok(Err(miss)) => news.settled(id, Err(miss)),
        Err(_) => news.settled(id, Err(ProbeError::Missed.into())),
    }
}
