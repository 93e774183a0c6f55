//! TCP: each probe opens a connection of its own, which is closed once it is established.

use std::sync::Arc;

use systole::ProbeError;
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::link::{Answer, Herald, Post, Request};
use super::place::Place;

pub(super) async fn run(place: Place, mut post: Post) {
    let place = Arc::new(place);
    let mut probes = JoinSet::new();
    loop {
        select! {
            request = post.requests.recv() => match request {
                Some(request) => drop(probes.spawn(probe(Arc::clone(&place), request, post.news.clone()))),
                None => return,
            },
            Some(_) = probes.join_next() => {}
        }
    }
}

async fn probe(place: Arc<Place>, Request { id, reply_window }: Request, news: Herald) {
    let asked = Instant::now();
    match timeout(reply_window, place.connect()).await {
        Ok(Ok((_, sent))) => {
            let at = Instant::now().into_std();
            news.settled_at(id, Ok(Answer::Fine), at, sent - asked);
        }
        Ok(Err(error)) => news.settled(id, Err(error.into())),
        Err(_) => news.settled(id, Err(ProbeError::Missed.into())),
    }
}
