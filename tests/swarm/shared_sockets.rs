//! What ten thousand hearts cost against a UDP echo, on a few shared sockets.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use systole::Verdict;
use systole::task::Heart;
use tokio::sync::oneshot;

use systole_testkit::deep;

use crate::{PEERS, SECOND, count};

const SOCKETS: usize = 8;

/// Answers every datagram, on a thread of its own, until the process ends.
fn echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut datagram = [0; 8];
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            let _ = socket.send_to(&datagram[..length], from);
        }
    });
    address
}

/// A socket that many hearts share: each probe has a number, which the echo carries back.
struct Shared {
    socket: tokio::net::UdpSocket,
    waiting: Mutex<HashMap<u64, oneshot::Sender<()>>>,
    number: AtomicU64,
}

impl Shared {
    async fn connect(to: SocketAddr) -> Arc<Self> {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(to).await.unwrap();
        let shared = Arc::new(Self {
            socket,
            waiting: Mutex::default(),
            number: AtomicU64::new(0),
        });
        tokio::spawn(shared.clone().receive());
        shared
    }

    async fn receive(self: Arc<Self>) {
        let mut datagram = [0; 8];
        while self.socket.recv(&mut datagram).await.is_ok() {
            let number = u64::from_be_bytes(datagram);
            if let Some(waiting) = self.waiting.lock().unwrap().remove(&number) {
                let _ = waiting.send(());
            }
        }
    }

    async fn ping(self: Arc<Self>) -> io::Result<()> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let (sender, answered) = oneshot::channel();
        self.waiting.lock().unwrap().insert(number, sender);
        self.socket.send(&number.to_be_bytes()).await?;
        answered.await.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// What this thread has spent of its core.
fn spent() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = stat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

#[tokio::test]
async fn ten_thousand_hearts_take_less_than_a_tenth_of_a_core() {
    if !deep::asked_for("no hearts on real sockets") || spent().is_none() {
        return;
    }
    let echo = echo();
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        sockets.push(Shared::connect(echo).await);
    }
    let config = systole::Config::every(5 * SECOND).build().unwrap();
    let start = |which: usize| {
        let socket = sockets[which % SOCKETS].clone();
        systole::task::spawn(config, move || socket.clone().ping())
    };
    let hearts: Vec<Heart> = (0..PEERS).map(start).collect();
    tokio::time::sleep(10 * SECOND).await;
    let (before, began) = (spent().unwrap(), Instant::now());
    tokio::time::sleep(30 * SECOND).await;
    let share =
        spent().unwrap().saturating_sub(before).as_secs_f64() / began.elapsed().as_secs_f64();
    println!("{PEERS} hearts take {:.1} % of a core", 100.0 * share);
    assert_eq!(count(&hearts, Verdict::Alive), PEERS);
    assert!(share < 0.1, "{share}");
    let asked = Instant::now();
    let stops: Vec<_> = hearts
        .into_iter()
        .map(|heart| tokio::spawn(heart.stop()))
        .collect();
    for stop in stops {
        stop.await.unwrap();
    }
    println!("and stop within {:?}", asked.elapsed());
    assert!(asked.elapsed() < SECOND, "{:?}", asked.elapsed());
}
