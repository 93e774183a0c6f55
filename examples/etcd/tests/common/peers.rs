//! Peers that echo datagrams and note when they were last asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::AbortHandle;
use tokio::time::Instant;

pub struct EchoPeer {
    pub name: String,
    pub address: String,
    asked: Arc<Mutex<Asked>>,
    /// Gone with its socket once it is killed.
    task: AbortHandle,
}

#[derive(Default)]
struct Asked {
    last: Option<Instant>,
    longest: Duration,
}

impl EchoPeer {
    pub async fn start(name: String) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let asked = Arc::<Mutex<Asked>>::default();
        let task = tokio::spawn(echo(socket, asked.clone())).abort_handle();
        Self {
            name,
            address,
            asked,
            task,
        }
    }

    pub fn kill(&self) {
        self.task.abort();
    }

    pub fn is_asked(&self) -> bool {
        self.asked.lock().unwrap().last.is_some()
    }

    /// The longest time that nobody asked it since this was called last.
    pub fn take_longest_gap(&self) -> Duration {
        let mut asked = self.asked.lock().unwrap();
        asked.hear();
        std::mem::take(&mut asked.longest)
    }
}

impl Asked {
    fn hear(&mut self) {
        let now = Instant::now();
        let gap = self
            .last
            .replace(now)
            .map_or(Duration::ZERO, |last| now - last);
        self.longest = self.longest.max(gap);
    }
}

async fn echo(socket: UdpSocket, asked: Arc<Mutex<Asked>>) {
    let mut datagram = [0; 16];
    while let Ok((length, from)) = socket.recv_from(&mut datagram).await {
        asked.lock().unwrap().hear();
        let _ = socket.send_to(&datagram[..length], from).await; // it may have given up
    }
}
