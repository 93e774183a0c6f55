//! A path through this process that can be cut and slowed down.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Everything passes at once.
    Open,
    /// Nothing arrives before it is open again.
    Hole,
    /// Every reply takes this much longer.
    Slow(Duration),
}

/// Hands on what comes in for one server.
pub struct Proxy {
    /// Where clients connect.
    pub port: u16,
    path: watch::Sender<Path>,
    task: AbortHandle,
}

impl Proxy {
    /// Listens for the clients of the server on this port.
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (path, seen) = watch::channel(Path::Open);
        let task = tokio::spawn(serve(listener, server, seen)).abort_handle();
        Self { port, path, task }
    }

    /// Changes the path from now on.
    pub fn set(&self, path: Path) {
        self.path.send_replace(path);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, server: u16, path: watch::Receiver<Path>) {
    while let Ok((client, _)) = listener.accept().await {
        let path = path.clone();
        tokio::spawn(async move {
            let server = TcpStream::connect(("127.0.0.1", server)).await?;
            let ((from, back), (reply, to)) = (client.into_split(), server.into_split());
            tokio::select! {
                ended = pass(from, to, path.clone(), false) => ended,
                ended = pass(reply, back, path, true) => ended,
            }
        });
    }
}

/// Hands on what comes, later or never where the path is so; the way there is never slow.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut path: watch::Receiver<Path>,
    is_way_back: bool,
) -> io::Result<()> {
    let mut chunk = [0; 512];
    loop {
        let length = from.read(&mut chunk).await?;
        if length == 0 {
            return Ok(());
        }
        let now = *path.borrow();
        if let (Path::Slow(by), true) = (now, is_way_back) {
            sleep(by).await;
        }
        let _ = path.wait_for(|path| *path != Path::Hole).await;
        to.write_all(&chunk[..length]).await?;
    }
}
