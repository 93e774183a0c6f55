//! Beats at 20 ms over loopback, answered after 0 to 15 ms: a heart keeps its places, a sleep after each answer does not. Where the
//! machine stalls for longer than an interval, that place is left out, and all later ones are off by a whole one.
//!
//! `cargo run --release --features tokio --example schedule -- 10000` (500 beats unless said, which take 10 s)
#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core)] // a program with an operating system

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use systole::{Config, Retries};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep};

const INTERVAL: Duration = Duration::from_millis(20);
const SECOND: Duration = Duration::from_secs(1);

/// When beats were sent.
#[derive(Clone, Default)]
struct Sends(Arc<Mutex<Vec<Instant>>>);

impl Sends {
    fn note(&self) {
        let mut sends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sends.push(Instant::now());
    }

    /// How far from its place each beat was.
    fn off(&self) -> Vec<Duration> {
        let sends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(&first) = sends.first() else {
            return Vec::new();
        };
        let place = |beat| first + INTERVAL * beat;
        (0..)
            .zip(sends.iter())
            .map(|(beat, &at)| at.saturating_duration_since(place(beat)))
            .collect()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let beats = std::env::args()
        .nth(1)
        .map_or(Ok(500), |beats| beats.parse())?;
    let peer = peer().await?;
    let (ours, naive) = tokio::try_join!(heart(peer, beats), sleep_after_answer(peer, beats))?;
    println!("{beats} beats at {INTERVAL:?}, off their places by   median      p99     last");
    print("systole", &ours.off());
    print("sleep after each answer", &naive.off());
    Ok(())
}

fn print(name: &str, off: &[Duration]) {
    let mut sorted = off.to_vec();
    sorted.sort_unstable();
    let at =
        |share: usize| sorted.get((sorted.len() * share / 100).min(sorted.len().saturating_sub(1)));
    let ms = |span: Option<&Duration>| span.map_or(0.0, |span| span.as_secs_f64() * 1_000.0);
    let [median, p99, last] = [ms(at(50)), ms(at(99)), ms(off.last())];
    println!("{name:>42} {median:>6.1} ms {p99:>6.1} ms {last:>6.1} ms");
}

async fn heart(peer: SocketAddr, beats: u32) -> io::Result<Sends> {
    let sends = Sends::default();
    let config = Config::fixed(INTERVAL)
        .and_then(|config| config.jitter_percent(0))
        .and_then(|config| config.timeouts(SECOND, SECOND, SECOND))
        .and_then(|config| config.retries(Retries::NONE))
        .map_err(io::Error::other)?;
    let noted = sends.clone();
    let heart = systole::tokio::spawn(config.start_at_once(), move || {
        noted.note();
        ask(peer)
    });
    sleep(INTERVAL * beats).await;
    heart.stop().await;
    Ok(sends)
}

async fn sleep_after_answer(peer: SocketAddr, beats: u32) -> io::Result<Sends> {
    let sends = Sends::default();
    for _ in 0..beats {
        sends.note();
        ask(peer).await?;
        sleep(INTERVAL).await;
    }
    Ok(sends)
}

async fn ask(peer: SocketAddr) -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.send_to(&[1], peer).await?;
    socket.recv(&mut [0]).await.map(drop)
}

/// Answers after 0 to 15 ms.
async fn peer() -> io::Result<SocketAddr> {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
    let address = socket.local_addr();
    tokio::spawn(async move {
        let mut delay = Duration::ZERO;
        while let Ok((_, from)) = socket.recv_from(&mut [0]).await {
            delay = Duration::from_micros((u64::from(delay.subsec_micros()) + 7_919) % 15_001);
            let answering = Arc::clone(&socket);
            tokio::spawn(async move {
                sleep(delay).await;
                answering.send_to(&[1], from).await
            });
        }
    });
    address
}
