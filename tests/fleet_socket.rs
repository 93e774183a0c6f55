//! A fleet on a simulated socket, under the paused clock of tokio.
#![cfg(feature = "udp")]

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use systole::task::{DatagramSocket, UdpFleet};
use systole::{Config, EventKind, Verdict};
use tokio::time::{Instant, Sleep};
use tokio_stream::StreamExt;

const MS: Duration = Duration::from_millis(1);
const RTT: Duration = Duration::from_millis(20);

/// A network on which every peer answers after the same time, while it is up.
#[derive(Default)]
struct Network {
    replies: VecDeque<(Instant, Vec<u8>, SocketAddr)>,
    is_down: bool,
    drops: u32,
    error: Option<io::ErrorKind>,
    reader: Option<Waker>,
}

#[derive(Clone, Default)]
struct Link(Arc<Mutex<Network>>);

struct Socket {
    link: Link,
    timer: Pin<Box<Sleep>>,
}

impl Link {
    fn socket(&self) -> Socket {
        Socket {
            link: self.clone(),
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Network)) {
        change(&mut self.0.lock().unwrap());
    }
}

impl DatagramSocket for Socket {
    fn try_send(&mut self, payload: &[u8], to: SocketAddr) -> io::Result<()> {
        let mut network = self.link.0.lock().unwrap();
        if let Some(error) = network.error {
            return Err(error.into());
        }
        if !network.is_down {
            let at = Instant::now() + RTT;
            network.replies.push_back((at, payload.to_vec(), to));
            if let Some(reader) = network.reader.take() {
                reader.wake();
            }
        }
        Ok(())
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let mut network = self.link.0.lock().unwrap();
        let has_come = |(at, ..): &(Instant, _, _)| *at <= Instant::now();
        if !network.replies.front().is_some_and(has_come) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let (_, payload, from) = network.replies.pop_front().unwrap();
        buffer
            .get_mut(..payload.len())
            .unwrap()
            .copy_from_slice(&payload);
        Ok((payload.len(), from))
    }

    fn receive_drops(&self) -> u32 {
        self.link.0.lock().unwrap().drops
    }

    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { link, timer } = self;
        let mut network = link.0.lock().unwrap();
        network.reader = Some(context.waker().clone());
        let Some(&(at, ..)) = network.replies.front() else {
            return Poll::Pending;
        };
        timer.as_mut().reset(at);
        timer.as_mut().poll(context).map(Ok)
    }
}

fn config() -> Config {
    Config::every(500 * MS)
        .seed(7)
        .detect_within(2_000 * MS)
        .build()
        .unwrap()
}

fn address(peer: u16) -> SocketAddr {
    ([192, 0, 2, 1], peer).into()
}

#[tokio::test(start_paused = true)]
async fn a_fleet_needs_no_real_socket_and_no_real_time() {
    let link = Link::default();
    let mut fleet = UdpFleet::spawn_on(config(), link.socket()).unwrap();
    for peer in 1..=50 {
        fleet.add(address(peer));
    }
    tokio::time::sleep(20_000 * MS).await;
    assert_eq!((fleet.census().alive, fleet.counters().lost), (50, 0));
    link.change(|network| network.is_down = true);
    let crash = Instant::now();
    let mut dead = 0;
    while dead < 50 {
        match fleet.next().await.unwrap().kind.kind {
            EventKind::Transition(change) if change.to == Verdict::Dead => dead += 1,
            _ => {}
        }
    }
    assert!(crash.elapsed() <= 2_020 * MS, "{:?}", crash.elapsed());
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_socket_dropped_is_an_overflow_of_the_fleet() {
    let link = Link::default();
    let fleet = UdpFleet::spawn_on(config(), link.socket()).unwrap();
    fleet.add(address(1));
    tokio::time::sleep(5_000 * MS).await;
    assert_eq!(fleet.counters().overflows, 0);
    link.change(|network| network.drops = u32::MAX); // it wraps around next
    tokio::time::sleep(5_000 * MS).await;
    assert_eq!(fleet.counters().overflows, 1);
    link.change(|network| network.drops = 0);
    tokio::time::sleep(5_000 * MS).await;
    assert_eq!(fleet.counters().overflows, 2);
    assert_eq!(fleet.census().alive, 1);
}

/// A socket that is always readable, and fails whenever it is read.
struct Broken;

impl DatagramSocket for Broken {
    fn try_send(&mut self, _: &[u8], _: SocketAddr) -> io::Result<()> {
        Ok(())
    }

    fn try_receive(&mut self, _: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    fn poll_readable(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_socket_that_always_fails_leaves_other_tasks_their_turn() {
    let fleet = UdpFleet::spawn_on(config(), Broken).unwrap();
    fleet.add(address(1));
    tokio::time::sleep(50 * MS).await;
    fleet.stop().await;
}
