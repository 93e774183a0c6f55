//! The built-in demo peer: it sends real datagrams, and its script leads to every verdict.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::select;
use tokio::time::{Instant, sleep, sleep_until};

use super::link::Herald;
use crate::trouble::Trouble;

/// The behaviour of the peer from a moment on.
#[derive(Clone, Copy, Debug)]
struct Scene {
    from_ms: u64,
    says: &'static str,
    /// The shortest and the longest delay of a reply; `None` if the peer does not reply.
    delay_ms: Option<(u64, u64)>,
}

const fn scene(from_ms: u64, says: &'static str, delay_ms: Option<(u64, u64)>) -> Scene {
    Scene {
        from_ms,
        says,
        delay_ms,
    }
}

const SCRIPT: [Scene; 7] = [
    scene(0, "the peer is starting", None),
    scene(1_000, "it replies after 20 ms, steadily", Some((19, 21))),
    scene(
        6_000,
        "the path becomes unsteady: 20 to 120 ms",
        Some((20, 120)),
    ),
    scene(12_000, "a burst of loss", None),
    scene(
        12_800,
        "the burst is over, the path is steady",
        Some((19, 21)),
    ),
    scene(17_000, "the peer crashes", None),
    scene(22_000, "it is back", Some((19, 21))),
];

/// Starts the peer on `port` (0: any) of the loopback interface; returns its address.
pub(super) async fn start(port: u16, news: Herald) -> Result<SocketAddr, Trouble> {
    let taken = |error| Trouble::Port(port, error);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(taken)?;
    let address = socket.local_addr().map_err(taken)?;
    tokio::spawn(play(Arc::new(socket), address, news));
    Ok(address)
}

async fn play(socket: Arc<UdpSocket>, own: SocketAddr, news: Herald) {
    let born = Instant::now();
    let mut script = SCRIPT.into_iter().peekable();
    let (mut delay_ms, mut datagram) = (None, [0; 64]);
    loop {
        let next = script
            .peek()
            .map(|scene| born + Duration::from_millis(scene.from_ms));
        select! {
            biased;
            () = sleep_until(next.unwrap_or(born)), if next.is_some() => {
                let Some(scene) = script.next() else { continue };
                delay_ms = scene.delay_ms;
                if !news.scene(scene.says) {
                    return;
                }
            }
            received = socket.recv_from(&mut datagram) => {
                let (Ok((length, from)), Some(range)) = (received, delay_ms) else { continue };
                if !systole::wire::may_answer(from, own) {
                    continue;
                }
                let answer = datagram.iter().take(length).copied().collect();
                tokio::spawn(reply(Arc::clone(&socket), answer, from, range));
            }
        }
    }
}

async fn reply(socket: Arc<UdpSocket>, answer: Vec<u8>, to: SocketAddr, (min, max): (u64, u64)) {
    let span_us = (max - min) * 1_000;
    let jitter_us = RandomState::new().hash_one(&answer) % (span_us + 1);
    sleep(Duration::from_micros(min * 1_000 + jitter_us)).await;
    let _ = socket.send_to(&answer, to).await; // a lost reply is a case that the demo may show
}
