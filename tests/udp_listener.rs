//! Many senders on one socket: under tokio's paused clock on a simulated socket, and over loopback.
#![cfg(feature = "udp")]

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use systole::listener::{self, BeatOutcome};
use systole::task::DatagramSocket;
use systole::task::udp_listener::{Gate, Keyed, Plain, UdpListener};
use systole::wire::{self, WireError};
use systole::{Beat, Event, EventKind, Instant, Verdict, fleet::PeerEvent};
use tokio::time::{sleep, timeout};
use tokio_stream::StreamExt;

const SECOND: Duration = Duration::from_secs(1);
const RECIPIENT: u64 = 9;

/// SipHash-2-4 with 128 bits of output.
#[derive(Clone, Copy)]
struct Key(u64);

impl wire::Mac for Key {
    fn tag(&self, message: &[u8; wire::SIGNED]) -> [u8; 16] {
        let hasher = siphasher::sip128::SipHasher24::new_with_keys(self.0, 0);
        hasher.hash(message).as_bytes()
    }
}

fn keyed() -> impl Gate {
    Keyed::new(RECIPIENT, |id| (id < 1_000_000).then_some(Key(id)))
}

fn authenticated() -> listener::Config {
    let builder = listener::Config::builder().detect_within(4 * SECOND);
    builder.authenticated().build().unwrap()
}

fn plain() -> listener::Config {
    let builder = listener::Config::builder().detect_within(4 * SECOND);
    builder.build().unwrap()
}

fn beat(id: u64, sequence: u32) -> Beat {
    Beat::new(sequence, SECOND).with_id(id).with_incarnation(7)
}

