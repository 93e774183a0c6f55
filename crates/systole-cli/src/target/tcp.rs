//! TCP: each probe opens a connection of its own, which is closed once it is established.

use std::sync::Arc;

use systole::ProbeError;
use tokio::time::{Instant, timeout};

use super::descriptors;
use super::link::{Answer, Herald, Miss, Request};
use super::place::Place;

pub(super) async fn probe(place: Arc<Place>, request: Request, news: Herald) {
    let Request {
        id,
        asked,
        reply_window,
    } = request;
    let connecting = async {
        let permit = descriptors::permit().await.map_err(Miss::Unsent)?;
        let (stream, sent) = place.connect().await?;
        drop((stream, permit)); // in this order
        Ok::<_, Miss>(sent)
    };
    match timeout(reply_window, connecting).await {
        Ok(Ok(sent)) => {
            let at = Instant::now().into_std();
            news.settled_at(id, Ok(Answer::Fine), at, sent - asked);
        }
        Ok(Err(miss)) => news.settled(id, Err(miss)),
        Err(_) => news.settled(id, Err(ProbeError::Missed.into())),
    }
}
