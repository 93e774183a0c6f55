//! A probe is a connection of its own, which is closed once it stands.

use std::net::SocketAddr;
use std::sync::Arc;

use systole::Fault;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Post, Request};

pub(super) async fn run(addresses: Arc<[SocketAddr]>, mut post: Post) {
    while let Some(Request { id, patience }) = post.requests.recv().await {
        let (addresses, news) = (Arc::clone(&addresses), post.news.clone());
        tokio::spawn(async move {
            let result = match timeout(patience, TcpStream::connect(&*addresses)).await {
                Ok(connected) => connected.map(drop).map_err(Fault::from),
                Err(_) => Err(Fault::Missed),
            };
            news.settled(id, result);
        });
    }
}