fn sealed(id: u64, sequence: u32) -> Vec<u8> {
    wire::seal(&beat(id, sequence), RECIPIENT, &Key(id)).to_vec()
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

/// A socket whose receive buffer the test fills.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Buffer>>);

#[derive(Default)]
struct Buffer {
    datagrams: VecDeque<(Vec<u8>, SocketAddr, u32)>,
    /// How many were dropped, of what arrived so far and of what was read.
    drops: u32,
    read_drops: u32,
    reader: Option<Waker>,
}

impl Wire {
    fn arrive(&self, datagram: Vec<u8>, from: SocketAddr) {
        let mut buffer = self.0.lock().unwrap();
        let drops = buffer.drops;
        buffer.datagrams.push_back((datagram, from, drops));
        if let Some(reader) = buffer.reader.take() {
            reader.wake();
        }
    }

    /// Sends the heartbeat `sequence` of all senders of `ids`.
    fn round(&self, ids: impl IntoIterator<Item = u64>, sequence: u32) {
        for id in ids {
            self.arrive(sealed(id, sequence), address(1));
        }
    }

    fn drop_one(&self) {
        self.0.lock().unwrap().drops += 1;
    }
}

impl DatagramSocket for Wire {
    fn try_send(&mut self, _: &[u8], _: SocketAddr) -> io::Result<()> {
        panic!("a listener sends nothing");
    }

    fn try_receive(&mut self, bytes: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let mut buffer = self.0.lock().unwrap();
        let next = buffer.datagrams.pop_front();
        let (datagram, from, drops) = next.ok_or(io::ErrorKind::WouldBlock)?;
        buffer.read_drops = drops;
        let length = datagram.len().min(bytes.len());
        bytes[..length].copy_from_slice(&datagram[..length]);
        Ok((length, from))
    }

    fn receive_drops(&self) -> u32 {
        self.0.lock().unwrap().read_drops
    }

    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffer = self.0.lock().unwrap();
        if !buffer.datagrams.is_empty() {
            return Poll::Ready(Ok(()));
        }
        buffer.reader = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Returns a listener to the senders of `ids`, each heard once.
async fn with_live(ids: impl Iterator<Item = u64> + Clone) -> (Wire, UdpListener<impl Gate>) {
    let wire = Wire::default();
    let builder = UdpListener::builder(authenticated()).admit_up_to(10_000);
    let mut listener = builder.spawn_on(keyed(), wire.clone()).unwrap();
    wire.round(ids.clone(), 0);
    for _ in ids {
        listener.next().await.unwrap();
    }
    (wire, listener)
}

/// Returns the last verdict that was told of each sender, of all events that wait.
async fn told<G: Gate>(listener: &mut UdpListener<G>) -> HashMap<u64, Verdict> {
    let mut told = HashMap::new();
    while let Ok(Some(event)) = timeout(Duration::from_millis(1), listener.next()).await {
        told.extend(change(event));
    }
    told
}

fn change(event: Event<PeerEvent<u64>>) -> Option<(u64, Verdict)> {
    match event.kind.kind {
        EventKind::Transition(change) => Some((event.kind.peer?, change.to)),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn the_living_are_told_from_the_dead_and_from_those_that_left() {
    let (wire, mut listener) = with_live(1..=3).await;
    listener.add(4, Some(SECOND)).unwrap(); // never comes
    let goodbye = beat(2, 1).with_exit_status(3);
    wire.arrive(
        wire::seal(&goodbye, RECIPIENT, &Key(2)).to_vec(),
        address(1),
    );
    for sequence in 1..10 {
        sleep(SECOND).await;
        wire.round([1], sequence);
    }
    let told = told(&mut listener).await;
    assert_eq!(told.get(&1), None);
    assert_eq!(told[&2], Verdict::Left);
    assert_eq!((told[&3], told[&4]), (Verdict::Dead, Verdict::Dead));
    assert_eq!(listener.verdict(1), Some(Verdict::Alive));
    assert_eq!(listener.worst(9).len(), 2);
    listener.stop().await;
}

#[tokio::test(start_paused = true)]
async fn heartbeats_that_the_socket_dropped_are_no_silence() {
    let (wire, mut listener) = with_live(1..=100).await;
    for sequence in 1..60 {
        sleep(SECOND).await;
        if sequence % 7 == 0 {
            wire.round(1..=100, sequence);
        } else {
            wire.drop_one(); // and with it all others
            wire.round([1], sequence);
        }
    }
    assert_eq!(told(&mut listener).await, HashMap::new());
    assert_eq!(listener.census().alive, 100);
    assert!(listener.counters().dropped > 40);
}

/// The clock jumps, as after SIGSTOP and SIGCONT; only the newest heartbeats wait.
#[tokio::test(start_paused = true)]
async fn a_task_that_was_stopped_for_half_a_minute_calls_nobody_dead() {
    let (wire, mut listener) = with_live(1..=5_000).await;
    tokio::time::advance(30 * SECOND).await;
    wire.round(1..=5_000, 30);
    sleep(Duration::from_millis(100)).await;
    let told = told(&mut listener).await;
    assert!(!told.values().any(|&verdict| verdict == Verdict::Dead));
    assert_eq!(listener.census().alive, 5_000);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_sleeps_loses_no_verdict() {
    let (wire, mut listener) = with_live(1..=3_000).await;
    for sequence in 1..40 {
        sleep(SECOND).await;
        let (odd, all) = ((1..=2_999).step_by(2), 1..=3_000);
        if (10..20).contains(&sequence) {
            wire.round(odd, sequence);
        } else if sequence != 35 {
            wire.round(all, sequence);
        }
    }
    sleep(SECOND * 8).await; // all are dead
    wire.round(1..=2_000, 48);
    sleep(SECOND / 10).await;
    let told = told(&mut listener).await;
    let expected = |id| {
        if id <= 2_000 {
            Verdict::Alive
        } else {
            Verdict::Dead
        }
    };
    assert_eq!(told, (1..=3_000).map(|id| (id, expected(id))).collect());
    assert!(listener.counters().coalesced > 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_forged_replayed_truncated_or_misdirected_changes_no_verdict() {
    let (wire, mut listener) = with_live(1..=50).await;
    let old = sealed(1, 1);
    for sequence in 1..20 {
        sleep(SECOND).await;
        wire.round(2..=50, sequence); // 1 is dead after a while
        for id in 1..=50 {
            let forged = wire::seal(&beat(id, 99).goodbye(), RECIPIENT, &Key(id + 1));
            wire.arrive(forged.to_vec(), address(2));
            let misdirected = wire::seal(&beat(id, 98), RECIPIENT + 1, &Key(id));
            wire.arrive(misdirected.to_vec(), address(2));
            wire.arrive(wire::encode(&beat(id, 97).goodbye()).to_vec(), address(2));
            wire.arrive(sealed(id, 96)[..39].to_vec(), address(2));
            wire.arrive(sealed(2_000_000, 0), address(2)); // has no key
            wire.arrive(old[..].to_vec(), address(2));
        }
    }
    let told = told(&mut listener).await;
    assert_eq!(told, HashMap::from([(1, Verdict::Dead)]));
    assert_eq!(listener.census().alive, 49);
    let counters = listener.counters();
    assert!(counters.forged >= 3 * 50 * 18 && counters.malformed >= 50 * 18);
}

/// Counts what was handled, for a key that everybody has.
#[derive(Default)]
struct Both {
    authentic: u32,
    plain: u32,
    unknown: u32,
}

impl Gate for Both {
    fn open(&mut self, datagram: &[u8], from: SocketAddr) -> Result<Beat, WireError> {
        let opened = wire::open(datagram, RECIPIENT, &Key(1));
        opened.or_else(|_| Plain.open(datagram, from))
    }

    fn handled(&mut self, beat: &Beat, _: SocketAddr, outcome: Option<BeatOutcome>, _: Instant) {
        if beat.is_authentic() {
            self.authentic += 1;
        } else {
            self.plain += 1;
        }
        self.unknown += u32::from(outcome.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_an_address_does_not_touch_authentic_heartbeats() {
    let wire = Wire::default();
    let builder = UdpListener::builder(plain()).admit_up_to(10).rate_limit(5);
    let listener = builder.spawn_on(Both::default(), wire.clone()).unwrap();
    for sequence in 0..100 {
        wire.arrive(
            wire::seal(&beat(1, sequence), RECIPIENT, &Key(1)).to_vec(),
            address(1),
        );
        wire.arrive(wire::encode(&beat(2, sequence)).to_vec(), address(1));
    }
    sleep(SECOND / 100).await;
    listener.with(|_, gate, _| assert_eq!((gate.authentic, gate.plain), (100, 5)));
    assert_eq!(listener.counters().limited, 95);
}

#[tokio::test(start_paused = true)]
async fn unknown_senders_are_admitted_up_to_the_limit() {
    let wire = Wire::default();
    let builder = UdpListener::builder(plain()).admit_up_to(10);
    let listener = builder.spawn_on(Both::default(), wire.clone()).unwrap();
    for id in 1..=1_000 {
        wire.arrive(wire::encode(&beat(id, 0)).to_vec(), address(1));
    }
    sleep(SECOND / 100).await;
    assert_eq!(listener.census().alive, 10);
    listener.with(|_, gate, _| assert_eq!(gate.unknown, 990));
    assert!(listener.remove(1) && !listener.remove(1));
    wire.arrive(wire::encode(&beat(990, 1)).to_vec(), address(1));
    sleep(SECOND / 100).await;
    assert_eq!(listener.verdict(990), Some(Verdict::Alive));
}

#[tokio::test(start_paused = true)]
async fn senders_known_from_before_are_dead_only_after_a_bound_and_no_replay_revives_them() {
    let wire = Wire::default();
    let builder = UdpListener::builder(authenticated());
    let mut listener = builder.spawn_on(keyed(), wire.clone()).unwrap();
    listener.restore(&beat(1, 40), Verdict::Alive).unwrap();
    listener.restore(&beat(2, 40), Verdict::Dead).unwrap();
    for sequence in 0..=40 {
        wire.round([2], sequence); // replayed
    }
    sleep(3 * SECOND).await;
    assert_eq!(
        told(&mut listener).await,
        HashMap::from([(1, Verdict::Suspect)])
    );
    wire.round([1], 47);
    assert_eq!(
        told(&mut listener).await,
        HashMap::from([(1, Verdict::Alive)])
    );
    wire.round([2], 41);
    assert_eq!(
        told(&mut listener).await,
        HashMap::from([(2, Verdict::Alive)])
    );
}

/// A gate with a fault ends the events instead of leaving the reader waiting.
#[tokio::test(start_paused = true)]
async fn a_gate_that_panics_ends_the_stream() {
    struct Faulty;
    impl Gate for Faulty {
        fn open(&mut self, _: &[u8], _: SocketAddr) -> Result<Beat, WireError> {
            panic!("the gate's");
        }
    }
    let wire = Wire::default();
    let builder = UdpListener::builder(plain());
    let mut listener = builder.spawn_on(Faulty, wire.clone()).unwrap();
    wire.arrive(vec![0], address(1));
    assert_eq!(listener.next().await, None);
    listener.stop().await;
}

/// On real sockets and the real clock: a flood beside live senders, all of one process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_loopback_a_flood_harms_no_live_sender() {
    const EVERY: Duration = Duration::from_millis(100);
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = socket.local_addr().unwrap();
    let config = listener::Config::builder().detect_within(2 * SECOND);
    let config = config.authenticated().build().unwrap();
    let builder = UdpListener::builder(config).admit_up_to(1_000);
    let mut listener = builder.spawn(keyed(), socket).unwrap();
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let has_stopped =
        |stop: &std::sync::atomic::AtomicBool| stop.load(std::sync::atomic::Ordering::Relaxed);
    let until = Arc::clone(&stop);
    let flood = std::thread::spawn(move || {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let forged = wire::seal(&beat(5, 9).goodbye(), RECIPIENT, &Key(0));
        let mut sent = 0_u64;
        while !has_stopped(&until) {
            sent += u64::from(socket.send_to(&forged, to).is_ok());
            std::thread::sleep(Duration::from_micros(20)); // two cores are shared with other tests
        }
        sent
    });
    let sender = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for sequence in 0..40 {
        for id in 1..=100 {
            let beat = Beat::new(sequence, EVERY).with_id(id);
            let datagram = wire::seal(&beat, RECIPIENT, &Key(id));
            sender.send_to(&datagram, to).await.unwrap();
        }
        sleep(EVERY).await;
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let sent = flood.join().unwrap();
    assert_eq!(listener.census().alive + listener.census().suspect, 100);
    let told = told(&mut listener).await;
    assert!(!told.values().any(|&verdict| verdict == Verdict::Dead));
    let counters = listener.counters();
    println!("{sent} forged datagrams were sent, {counters:?}");
    assert!(counters.forged > 0);
    listener.stop().await;
}

#[tokio::test(start_paused = true)]
async fn secrets_are_in_no_debug_output() {
    let (_wire, listener) = with_live(1..=1).await;
    let gate = Keyed::new(RECIPIENT, |_| Some(Key(6_210_279)));
    let text = format!("{listener:?} {gate:?} {Plain:?}");
    assert!(!text.contains("6210279"), "{text}");
}
