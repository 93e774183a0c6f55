//! A fleet on a real socket, with an echo service in another thread, and in another process.
#![cfg(all(feature = "udp", target_os = "linux"))]

use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use systole_testkit::deep;

use systole::task::UdpFleet;
use systole::{
    Config, Event, EventKind, Verdict,
    fleet::{self, PeerKey},
};
use tokio_stream::StreamExt;

const MS: Duration = Duration::from_millis(1);
/// On the command line of the child that echoes.
const ECHO: &str = "SYSTOLE_TEST_ECHO";

fn echo(socket: &UdpSocket) {
    let mut datagram = [0; 64];
    while let Ok((length, from)) = socket.recv_from(&mut datagram) {
        let _ = socket.send_to(&datagram[..length], from);
    }
}

/// An echo service in a thread of its own.
fn echo_thread() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || echo(&socket));
    address
}

async fn fleet(config: Config) -> UdpFleet {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    UdpFleet::spawn(config, socket).unwrap()
}

async fn until(fleet: &mut UdpFleet, peer: PeerKey, verdict: Verdict) {
    let wanted = |told: Event<fleet::PeerEvent>| match told.kind.kind {
        EventKind::Transition(change) => told.kind.peer == Some(peer) && change.to == verdict,
        _ => false,
    };
    while !wanted(fleet.next().await.unwrap()) {}
}

#[tokio::test(flavor = "current_thread")]
async fn the_living_are_told_from_the_dead() {
    let config = Config::every(50 * MS)
        .detect_within(400 * MS)
        .build()
        .unwrap();
    let mut fleet = fleet(config).await;
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (alive, dead) = (
        fleet.add(echo_thread()),
        fleet.add(silent.local_addr().unwrap()),
    );
    until(&mut fleet, alive, Verdict::Alive).await;
    until(&mut fleet, dead, Verdict::Dead).await;
    let worst: Vec<_> = fleet.worst(5).iter().map(|status| status.peer).collect();
    assert_eq!(
        (worst, fleet.verdict(alive)),
        (vec![dead], Some(Verdict::Alive))
    );
    assert_eq!(fleet.address(dead), silent.local_addr().ok());
    assert!(fleet.remove(dead));
    assert_eq!((fleet.census().peers(), fleet.address(dead)), (1, None));
    fleet.stop().await;
}

/// Whether the socket is writable is known only after a turn of the runtime.
#[tokio::test(flavor = "current_thread")]
async fn the_first_probes_are_sent() {
    let config = Config::every(50 * MS)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut fleet = fleet(config).await;
    let peer = fleet.add(echo_thread());
    until(&mut fleet, peer, Verdict::Alive).await;
    let counters = fleet.counters();
    assert_eq!((counters.probes, counters.unsent), (1, 0), "{counters:?}");
}

/// Who knows a probe and is not whom it was sent to proves nothing.
#[tokio::test(flavor = "current_thread")]
async fn a_reply_from_elsewhere_is_none() {
    let config = Config::every(50 * MS)
        .detect_within(400 * MS)
        .build()
        .unwrap();
    let mut fleet = fleet(config).await;
    let (asked, other) = (
        UdpSocket::bind("127.0.0.1:0").unwrap(),
        UdpSocket::bind("127.0.0.1:0").unwrap(),
    );
    let peer = fleet.add(asked.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut datagram = [0; 64];
        while let Ok((length, from)) = asked.recv_from(&mut datagram) {
            let _ = other.send_to(&datagram[..length], from);
        }
    });
    until(&mut fleet, peer, Verdict::Dead).await;
    assert_eq!(fleet.counters().answered, 0);
}

/// More answers at once than the socket's buffer holds: what is lost is our fault.
#[tokio::test(flavor = "current_thread")]
async fn an_overflow_of_our_buffer_is_no_death() {
    let config = Config::every(500 * MS)
        .detect_within(5_000 * MS)
        .without_initial_delay()
        .build()
        .unwrap();
    let fleet = fleet(config).await;
    let address = echo_thread();
    let peers = 2_000;
    for _ in 0..peers {
        fleet.add(address);
    }
    for _ in 0..3 {
        tokio::time::sleep(300 * MS).await;
        std::thread::sleep(300 * MS); // the task cannot run
    }
    let patience = Instant::now();
    while fleet.census().alive < peers && patience.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(10 * MS).await;
    }
    let counters = fleet.counters();
    assert_eq!(fleet.census().alive, peers, "{counters:?}");
    assert_eq!(
        (fleet.census().dead, counters.refuted),
        (0, 0),
        "{counters:?}"
    );
    println!("{} overflows", counters.overflows);
}

/// Another process that echoes until its input ends. It is this very program, told so by its environment.
struct Echo(Child, SocketAddr);

impl Echo {
    fn start() -> Self {
        let reserved = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = reserved.local_addr().unwrap();
        drop(reserved);
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_echo_of_the_load", "--nocapture"])
            .env(ECHO, address.to_string())
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap(), address)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_echo_of_the_load() {
    if let Ok(address) = std::env::var(ECHO) {
        echo(&UdpSocket::bind(address).unwrap());
    }
}

/// 50,000 probes a second to an echo in another process, for ten minutes; 1,000 a second for three seconds where the slow proofs are not asked for.
#[tokio::test(flavor = "current_thread")]
async fn under_load_nobody_is_called_dead() {
    let deep = deep::asked_for("1,000 probes a second for 3 s");
    let (peers, span) = if deep { (50_000, 600) } else { (1_000, 3) };
    let config = Config::every(1_000 * MS).gain_percent(0).build().unwrap();
    let fleet = fleet(config).await;
    let echo = Echo::start();
    for _ in 0..peers {
        fleet.add(echo.1);
    }
    tokio::time::sleep(Duration::from_secs(span)).await;
    let (census, counters, late) = (fleet.census(), fleet.counters(), fleet.lateness());
    println!(
        "{counters:?}, 99 % of the probes at most {:?} late, all {:?}",
        late.quantile(0.99),
        late.quantile(1.0)
    );
    assert_eq!(
        (census.dead, counters.refuted, counters.recovered),
        (0, 0, 0),
        "{counters:?}"
    );
    assert!(counters.probes >= peers * (span - 1), "{counters:?}");
    if deep {
        assert!(late.quantile(0.99) < 3 * MS, "{:?}", late.quantile(0.99));
    }
}
